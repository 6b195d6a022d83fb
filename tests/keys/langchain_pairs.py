"""Conversations with real LangChain objects, and the two texts that LangChain gives a cache for each.

Imports nothing of ours, so that `golden/make_langchain_versions.py` can run it under other versions of LangChain.
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.language_models import BaseChatModel, BaseLLM, LanguageModelInput
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import Runnable
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel, SecretStr

Pair = tuple[str, str]
"""`(prompt, llm_string)`."""

SECRET = SecretStr("sk-dummy")


class Spy(BaseCache):
    """A cache that writes down what it is asked, and answers, so that nothing is ever sent."""

    def __init__(self, answer: AIMessage) -> None:
        self.pairs: list[Pair] = []
        self._answer = answer

    def lookup(self, prompt: str, llm_string: str) -> Sequence[Generation] | None:
        self.pairs.append((prompt, llm_string))
        return [ChatGeneration(message=self._answer)]

    def update(self, prompt: str, llm_string: str, return_val: Sequence[Generation]) -> None:
        raise AssertionError("every lookup is a hit")

    def clear(self, **kwargs: Any) -> None:
        self.pairs.clear()


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    days: int = 1


def pair(
    model: BaseChatModel | BaseLLM | Runnable[LanguageModelInput, Any],
    asked: LanguageModelInput,
    spy: Spy,
    **settings: Any,
) -> Pair:
    """Return what `spy` is asked when `model`, which has it as its cache, is invoked."""
    spy.clear()
    model.invoke(asked, **settings)
    (found,) = spy.pairs
    return found


def openai(spy: Spy | None, **settings: Any) -> ChatOpenAI:
    """Return the real client of a provider that is never called."""
    given: dict[str, Any] = {"model": "gpt-4o-mini", "api_key": SECRET, "base_url": "http://localhost:9/v1"}
    return ChatOpenAI(cache=spy, **{**given, **settings})


def tool_conversation() -> list[BaseMessage]:
    """A question, two calls, their results, and what the provider tells about the answer."""
    return [
        SystemMessage("Answer in one line."),
        HumanMessage('Is it "warm" in Bern?\nAnd in Ülo\u2019s Öland 🌞?'),
        AIMessage(
            "",
            id="run-5d7ac2f0-0",
            additional_kwargs={"refusal": None},
            tool_calls=[
                {"name": "Weather", "args": {"city": "Bern", "days": 1, "note": None}, "id": "call_9wX3kq"},
                {"name": "Weather", "args": {"days": 2.0, "city": "Öland", "tags": []}, "id": "call_Zb71aa"},
            ],
            invalid_tool_calls=[{"name": "Weather", "args": "{", "id": "call_bad0", "error": "cut"}],
            usage_metadata={"input_tokens": 90, "output_tokens": 20, "total_tokens": 110},
            response_metadata={"id": "chatcmpl-1", "finish_reason": "tool_calls", "model_provider": "openai"},
        ),
        ToolMessage("21 °C", tool_call_id="call_9wX3kq", name="Weather", artifact={"raw": [1, 2]}),
        ToolMessage("down", tool_call_id="call_Zb71aa", status="error"),
    ]


def block_conversation() -> list[BaseMessage]:
    """Content in blocks: text, image, audio, file, reasoning with what a provider checks, and a named speaker."""
    return [
        HumanMessage(
            [
                {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}},
                {"type": "audio", "base64": "UklGRg==", "mime_type": "audio/wav"},
                {"type": "file", "base64": "JVBERi0=", "mime_type": "application/pdf", "filename": "a.pdf"},
            ],
            name="ann",
        ),
        AIMessage(
            [
                {"type": "reasoning", "id": "rs_07", "summary": [{"type": "summary_text", "text": "hm"}]},
                {"type": "text", "text": "A cat.", "id": "msg_07", "annotations": []},
                {"type": "function_call", "name": "Weather", "arguments": "{}", "call_id": "call_q1q1", "id": "fc_07"},
            ],
            tool_calls=[{"name": "Weather", "args": {}, "id": "call_q1q1"}],
            response_metadata={"id": "resp_07", "model_provider": "openai", "model_name": "gpt-4o-mini"},
        ),
        ToolMessage([{"type": "text", "text": "sunny"}], tool_call_id="call_q1q1"),
    ]


def streamed_conversation() -> list[BaseMessage]:
    """An earlier answer that was streamed and stored as a chunk."""
    whole = AIMessageChunk(
        content="Let me look.",
        tool_call_chunks=[{"name": "Weather", "args": '{"city": "Bern"}', "id": "call_77ab", "index": 0}],
    )
    return [HumanMessage("Bern?"), whole, ToolMessage("rain", tool_call_id="call_77ab"), HumanMessage("Thanks")]


def pairs() -> dict[str, Pair]:
    """Return the pairs of several conversations, models and settings by name."""
    answer = AIMessage("{}", additional_kwargs={"parsed": Weather(city="Bern")})
    spy = Spy(answer)
    model = openai(spy, temperature=0.5)
    every = openai(
        spy, timeout=3, max_retries=1, streaming=True, use_responses_api=True, use_previous_response_id=True, top_p=1.0
    )
    azure = AzureChatOpenAI(
        azure_endpoint="https://e", azure_deployment="d", api_version="2024-10-21", api_key=SECRET, cache=spy
    )
    return {
        "one message": pair(model, "hi", spy),
        "stop and call settings": pair(model, "hi", spy, stop=["\n", "'"], timeout=3, logit_bias={"50256": -100}),
        "tools bound": pair(model.bind_tools([Weather], tool_choice="auto"), tool_conversation(), spy),
        "structured by tool": pair(model.with_structured_output(Weather, method="function_calling"), "hi", spy),
        "structured by schema": pair(
            model.with_structured_output(Weather.model_json_schema(), method="json_schema"), "hi", spy
        ),
        "structured by class": pair(model.with_structured_output(Weather, method="json_schema"), "hi", spy),
        "blocks": pair(every, block_conversation(), spy),
        "streamed": pair(model, streamed_conversation(), spy),
        "azure": pair(azure, "hi", spy),
        "fake chat model": pair(FakeListChatModel(responses=["a"], cache=spy), tool_conversation(), spy),
        "text model": pair(FakeListLLM(responses=["a"], cache=spy), "hi", spy),
    }
