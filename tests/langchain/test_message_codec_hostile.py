"""Whatever data lies in the store, reading it gives a message that behaves, or DecodeError."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.plain import decode_plain, encode_plain
from llmcache.errors import DecodeError
from llmcache_langchain.messages import message_from_plain, message_to_plain
from llmcache_langchain.shapes import SHAPES
from tests.codec.hostile import odd_values, replaced
from tests.langchain.samples import PLAIN_SAMPLES

LIMIT = 1 << 20

WRONG: dict[str, tuple[Any, ...]] = {
    "content": (None, 1, True, {}, [1], [None], [[]], [["a"]], ["a", 5], [{"type": "text"}, None]),
    "additional_kwargs": (None, [], "x", 1, [["a", 1]]),
    "response_metadata": (None, [], "x", False),
    "name": (1, [], {}, True),
    "id": (1, [], {}, False, ["a"]),
    "tool_calls": (
        None,
        {},
        "x",
        [None],
        ["x"],
        [[]],
        [{}],
        [{"name": "a", "args": {}}],
        [{"name": "a", "id": "1"}],
        [{"args": {}, "id": "1"}],
        [{"name": None, "args": {}, "id": "1"}],
        [{"name": "a", "args": "{}", "id": "1"}],
        [{"name": "a", "args": {}, "id": 1}],
        [{"name": "a", "args": {}, "id": "1", "type": "function"}],
        [{"name": "a", "args": {}, "id": "1", "type": None}],
        [{"name": "a", "args": {}, "id": "1"}, {}],
    ),
    "invalid_tool_calls": (
        None,
        {},
        [None],
        ["x"],
        [{"name": 1}],
        [{"args": {}}],
        [{"id": []}],
        [{"error": {}}],
        [{"type": "tool_call"}],
        [{}, {"type": None}],
    ),
    "usage_metadata": (
        [],
        "x",
        1,
        True,
        {"input_tokens": "1"},
        {"output_tokens": 1.5},
        {"total_tokens": None},
        {"input_tokens": True},
        {"input_token_details": []},
        {"output_token_details": None},
        {"total_cost": 0, "total_tokens": []},
    ),
    "tool_call_id": (None, 1, []),
    "status": (None, "ok", 1, [], {}, ["success"]),
    "role": (None, 1, {}),
}
"""For each field, values that it never holds."""

REQUIRED = {"tool": {"tool_call_id": "1"}, "function": {"name": "f"}, "chat": {"role": "r"}}


@given(odd_values)
def test_any_data_is_harmless(plain: Any) -> None:
    """JSON of any shape is refused, or is the plain form of a message."""
    try:
        message = message_from_plain(plain)
    except DecodeError:
        return

    assert message == message_from_plain(decode_plain(encode_plain(message_to_plain(message)), max_bytes=LIMIT))


@given(st.sampled_from(PLAIN_SAMPLES), st.data(), odd_values)
def test_odd_parts_are_harmless(valid: Any, data: st.DataObject, odd: Any) -> None:
    """A valid message with any part replaced, taken away or added is refused, or gives one that can be kept again."""
    plain = replaced(json.loads(json.dumps(valid)), data.draw, odd)
    try:
        message = message_from_plain(json.loads(json.dumps(plain)))
    except DecodeError:
        return

    assert message == message_from_plain(decode_plain(encode_plain(message_to_plain(message)), max_bytes=LIMIT))


@pytest.mark.parametrize(
    ("word", "name", "wrong"),
    [(word, name, wrong) for word, shape in SHAPES.items() for name in shape.fields for wrong in WRONG.get(name, ())]
    + [("function", "name", None)],
)
def test_a_field_of_another_type_is_refused(word: str, name: str, wrong: Any) -> None:
    """No field of any kind of message takes a value of another type."""
    plain = {"type": word, "content": "", **REQUIRED.get(word, {}), name: wrong}
    with pytest.raises(DecodeError) as refused:
        message_from_plain(plain)

    assert f"{name} of a message of type {word} does not hold what it should" == str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_calls": [{"name": "a", "args": {}, "id": None}]},
        {"tool_calls": [{"name": "", "args": {"x": [1]}, "id": "1", "type": "tool_call", "index": 0}]},
        {"invalid_tool_calls": [{}]},
        {"invalid_tool_calls": [{"name": None, "args": None, "id": None, "error": None, "extras": {}}]},
        {"usage_metadata": {}},
        {"usage_metadata": {"total_cost": 0}},
        {"usage_metadata": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3, "input_token_details": {}}},
        {"content": []},
        {"content": ["a", {}]},
        {"name": None, "id": None, "usage_metadata": None},
    ],
)
def test_what_a_field_may_hold_is_taken(fields: dict[str, Any]) -> None:
    """The checks are no stricter than LangChain's, and keep what its messages can be changed to."""
    message = message_from_plain({"type": "ai", "content": "", **fields})

    assert fields == {name: getattr(message, name) for name in fields}


