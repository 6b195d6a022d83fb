"""LangChain on the Momento store: the sessions that its old integration wrote."""

import json

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage, message_to_dict

from llmcache_langchain import ChatMessageHistory, messages_from_momento
from llmcache_langchain.momento_history import KEY_PREFIX
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import Sdk

MESSAGES = [
    HumanMessage("hi"),
    AIMessage("", tool_calls=[{"name": "t", "args": {"x": 1}, "id": "1", "type": "tool_call"}]),
    ToolMessage("ok", tool_call_id="1"),
    AIMessage("döne", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
]


def test_sessions_of_langchains_own_integration_move_over(server: MomentoLocal, sdk: Sdk) -> None:
    """Written as it writes them, fetched by the SDK as the guide says, kept in the same cache by ours."""
    for message in MESSAGES:
        sdk("list_push_back", "shop", KEY_PREFIX + "session", json.dumps(message_to_dict(message)))
    fetched = sdk("list_fetch", "shop", KEY_PREFIX + "session")
    history = ChatMessageHistory("session", f"momento-local:{server.address}/shop")
    history.add_messages(messages_from_momento(fetched.value_list_string))
    by_bytes = messages_from_momento(fetched.value_list_bytes)

    assert history.messages == by_bytes == MESSAGES
    assert len(MESSAGES) == sdk("list_length", "shop", KEY_PREFIX + "session").length


def test_a_long_message_that_the_old_integration_could_not_keep_is_kept(server: MomentoLocal, sdk: Sdk) -> None:
    """Over the size of an element."""
    long = HumanMessage("x" * 140_000)
    refused = sdk.name_of("list_push_back", "shop", KEY_PREFIX + "long", json.dumps(message_to_dict(long)))
    history = ChatMessageHistory("long", f"momento-local:{server.address}/shop")
    history.add_messages([long])

    assert ("Error", [long]) == (refused, history.messages)
