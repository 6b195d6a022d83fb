"""Messages come back equal, of the same class, and behave as LangChain's own."""

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from langchain_core.load import dumps, loads
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    BaseMessageChunk,
    message_chunk_to_message,
    message_to_dict,
    messages_from_dict,
)
from langchain_core.messages.tool import ToolCallChunk

from llmcache.codec.plain import copy_plain, decode_plain, encode_plain
from llmcache_langchain.messages import message_from_plain, message_to_plain
from tests.codec.strategies import containers
from tests.langchain.samples import PLAIN_SAMPLES, SAMPLES
from tests.langchain.strategies import chunks, messages

LIMIT = 1 << 20

each_sample = pytest.mark.parametrize("message", SAMPLES, ids=lambda message: type(message).__name__)


def through_bytes(message: BaseMessage) -> BaseMessage:
    """Return what a store gives back for `message`."""
    return message_from_plain(decode_plain(encode_plain(message_to_plain(message)), max_bytes=LIMIT))


def everything(message: BaseMessage) -> list[Any]:
    """Return all that a pydantic object consists of, with the order of its fields, but for the set of given names."""
    return [type(message), list(message.__dict__.items()), message.__pydantic_extra__, message.__pydantic_private__]


@given(messages)
def test_a_message_comes_back_equal(message: BaseMessage) -> None:
    """Every kind, with anything JSON-like in any field, comes back as exactly what was put."""
    assert everything(message) == everything(through_bytes(message))
    assert message == through_bytes(message)


@given(chunks)
def test_a_chunk_comes_back_as_the_message_it_stands_for(chunk: BaseMessage) -> None:
    """A chunk becomes what LangChain's own conversion makes of it, and keeps its extra fields besides."""
    expected = message_chunk_to_message(chunk)
    found = through_bytes(chunk)

    assert (type(expected), expected.__dict__) == (type(found), found.__dict__)
    assert chunk.__pydantic_extra__ == found.__pydantic_extra__
    assert not isinstance(found, BaseMessageChunk)


@given(messages)
def test_the_plain_form_shares_nothing_with_the_message(message: BaseMessage) -> None:
    """A later change of the message does not change what was made of it."""
    fields = {**message.__dict__, **(message.__pydantic_extra__ or {})}

    assert set(containers(message_to_plain(message))).isdisjoint(containers(fields))


@pytest.mark.parametrize(("message", "plain"), list(zip(SAMPLES, PLAIN_SAMPLES, strict=True)))
def test_the_plain_form_is_this(message: BaseMessage, plain: Any) -> None:
    """The form that lies in stores, both ways: what is at its default is left out."""
    assert plain == message_to_plain(message)
    assert everything(message) == everything(message_from_plain(copy_plain(plain)))


@each_sample
def test_a_message_can_be_converted_by_langchain(message: BaseMessage) -> None:
    """`message_to_dict` says the same as before, and `messages_from_dict` reads it."""
    found = through_bytes(message)

    assert message_to_dict(message) == message_to_dict(found)
    assert [message] == messages_from_dict([message_to_dict(found)])


@each_sample
@pytest.mark.filterwarnings("ignore:The function `loads` is in beta")
def test_a_message_can_be_dumped(message: BaseMessage) -> None:
    """Pydantic and LangChain write the same text as before, field order included, and read it again."""
    found = through_bytes(message)

    assert message.model_dump_json() == found.model_dump_json()
    assert dumps(message) == dumps(found)
    assert loads(dumps(message), allowed_objects=[type(message)]) == loads(
        dumps(found), allowed_objects=[type(message)]
    )


@each_sample
def test_a_message_can_be_pickled_and_copied(message: BaseMessage) -> None:
    """Pickling, copying and validating work as on any message."""
    found = through_bytes(message)

    assert message == pickle.loads(pickle.dumps(found))
    assert message == copy.deepcopy(found) == copy.copy(found) == found.model_copy() == found.model_copy(deep=True)
    assert message == type(message).model_validate(found)


@each_sample
def test_a_message_can_be_shown(message: BaseMessage) -> None:
    """People see the same text."""
    found = through_bytes(message)

    assert (message.pretty_repr(), repr(message), message.text) == (found.pretty_repr(), repr(found), found.text)
    assert message.content_blocks == found.content_blocks


@each_sample
def test_a_message_can_be_added(message: BaseMessage) -> None:
    """Adding messages makes a prompt template, as before."""
    found = through_bytes(message)

    assert (message + message).messages == (found + found).messages


@each_sample
def test_what_was_given_is_remembered(message: BaseMessage) -> None:
    """Pydantic's `exclude_unset` leaves out what it left out before; `type` is never counted as given."""
    found = through_bytes(message)

    assert message.model_fields_set == found.model_fields_set
    assert message.model_dump(exclude_unset=True) == found.model_dump(exclude_unset=True)


@each_sample
def test_a_message_can_be_changed(message: BaseMessage) -> None:
    """Fields and extra fields can be set, and no two messages share a default."""
    first, second = through_bytes(message), through_bytes(message)
    first.response_metadata["changed"] = True
    first.additional_kwargs["changed"] = True
    first.id = "another"
    first.colour = "red"  # type: ignore[attr-defined] # messages take any field

    assert message == second
    assert (True, "another", "red") == (first.response_metadata["changed"], first.id, first.model_dump()["colour"])


def test_tool_calls_are_not_shared() -> None:
    """The lists of an AI message are its own too."""
    first, second = through_bytes(AIMessage("")), through_bytes(AIMessage(""))

    assert isinstance(first, AIMessage)
    assert isinstance(second, AIMessage)
    assert first.tool_calls is not second.tool_calls
    assert first.invalid_tool_calls is not second.invalid_tool_calls


def test_a_stream_comes_back_whole() -> None:
    """Chunks added up come back as one AI message, with whole tool calls and without the pieces."""
    pieces = ['{"a": 2', ', "b": 2}']
    first, second = (
        AIMessageChunk(
            content=text, tool_call_chunks=[ToolCallChunk(name=name, args=args, id=id_, index=0)], id="run-1"
        )
        for text, name, args, id_ in (("4", "add", pieces[0], "call_1"), ("2", None, pieces[1], None))
    )
    stream = first + second
    found = through_bytes(stream)

    assert isinstance(found, AIMessage)
    assert ("42", "run-1", [{"name": "add", "args": {"a": 2, "b": 2}, "id": "call_1", "type": "tool_call"}]) == (
        found.content,
        found.id,
        found.tool_calls,
    )
    assert set() == {"tool_call_chunks", "chunk_position"} & (found.__dict__.keys() | found.model_dump().keys())


def test_a_hit_of_langchains_own_cache_survives() -> None:
    """A usage of `total_cost` alone, which LangChain writes and cannot read back, comes back as it is."""
    message = AIMessage("4").model_copy(update={"usage_metadata": {"total_cost": 0}})

    assert everything(message) == everything(through_bytes(message))


def test_tool_calls_of_the_old_form_are_not_parsed_again() -> None:
    """A message whose tool calls were taken away keeps them away, although the provider's raw ones are still there."""
    raw = [{"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}]
    message = AIMessage("", additional_kwargs={"tool_calls": raw})
    parsed = message.tool_calls
    message.tool_calls = []

    assert [{"name": "add", "args": {}, "id": "call_1", "type": "tool_call"}] == parsed
    assert message == through_bytes(message)
