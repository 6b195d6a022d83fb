"""The reader of sessions that LangChain's own Momento integration wrote."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, message_to_dict

import llmcache
from llmcache.errors import DecodeError
from llmcache_langchain import ChatMessageHistory, messages_from_momento

MESSAGES = [
    HumanMessage("hi"),
    AIMessage("", tool_calls=[{"name": "t", "args": {"x": 1}, "id": "1", "type": "tool_call"}]),
    ToolMessage("ok", tool_call_id="1"),
    AIMessage("done", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
]


def elements() -> list[str]:
    """The list's elements, written as that integration writes them."""
    return [json.dumps(message_to_dict(message)) for message in MESSAGES]


def test_sessions_move_over_whole() -> None:
    """Read from the old list, append to the new session."""
    with llmcache.open("memory:") as cache:
        history = ChatMessageHistory("s", cache)
        history.add_messages(messages_from_momento(elements()))

        assert history.messages == MESSAGES


def test_bytes_are_read_like_text() -> None:
    """The SDK offers both."""
    assert messages_from_momento(element.encode() for element in elements()) == MESSAGES


def test_a_session_that_a_cached_reply_made_unreadable_is_readable_again() -> None:
    """A usage of `total_cost` alone is left out."""
    raw = message_to_dict(AIMessage("x"))
    raw["data"]["usage_metadata"] = {"total_cost": 0}

    assert messages_from_momento([json.dumps(raw)]) == [AIMessage("x")]


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '{"type": "human"}',
        '{"type": "human", "data": 3}',
        '{"type": "alien", "data": {}}',
        "\ud800",
    ],
)
def test_an_element_that_is_no_message_is_an_error_that_says_which(wrong: str) -> None:
    """And nothing of it is in the message."""
    with pytest.raises(DecodeError, match="element 1 is not a message"):
        messages_from_momento([elements()[0], wrong])
