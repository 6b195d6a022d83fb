"""What providers and tools put into messages besides JSON comes back as data, or is refused with its place."""

import threading
from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.base import TextAccessor
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field, field_serializer

from llmcache.codec.markers import MAX_DEPTH
from llmcache.codec.place import root
from llmcache.codec.plain import encode_plain
from llmcache.errors import UsageError
from llmcache_langchain.messages import message_from_plain, message_to_plain
from llmcache_langchain.portable import portable
from tests.codec.strategies import nested, plains, same, stack_of

PLACE = root("message")


class Weather(BaseModel):
    """A structured answer with what makes reading it back hard."""

    model_config = ConfigDict(extra="forbid")

    city: str = Field(alias="cityName")
    when: date
    degrees: float = 0.0

    @computed_field  # type: ignore[prop-decorator] # as pydantic documents it; mypy knows no decorated property
    @property
    def fahrenheit(self) -> float:
        """Would be refused when read back."""
        return self.degrees * 1.8 + 32


class Stubborn(BaseModel):
    x: int = 1

    @field_serializer("x")
    def refuse(self, _value: int) -> int:
        """Fail, as a user's code may."""
        raise LookupError("no")


class Opaque(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    lock: Any


@dataclass
class Point:
    x: Any
    y: Any


class Colour(Enum):
    RED = ("r", 1)


class Name(str, Enum):  # noqa: UP042 -- the older form, whose str() is the name of the member
    ANN = "ann"


class Level(IntEnum):
    LOW = 1


class Pair(NamedTuple):
    left: int
    right: int


class Bytes(bytes):
    def __bytes__(self) -> bytes:
        """Lie, as a subclass may."""
        return b"lie"


class Shout(str):
    __slots__ = ()

    def __str__(self) -> str:
        """Lie, as a subclass may."""
        return "LIE"


class Number(float):
    def __float__(self) -> float:
        """Lie, as a subclass may."""
        return 0.0


class Frozen(Mapping[str, int]):
    def __getitem__(self, key: str) -> int:
        return {"a": 1}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("a",))

    def __len__(self) -> int:
        return 1


class MyAIMessage(AIMessage):
    score: float = 0.5
    _secret: int = PrivateAttr(default=7)


class Loud(HumanMessage):
    type: str = "loud"  # type: ignore[assignment] # as users do


class Custom(BaseMessage):
    type: str = "custom"


