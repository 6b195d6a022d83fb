"""Models that answer when everybody has asked, and a program that asks them: `python -m tests.langchain.crowding`.

It needs nothing but LangChain, so that it also runs under the oldest that we support.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LLM
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from pydantic import PrivateAttr

from llmcache_langchain import LLMCache
from tests.langchain.models import FakeModel


def missed(model: FakeModel | LLM) -> int:
    """How many look-ups for a model found nothing, those included that a loaded machine made too slow."""
    assert isinstance(model.cache, LLMCache)
    return model.cache.stats().misses + model.cache.stats().store_failed


class SlowModel(FakeModel):
    """A chat model that answers when `waiting` others have missed, or as soon as it is told to."""

    waiting: int = 0
    until: Any = None

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answered = super()._generate(messages, stop, run_manager, **kwargs)
        while missed(self) <= self.waiting:
            threading.Event().wait(0.001)
        return answered

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answered = super()._generate(messages, stop, None, **kwargs)
        while missed(self) <= self.waiting:
            await asyncio.sleep(0.001)
        return answered


class TextModel(LLM):
    """A text model, which LangChain asks about all prompts of a batch before it answers one."""

    waiting: int = 0
    _calls: int = PrivateAttr(default=0)

    @property
    def calls(self) -> int:
        """How often it was really asked."""
        return self._calls

    @property
    def _llm_type(self) -> str:
        return "fake-text"

    def _call(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> str:
        self._calls += 1
        while missed(self) <= self.waiting:
            threading.Event().wait(0.001)
        return f"you said: {prompt}"


def in_threads(count: int, function: Callable[[], Any]) -> list[Any]:
    """Call a function in so many threads at once; an exception is its own result."""

    def one() -> Any:
        try:
            return function()
        except Exception as error:
            # Without its traceback, which would hold the call that failed; some tests hold on to that on purpose.
            return error.with_traceback(None)

    with ThreadPoolExecutor(count) as pool:
        return [done.result() for done in [pool.submit(one) for _ in range(count)]]


async def in_tasks(model: SlowModel, count: int) -> None:
    """Ask in so many tasks at once."""
    await asyncio.gather(*(model.ainvoke("cold") for _ in range(count)))


def main() -> None:
    """Ask chat models and a text model in a crowd, and print how often each was called."""
    blocking = SlowModel(cache=LLMCache("memory:"), waiting=4)
    in_threads(5, lambda: blocking.invoke("cold"))
    awaited = SlowModel(cache=LLMCache("memory:"), waiting=4)
    asyncio.run(in_tasks(awaited, 5))
    text = TextModel(cache=LLMCache("memory:"), waiting=4)
    in_threads(5, lambda: text.invoke("cold"))
    print(json.dumps([blocking.calls, awaited.calls, text.calls]))


if __name__ == "__main__":
    main()
