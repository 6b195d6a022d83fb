"""LangChain's chat message history: full fidelity, both colours, every kind of store."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import ToolCall

import llmcache
from llmcache.errors import DecodeError, StoreUnavailable, UsageError
from llmcache_langchain import ChatMessageHistory
from llmcache_langchain.holding import shared_caches
from tests.langchain.models import echo
from tests.stores import Clock

CONVERSATION = [
    SystemMessage("be brief"),
    HumanMessage([{"type": "text", "text": "look"}, {"type": "image", "base64": "AA==", "mime_type": "image/png"}]),
    AIMessage(
        "",
        id="run-1",
        tool_calls=[ToolCall(name="add", args={"a": 1, "b": None}, id="call_1", type="tool_call")],
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        response_metadata={"model_name": "m", "logprobs": None},
    ),
    ToolMessage("3", tool_call_id="call_1", name="add", status="error"),
    AIMessage("three", additional_kwargs={"x": [1]}, name="bot"),
]


def test_messages_come_back_as_they_were(url: str) -> None:
    """Tool calls, blocks, usage, metadata, names, ids and status."""
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("s", cache)
        history.add_messages(CONVERSATION[:3])
        history.add_messages(CONVERSATION[3:])

        assert history.messages == CONVERSATION
        assert history.last(2) == CONVERSATION[-2:]


async def test_the_async_methods_do_the_same(url: str) -> None:
    """On the same session."""
    async with llmcache.open_async(url) as cache:
        history = ChatMessageHistory("s", cache)
        await history.aadd_messages(CONVERSATION)

        assert await history.aget_messages() == CONVERSATION
        assert await history.alast(1) == CONVERSATION[-1:]
        await history.aclear()
        assert history.messages == []


def test_the_convenience_methods_of_the_base_class_work(url: str) -> None:
    """And `str` of a history reads as a dialogue."""
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("s", cache)
        history.add_user_message("hi")
        history.add_ai_message("hello")
        history.add_message(HumanMessage("bye"))

        assert str(history) == "Human: hi\nAI: hello\nHuman: bye"
        history.clear()
        assert history.messages == []


def test_streamed_chunks_are_kept_as_messages(url: str) -> None:
    """A history of chunks cannot be sent to a model."""
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("s", cache)
        history.add_messages([AIMessageChunk(content="a") + AIMessageChunk(content="b")])
        (message,) = history.messages

        assert type(message) is AIMessage
        assert message.text == "ab"


def test_a_cap_and_a_time_to_live(url: str, clock: Clock) -> None:
    """The newest stay; the session ends after the last append."""
    with llmcache.open(url, clock=clock) as cache:
        history = ChatMessageHistory("s", cache, ttl=60, max_messages=2)
        history.add_messages([HumanMessage(str(n)) for n in range(5)])
        texts = [message.text for message in history.messages]
        clock.now += 60

        assert texts == ["3", "4"]
        assert history.messages == []


def test_a_message_that_cannot_be_stored_leaves_the_session_as_it_was(url: str) -> None:
    """All or none."""
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("s", cache)
        history.add_user_message("before")
        with pytest.raises(UsageError):
            history.add_messages([HumanMessage("fine"), HumanMessage("bad", additional_kwargs={"x": object()})])

        assert [message.text for message in history.messages] == ["before"]


def test_a_session_of_other_things_is_an_error(url: str) -> None:
    """Messages written by `cache.history` are not LangChain's."""
    with llmcache.open(url) as cache:
        cache.history("s").append([{"role": "user"}])
        with pytest.raises(DecodeError, match="message 0 of the session holds 'json'"):
            _ = ChatMessageHistory("s", cache).messages


def test_a_failing_store_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    """A history never pretends."""
    with llmcache.open("memory:") as cache:
        store: Any = cache.setup.pair.blocking

        def fail(*args: Any, **kwargs: Any) -> int:
            raise StoreUnavailable("down")

        monkeypatch.setattr(type(store), "append", fail)
        with pytest.raises(StoreUnavailable):
            ChatMessageHistory("s", cache).add_user_message("lost?")


def test_histories_of_one_url_share_a_store(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain makes a history object per call; `memory:` must not forget between them."""
    shared_caches.close()
    ChatMessageHistory("s", url, namespace="n").add_user_message("hi")

    assert [m.text for m in ChatMessageHistory("s", url, namespace="n").messages] == ["hi"]
    assert ChatMessageHistory("s", url).messages == []
    monkeypatch.setenv("LLMCACHE_URL", url)
    monkeypatch.setenv("LLMCACHE_NAMESPACE", "n")
    assert [m.text for m in ChatMessageHistory("s").messages] == ["hi"]
    shared_caches.close()


def test_a_reply_from_the_cache_can_be_added(url: str) -> None:
    """Hits round-trip through histories, whatever LangChain added to their usage."""
    from llmcache_langchain import LLMCache  # noqa: PLC0415 -- beside its only use
    from tests.langchain.models import FakeModel  # noqa: PLC0415 -- beside its only use

    with llmcache.open(url) as opened:
        model = FakeModel(cache=LLMCache(opened), answer=echo)
        replies = [model.invoke("hi") for _ in range(2)]
        history = ChatMessageHistory("s", opened)
        history.add_messages(replies)

        assert history.messages == replies


@pytest.mark.parametrize("wrong", [3, ["sqlite:"]])
def test_wrong_stores_are_refused(wrong: Any) -> None:
    """It says what is taken."""
    with pytest.raises(UsageError, match="the store is a URL"):
        ChatMessageHistory("s", wrong)


def test_an_open_cache_brings_its_own_namespace() -> None:
    """A second one would be ignored; so it is refused."""
    with llmcache.open("memory:") as cache, pytest.raises(UsageError, match="an open cache has its own"):
        ChatMessageHistory("s", cache, namespace="x")
