"""Shapes: which messages there are, which fields each has, and what a field may hold.

The set is closed. A subclass has the shape of the nearest class that stands here, and a chunk that of its message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from llmcache.model.units import Plain

Holds = Callable[[Plain], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        holds: True for plain data that it may hold.
        default: What it is where it is left out; a dict or list stands for a new one.
        is_required: True where it is always written.
    """

    holds: Holds
    default: Plain = None
    is_required: bool = False

    def may_omit(self, value: object) -> bool:
        """True where leaving `value` out loses nothing."""
        return not self.is_required and type(value) is type(self.default) and value == self.default


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of message.

    Attributes:
        word: What stands for it in the plain form, and the value of the field `type`.
        model: The class.
        fields: What is known of each field, but for `type`.
        blank: Every known field with its default, in the order of the class; containers stand as None.
        fresh: The containers among the defaults: name and class.
        required: Names of the fields that are always written.
        unknown: Fields of the class that this release does not know, from a newer LangChain.
    """

    word: str
    model: type[BaseMessage]
    fields: Mapping[str, Field]
    blank: dict[str, Plain]
    fresh: tuple[tuple[str, type], ...]
    required: frozenset[str]
    unknown: frozenset[str]

    @classmethod
    def of(cls, model: type[BaseMessage], **own: Field) -> "Shape":
        """Return the shape of `model`, with what every message has and its `own` fields."""
        known = {**_COMMON, **own}
        word: str = model.model_fields["type"].default
        blank: dict[str, Plain] = {}
        for name in model.model_fields:
            if name == "type":
                blank[name] = word
            elif name in known:
                blank[name] = None if _is_container(known[name].default) else known[name].default
        return cls(
            word=word,
            model=model,
            fields=known,
            blank=blank,
            fresh=tuple((name, type(field.default)) for name, field in known.items() if _is_container(field.default)),
            required=frozenset(name for name, field in known.items() if field.is_required),
            unknown=frozenset(model.model_fields.keys() - known.keys() - {"type"}),
        )


def shape_of(model: type) -> Shape | None:
    """Return the shape of the nearest known class of `model`; None where it has none."""
    for known in model.__mro__:
        if known in _BY_MODEL:
            return _BY_MODEL[known]
    return None


def _is_container(value: object) -> bool:
    return isinstance(value, dict | list)


def _is_anything(_value: Plain) -> bool:
    return True


def _is_text(value: Plain) -> bool:
    return type(value) is str


def _is_text_or_none(value: Plain) -> bool:
    return value is None or type(value) is str


def _is_dict(value: Plain) -> bool:
    return type(value) is dict


def _is_status(value: Plain) -> bool:
    return value in ("success", "error")


def _is_content(value: Plain) -> bool:
    return type(value) is str or (type(value) is list and _BLOCKS.issuperset(map(type, value)))


def _are_tool_calls(value: Plain) -> bool:
    return type(value) is list and all(map(_is_tool_call, value))


def _is_tool_call(value: Plain) -> bool:
    return (
        type(value) is dict
        and type(value.get("name")) is str
        and type(value.get("args")) is dict
        and _is_text_or_none(value.get("id", 0))
        and value.get("type", "tool_call") == "tool_call"
    )


def _are_invalid_tool_calls(value: Plain) -> bool:
    return type(value) is list and all(map(_is_invalid_tool_call, value))


def _is_invalid_tool_call(value: Plain) -> bool:
    return (
        type(value) is dict
        and all(_is_text_or_none(value.get(name)) for name in ("name", "args", "id", "error"))
        and value.get("type", "invalid_tool_call") == "invalid_tool_call"
    )


def _is_usage(value: Plain) -> bool:
    # The counts may be missing: on a hit of LangChain's own caches a message without usage gets `total_cost` alone.
    if type(value) is not dict:
        return value is None
    for name, item in value.items():
        kind = _OF_USAGE.get(name)
        if kind is not None and type(item) is not kind:
            return False
    return True


_OF_USAGE: Mapping[str, type] = {
    "input_tokens": int,
    "output_tokens": int,
    "total_tokens": int,
    "input_token_details": dict,
    "output_token_details": dict,
}

_BLOCKS = frozenset({str, dict})

_COMMON: Mapping[str, Field] = {
    "content": Field(_is_content, is_required=True),
    "additional_kwargs": Field(_is_dict, {}),
    "response_metadata": Field(_is_dict, {}),
    "name": Field(_is_text_or_none),
    "id": Field(_is_text_or_none),
}

SHAPES: Mapping[str, Shape] = {
    shape.word: shape
    for shape in (
        Shape.of(HumanMessage),
        Shape.of(
            AIMessage,
            tool_calls=Field(_are_tool_calls, []),
            invalid_tool_calls=Field(_are_invalid_tool_calls, []),
            usage_metadata=Field(_is_usage),
        ),
        Shape.of(SystemMessage),
        Shape.of(
            ToolMessage,
            tool_call_id=Field(_is_text, is_required=True),
            artifact=Field(_is_anything),
            status=Field(_is_status, "success"),
        ),
        Shape.of(FunctionMessage, name=Field(_is_text, is_required=True)),
        Shape.of(ChatMessage, role=Field(_is_text, is_required=True)),
        Shape.of(RemoveMessage),
    )
}
"""Every kind of message, by the word in its field `type`."""

_BY_MODEL: Mapping[type, Shape] = {shape.model: shape for shape in SHAPES.values()}
