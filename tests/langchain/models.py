"""Models of our own making: they count their calls and answer by a function of the messages."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.messages.tool import ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

from llmcache.protocols.key_value import Put
from llmcache_langchain import LLMCache

ASKED = ('[{"prompt": 1}]', "[('model', 'x')]")
"""A prompt and a model, as LangChain gives them to a cache."""

Answer = Callable[[list[BaseMessage]], AIMessage]


def chat(text: str, **fields: Any) -> ChatGeneration:
    """One answer of a chat model."""
    return ChatGeneration(message=AIMessage(**({"content": text} | fields)))


def only(found: Any) -> AIMessage:
    """The message of the only generation found."""
    (generation,) = found
    message = generation.message
    assert isinstance(message, AIMessage)
    return message


def damage(cache: LLMCache, asked: tuple[str, str], body: bytes) -> None:
    """Put a body behind the cache's back in the place of what it keeps for a question."""
    store, key = cache._answers.setup.pair.blocking, cache._answers._key(*asked)
    assert store is not None
    assert key is not None
    store.put_many([Put(key, body)])


def echo(messages: list[BaseMessage]) -> AIMessage:
    """Answer with the last message's text and a plausible usage."""
    return AIMessage(
        f"you said: {messages[-1].text}",
        usage_metadata={"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        response_metadata={"model_name": "fake-1", "finish_reason": "stop"},
    )


_ids = itertools.count(1)


def three_steps(messages: list[BaseMessage]) -> AIMessage:
    """Call the tool twice, one after the other, then answer; ids are new in every run, as real ones are."""
    steps = sum(isinstance(message, ToolMessage) for message in messages)
    usage = {"input_tokens": 10 + steps, "output_tokens": 5, "total_tokens": 15 + steps}
    if steps == 2:
        return AIMessage("it is 4", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
    call = ToolCall(name="add", args={"a": steps, "b": 2}, id=f"call_{next(_ids)}")
    return AIMessage("", tool_calls=[call], usage_metadata=usage, response_metadata={"id": f"req_{next(_ids)}"})


class FakeModel(BaseChatModel):
    """A chat model that answers by `answer` and counts; `n` asks for several answers to one prompt."""

    answer: Any = echo
    n: int = 1
    temperature: float = 0.0
    _calls: int = PrivateAttr(default=0)

    @property
    def calls(self) -> int:
        """How often the model was really asked."""
        return self._calls

    @property
    def _llm_type(self) -> str:
        return "fake-counting"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"temperature": self.temperature, "n": self.n}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._calls += 1
        return ChatResult(generations=[ChatGeneration(message=self.answer(messages)) for _ in range(self.n)])

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Bind the tools' names, as much of them as the key needs here."""
        return self.bind(tools=[getattr(tool, "name", str(tool)) for tool in tools])
