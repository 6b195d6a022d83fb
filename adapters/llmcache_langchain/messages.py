"""Messages of LangChain as plain data, and back.

The plain form of a message is an object with the word of its `type`, its content, and every other field that is not at its
default; what the class does not declare is under `extra`:

    {"type": "ai", "content": "4", "id": "run-1", "usage_metadata": {"input_tokens": 9, ...}, "extra": {"seen": true}}

What comes back equals what was put, with two exceptions that are the point: a chunk comes back as the message it stands for, and
an object inside a message as data (see `portable`). The set of kinds is closed (see `shapes`). Data of any other form
is refused: nothing in it chooses a class, and no class of a user's is ever made.
"""

from typing import Any

from langchain_core.messages import BaseMessage

from llmcache.codec.place import Place, root, spell
from llmcache.errors import DecodeError, UsageError
from llmcache.model.units import Plain
from llmcache_langchain.handmade import handmade
from llmcache_langchain.portable import portable
from llmcache_langchain.shapes import SHAPES, Shape, shape_of

_MESSAGE = root("message")

# What only a chunk has: pieces of tool calls, which stand whole in `tool_calls`, and its place in a stream.
_OF_CHUNKS = frozenset({"tool_call_chunks", "chunk_position"})

_NOT_FIELDS = frozenset({"type", "extra"})


def message_to_plain(message: BaseMessage, *, place: Place = _MESSAGE) -> Plain:
    """Return the plain form of `message`; shares no list or dict with it.

    Args:
        message: Of any class that derives from a known one. Chunks become messages.
        place: What to call it in errors.

    Raises:
        UsageError: It is of an unknown kind, a field holds what it must not, or something in it has no form as
            data; names place and type, never content.
    """
    shape = shape_of(type(message))
    if shape is None:
        raise UsageError(f"{spell(place)} is of type {type(message).__name__}, not a known kind of message")
    plain: dict[str, Plain] = {"type": shape.word}
    extra = dict(message.__pydantic_extra__ or {})
    for name, value in message.__dict__.items():
        field = shape.fields.get(name)
        if field is None:
            if name != "type" and name not in _OF_CHUNKS:
                extra[name] = value
        elif not field.may_omit(value):
            plain[name] = held = value if type(value) is str else portable(value, (place, name))
            # What would be written must be what can be read.
            if not field.holds(held):
                raise UsageError(f"{spell((place, name))} does not hold what a message of type {shape.word} has there")
    for name in shape.required:
        if name not in plain:
            raise UsageError(f"{spell(place)} has no {name}, which a message of type {shape.word} needs")
    if extra:
        plain["extra"] = portable(extra, (place, "extra"))
    return plain


def message_from_plain(plain: Plain) -> BaseMessage:
    """Return the message that `plain` says; it takes over the lists and dicts of `plain`.

    Raises:
        DecodeError: Not the plain form of a message. Nothing else, for any plain data.
    """
    shape = _said_shape(plain)
    fields = shape.blank.copy()
    for name, container in shape.fresh:
        fields[name] = container()
    extra: Plain = {}
    for name, value in plain.items():
        field = shape.fields.get(name)
        if field is not None:
            if not field.holds(value):
                raise DecodeError(f"{name} of a message of type {shape.word} does not hold what it should")
            fields[name] = value
        elif name == "extra":
            extra = value
        elif name != "type":
            raise DecodeError(f"a message of type {shape.word} has a field that is not known")
    given = plain.keys() - _NOT_FIELDS
    if not shape.required <= given or type(extra) is not dict or not shape.blank.keys().isdisjoint(extra):
        raise DecodeError(f"a message of type {shape.word} lacks a field, or has one twice")
    if shape.unknown:
        return _validated(shape, {name: fields[name] for name in given}, extra)
    return handmade(shape.model, fields, given | extra.keys(), extra)


def _said_shape(plain: Plain) -> Shape:
    word = plain.get("type") if type(plain) is dict else None
    shape = SHAPES.get(word) if type(word) is str else None
    if shape is None:
        raise DecodeError("this is not a message of a known kind")
    return shape


def _validated(shape: Shape, fields: dict[str, Any], extra: dict[str, Any]) -> BaseMessage:
    """Return the message as LangChain makes it: slower, but right for fields that only a newer release knows."""
    try:
        return shape.model(**fields, **extra)
    except (TypeError, ValueError) as error:
        raise DecodeError(f"LangChain does not take the fields of a message of type {shape.word}") from error
