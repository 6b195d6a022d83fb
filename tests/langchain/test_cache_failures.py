"""What is not kept, and what a broken store or entry does: nothing to the application."""

import dataclasses
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import ToolCall
from langchain_core.outputs import ChatGeneration, Generation

import llmcache
from llmcache.api.responses import Form
from llmcache.errors import ClosedError, StoreUnavailable
from llmcache.memory import open_pair
from llmcache_langchain import LLMCache
from tests.langchain.models import ASKED, FakeModel, chat, damage, only


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ([], "no answer"),
        ([Generation(text="")], "empty text"),
        ([Generation(text=" \n")], "blank text"),
        ([chat("")], "empty message"),
        ([chat("", content=[{"type": "text", "text": ""}])], "empty block"),
        ([chat("x"), chat("")], "one of two"),
        ([chat("x", response_metadata={"finish_reason": "length"})], "cut off"),
        ([chat("x", response_metadata={"stop_reason": "max_tokens"})], "cut off at Anthropic"),
        ([chat("x", response_metadata={"status": "incomplete"})], "cut off at Responses"),
        ([chat("x", response_metadata={"finish_reason": "content_filter"})], "filtered"),
        ([chat("", additional_kwargs={"refusal": "no"})], "refused"),
        ([ChatGeneration(message=AIMessage("x"), generation_info={"finish_reason": "length"})], "cut off, told aside"),
        ([Generation(text="x", generation_info={"finish_reason": "length"})], "cut off text"),
        (
            [
                chat(
                    "",
                    invalid_tool_calls=[
                        {"type": "invalid_tool_call", "name": "t", "args": "{", "id": "1", "error": None}
                    ],
                )
            ],
            "malformed tool call",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_answers_are_not_kept(cache: LLMCache, bad: list[Generation], why: str) -> None:
    """Empty, cut off, filtered, failed: the next call gets another chance."""
    cache.update(*ASKED, bad)

    assert cache.lookup(*ASKED) is None, why
    assert cache.stats().not_admitted == 1


@pytest.mark.parametrize(
    "good",
    [
        chat("", tool_calls=[ToolCall(name="t", args={}, id="1")]),
        chat("", content=[{"type": "image", "base64": "AA=="}]),
        chat("", content=["", "text"]),
        chat("", additional_kwargs={"function_call": {"name": "f", "arguments": "{}"}}),
        chat("x", response_metadata={"finish_reason": "tool_calls", "status": "completed"}),
    ],
    ids=["tool call", "image", "text block", "function call", "finished"],
)
def test_answers_without_text_may_be_whole(cache: LLMCache, good: ChatGeneration) -> None:
    """A tool call is an answer."""
    cache.update(*ASKED, [good])

    assert only(cache.lookup(*ASKED)).content == good.message.content


def test_an_answer_that_cannot_be_stored_is_counted_and_not_lost(cache: LLMCache) -> None:
    """The model's caller has it; the next one asks again."""
    model = FakeModel(cache=cache, answer=lambda messages: AIMessage("x", additional_kwargs={"thing": object()}))
    texts = [model.invoke("hi").text for _ in range(2)]

    assert texts == ["x", "x"]
    assert (model.calls, cache.stats().not_encodable) == (2, 2)


def test_a_damaged_entry_is_a_miss(cache: LLMCache) -> None:
    """It is counted, and the next answer replaces it."""
    cache.update(*ASKED, [chat("old")])
    damage(cache, ASKED, b"{broken")
    found = cache.lookup(*ASKED)
    cache.update(*ASKED, [chat("new")])

    assert found is None
    assert only(cache.lookup(*ASKED)).text == "new"
    assert cache.stats().unreadable == 1


def test_an_entry_of_another_kind_under_the_same_key_is_a_miss(cache: LLMCache) -> None:
    """Only what this package wrote is served as generations."""
    key = cache._answers._key(*ASKED)
    assert key is not None
    llmcache.Cache(cache._answers.setup).responses.offer(key, {"text": "x"}, Form("json", lambda v: v, lambda v: None))

    assert cache.lookup(*ASKED) is None
    assert cache.stats().unreadable == 1


class Failing:
    """A store whose every call fails, as a stranger's might: with an exception of its own."""

    name = "failing"

    def __init__(self, error: Exception) -> None:
        pair = open_pair()
        assert pair.blocking is not None
        self.capabilities = pair.blocking.capabilities
        self._error = error

    def __getattr__(self, method: str) -> Any:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise self._error

        return fail


class FailingAsync(Failing):
    """The same, awaited."""

    def __getattr__(self, method: str) -> Any:
        async def fail(*args: Any, **kwargs: Any) -> Any:
            raise self._error

        return fail


@pytest.mark.parametrize("error", [StoreUnavailable("down"), ConnectionResetError("foreign"), TimeoutError("slow")])
async def test_a_failing_store_never_fails_a_model(error: Exception) -> None:
    """Neither on reading nor on keeping, in neither colour; every failure is counted."""
    opened = llmcache.open("memory:")
    pair = dataclasses.replace(opened.setup.pair, blocking=Failing(error), awaiting=FailingAsync(error))
    cache = LLMCache(llmcache.Cache(dataclasses.replace(opened.setup, pair=pair)))
    model = FakeModel(cache=cache)
    texts = [model.invoke("hi").text, (await model.ainvoke("hi")).text]

    assert texts == ["you said: hi"] * 2
    assert cache.stats().store_failed == 4
    opened.close()


async def test_a_closed_cache_is_gone_past(cache: LLMCache, caplog: pytest.LogCaptureFixture) -> None:
    """As one that is LangChain's global cache and was opened in a `with` that is over: each call counts, and one line warns."""
    model = FakeModel(cache=cache)
    cache.close()
    cache.close()
    texts = [model.invoke("hi").text, (await model.ainvoke("hi")).text]

    assert ["you said: hi"] * 2 == texts
    assert (2, 4) == (model.calls, cache.stats().store_failed)
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "llmcache"]
    assert "calls go past the cache" in warning
    with pytest.raises(ClosedError):
        cache.clear()