@pytest.mark.parametrize("word", [None, 1, [], {}, "", "AI", "AIMessage", "AIMessageChunk", "user", "os.system", True])
def test_an_unknown_kind_is_refused(word: Any) -> None:
    """There are seven words; chunks have none, since they were made messages when they were kept."""
    with pytest.raises(DecodeError, match=r"^this is not a message of a known kind$"):
        message_from_plain({"type": word, "content": ""})


@pytest.mark.parametrize("plain", [None, True, 1, "hi", [], ["ai"], {}, {"content": "hi"}, [["type", "ai"]], b"{}"])
def test_what_is_no_message_is_refused(plain: Any) -> None:
    """A message is an object that says its kind."""
    with pytest.raises(DecodeError, match=r"^this is not a message of a known kind$"):
        message_from_plain(plain)


@pytest.mark.parametrize(
    ("word", "name"), [(word, name) for word, shape in SHAPES.items() for name in sorted(shape.required)]
)
def test_a_missing_field_is_refused(word: str, name: str) -> None:
    """What a message of this kind always has must be there."""
    plain = {"type": word, "content": "", **REQUIRED.get(word, {})}
    del plain[name]

    with pytest.raises(DecodeError, match=rf"^a message of type {word} lacks a field, or has one twice$"):
        message_from_plain(plain)


@pytest.mark.parametrize("name", ["lc", "kwargs", "__class__", "tool_calls", "role", "artifact", "chunk_position", ""])
def test_an_unknown_field_is_refused(name: str) -> None:
    """What the class does not declare stands under `extra` or nowhere."""
    with pytest.raises(DecodeError, match=r"^a message of type human has a field that is not known$"):
        message_from_plain({"type": "human", "content": "", name: []})


@pytest.mark.parametrize(
    "extra",
    [None, [], "x", 1, True, {"content": "x"}, {"type": "ai"}, {"id": "1"}, {"seen": 1, "response_metadata": {}}],
)
def test_wrong_extra_fields_are_refused(extra: Any) -> None:
    """They are an object, and none has the name of a declared field."""
    with pytest.raises(DecodeError, match=r"^a message of type human lacks a field, or has one twice$"):
        message_from_plain({"type": "human", "content": "", "extra": extra})


@pytest.mark.parametrize("name", ["__dict__", "__class__", "model_dump", "text", "_private", "self", "pretty_repr"])
def test_extra_fields_hide_nothing(name: str) -> None:
    """An extra field with the name of a method or an attribute of Python is there as data, and hides neither."""
    message = message_from_plain({"type": "human", "content": "hi", "extra": {name: "mine"}})

    assert {name: "mine"} == message.__pydantic_extra__
    assert ("hi", "human") == (message.text, message.model_dump()["type"])
    assert isinstance(message.__dict__, dict)
    assert "Human Message" in message.pretty_repr()
