"""What LangChain would look up for a question to a model: found by asking a copy of the model, whose cache takes it down and stops.

How LangChain writes a question is its own affair and changes with its versions. So it is asked, through nothing but its public
door: the look-up is the first thing that a call does, and no model is reached.
"""

from typing import Any, Final, NoReturn

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.language_models import BaseLanguageModel
from langchain_core.runnables import RunnableBinding

from llmcache.errors import UsageError


def question_of(model: Any, asked: Any) -> tuple[str, str]:
    """Return the prompt and the `llm_string` that LangChain would look up for `model.invoke(asked)`.

    Args:
        model: A chat or text model, or one with bound arguments, as `bind_tools` returns.
        asked: What `invoke` takes.

    Raises:
        UsageError: It is no such model.
    """
    try:
        _with_cache(model, _Stopping()).invoke(asked, config={"callbacks": []})
    except _Stopped as stopped:
        return stopped.prompt, stopped.llm_string
    raise UsageError(f"{type(model).__name__} looked nothing up, so that no answer of it is ever kept")


def _with_cache(model: Any, cache: BaseCache) -> Any:
    """Return a copy of the model that looks up in `cache`."""
    if isinstance(model, BaseLanguageModel):
        return model.model_copy(update={"cache": cache})
    if isinstance(model, RunnableBinding):
        return model.model_copy(update={"bound": _with_cache(model.bound, cache)})
    raise UsageError(f"the model is a LangChain model, or one with bound arguments; found {type(model).__name__}")


class _Stopped(BaseException):
    """Carries the question out of the call; no `Exception`, so that no fallback and no retry takes it for a failure."""

    def __init__(self, prompt: str, llm_string: str) -> None:
        super().__init__()
        self.prompt = prompt
        self.llm_string = llm_string


_NEVER: Final = "the call ends with its look-up"


class _Stopping(BaseCache):
    """Ends the call that looks up."""

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        raise _Stopped(prompt, llm_string)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> NoReturn:
        raise AssertionError(_NEVER)

    def clear(self, **kwargs: Any) -> NoReturn:
        raise AssertionError(_NEVER)