@given(plains)
def test_plain_data_passes_unchanged(value: Any) -> None:
    """What is plain already comes out the same."""
    assert same(value, portable(value, PLACE))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (
            Weather(cityName="Zürich", when=date(2026, 1, 2), degrees=21),
            {"cityName": "Zürich", "when": "2026-01-02", "degrees": 21.0},
        ),
        (
            [Document(page_content="a", metadata={"n": 1})],
            [{"id": None, "metadata": {"n": 1}, "page_content": "a", "type": "Document"}],
        ),
        (Point(1, Point(2, None)), {"x": 1, "y": {"x": 2, "y": None}}),
        (Colour.RED, ["r", 1]),
        (Name.ANN, "ann"),
        (Level.LOW, 1),
        (TextAccessor("hi"), "hi"),
        (Shout("hi"), "hi"),
        (True, True),
        (Number(2.5), 2.5),
        (Pair(1, 2), [1, 2]),
        ((1, {"a"}), [1, ["a"]]),
        (frozenset({b"x"}), [b"x"]),
        (bytearray(b"x"), b"x"),
        (memoryview(b"xyz")[::2], b"xz"),
        (Bytes(b"true"), b"true"),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[Level.LOW]), {"a": [1]}),
        (UserDict(a=1), {"a": 1}),
        (Frozen(), {"a": 1}),
        ({Name.ANN: 1, TextAccessor("b"): 2}, {"ann": 1, "b": 2}),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4, 5), "03:04:05"),
        (timedelta(days=1, seconds=1), "P1DT1S"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Decimal("1.10"), "1.10"),
        (PurePosixPath("/a/b"), "/a/b"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_a_form_as_data_is_kept_in_it(value: Any, plain: Any) -> None:
    """Objects become the data that stands for them, of the exact plain types, wherever they are."""
    assert same(plain, portable(value, PLACE))
    assert same({"deep": [plain]}, portable({"deep": [value]}, PLACE))
    assert encode_plain(plain) == encode_plain(portable(value, PLACE))


def test_a_pydantic_object_can_be_made_again() -> None:
    """What is kept of one is what its class validates: by alias, without computed fields."""
    weather = Weather(cityName="Zürich", when=date(2026, 1, 2))

    assert weather == Weather(**portable(weather, PLACE))


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (object(), "message is of type object; what can be kept is"),
        ({"a": [threading.Lock()]}, "message{0}[0] is of type lock; what can be kept is"),
        ([Level.LOW, iter(())], "message[1] is of type tuple_iterator; what can be kept is"),
        (Point, "message is of type type; what can be kept is"),
        (Weather, "message is of type ModelMetaclass; what can be kept is"),
        (1j, "message is of type complex; what can be kept is"),
        ({"a": {1: Level.LOW}}, "a key of message{0} is of type int; keys are of type str"),
        ({"a": Stubborn()}, "message{0} is of type Stubborn, which has no form as JSON"),
        ([Opaque(lock=threading.Lock())], "message[0] is of type Opaque, which has no form as JSON"),
        (Point(1, object()), "message{1} is of type object; what can be kept is"),
        ({"mary@example.org": Point(object(), 1)}, "message{0}{0} is of type object; what can be kept is"),
        (nested(MAX_DEPTH + 1, Level.LOW), "message{0}[0]{0}[0]{0}[0]{0}[0]... nests deeper than 253 levels"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_form_as_data_is_refused(value: Any, complaint: str) -> None:
    """The error names place and type, never content."""
    with pytest.raises(UsageError) as refused:
        portable(value, PLACE)

    assert str(refused.value).startswith(complaint)


def test_a_cycle_is_refused() -> None:
    """A container inside itself raises UsageError, also where it is a foreign one."""
    items: list[Any] = [Level.LOW]
    items.append(items)
    pairs: OrderedDict[str, Any] = OrderedDict(a=1)
    pairs["b"] = pairs
    for cycle in (items, pairs):
        with pytest.raises(UsageError, match="nests deeper than"):
            portable(cycle, PLACE)


def test_a_nearly_full_stack_is_no_recursion_error() -> None:
    """Where the caller has left no room on the stack, a deep foreign value is refused like any other."""
    value = nested(MAX_DEPTH - 1, Level.LOW)
    with (
        stack_of(100),
        pytest.raises(UsageError, match=r"^message nests deeper than the stack of the caller has room for$"),
    ):
        portable(value, PLACE)


def test_the_place_of_a_refusal_is_the_field() -> None:
    """The way from the message to the object is shown."""
    message = ToolMessage("ok", tool_call_id="1", artifact={"rows": [object()]})

    with pytest.raises(UsageError, match=r"^message\.artifact\{0\}\[0\] is of type object;"):
        message_to_plain(message)
    with pytest.raises(UsageError, match=r"^messages\[2\]\.artifact\{0\}\[0\] is of type object;"):
        message_to_plain(message, place=(root("messages"), 2))


def test_an_extra_field_without_form_is_refused() -> None:
    """Nothing is left out on the quiet."""
    with pytest.raises(UsageError, match=r"^message\.extra\{0\} is of type lock;"):
        message_to_plain(AIMessage("hi", lock=threading.Lock()))


def test_a_subclass_comes_back_as_its_nearest_class() -> None:
    """A user's class is never made; its own fields come back as extra ones, its private ones do not."""
    found = message_from_plain(
        message_to_plain(MyAIMessage.model_validate({"content": "hi", "score": 0.9, "seen": True}))
    )

    assert AIMessage("hi", score=0.9, seen=True) == found
    assert AIMessage is type(found)


def test_a_subclass_with_a_type_of_its_own_is_its_nearest_class() -> None:
    """The class decides, not the word."""
    assert HumanMessage("HI") == message_from_plain(message_to_plain(Loud(content="HI")))


@pytest.mark.parametrize(
    ("message", "name"), [(Custom(content="x"), "Custom"), ("hi", "str"), (None, "NoneType"), ({"type": "ai"}, "dict")]
)
def test_an_unknown_kind_is_refused(message: Any, name: str) -> None:
    """What derives from no known class is no message that could be read back."""
    with pytest.raises(UsageError) as refused:
        message_to_plain(message)

    assert f"message is of type {name}, not a known kind of message" == str(refused.value)


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (AIMessage("x").model_copy(update={"content": None}), "content"),
        (AIMessage("x").model_copy(update={"content": [1]}), "content"),
        (AIMessage("x").model_copy(update={"content": {"type": "text"}}), "content"),
        (AIMessage("x").model_copy(update={"tool_calls": None}), "tool_calls"),
        (AIMessage("x").model_copy(update={"tool_calls": [{"name": "a"}]}), "tool_calls"),
        (AIMessage("x").model_copy(update={"usage_metadata": {"input_tokens": None}}), "usage_metadata"),
        (AIMessage("x").model_copy(update={"additional_kwargs": [1]}), "additional_kwargs"),
        (SystemMessage("x").model_copy(update={"id": 5}), "id"),
        (SystemMessage("x").model_copy(update={"name": ["x"]}), "name"),
        (ToolMessage("x", tool_call_id="1").model_copy(update={"status": "maybe"}), "status"),
        (ToolMessage("x", tool_call_id="1").model_copy(update={"tool_call_id": None}), "tool_call_id"),
    ],
)
def test_a_broken_message_is_refused(message: BaseMessage, name: str) -> None:
    """What could not be read back is not written: an answer lost now is better than a session lost later."""
    with pytest.raises(UsageError) as refused:
        message_to_plain(message)

    assert f"message.{name} does not hold what a message of type {message.type} has there" == str(refused.value)


def test_a_message_without_a_required_field_is_refused() -> None:
    """`model_construct` can leave anything out."""
    with pytest.raises(UsageError, match=r"^message has no content, which a message of type human needs$"):
        message_to_plain(HumanMessage.model_construct())


def test_fields_left_out_come_back_as_defaults() -> None:
    """A message that `model_construct` made without its optional fields comes back with them."""
    assert HumanMessage("x") == message_from_plain(message_to_plain(HumanMessage.model_construct(content="x")))
