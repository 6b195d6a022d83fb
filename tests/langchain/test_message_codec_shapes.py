"""The shapes agree with LangChain's classes, of this release and of a newer one."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import BaseModel, PrivateAttr, ValidationError

from llmcache.errors import DecodeError
from llmcache_langchain import messages as codec
from llmcache_langchain.handmade import handmade
from llmcache_langchain.messages import message_from_plain
from llmcache_langchain.shapes import SHAPES, Field, Shape, shape_of

REQUIRED: dict[str, dict[str, str]] = {
    "tool": {"tool_call_id": "1"},
    "function": {"name": "f"},
    "chat": {"role": "r"},
    "remove": {"id": "1"},
}


def internals(model: BaseModel) -> dict[str, Any]:
    """Return everything that a pydantic object consists of, by the names of its slots."""
    return {name: getattr(model, name) for name in BaseModel.__slots__}


def test_the_set_of_kinds_is_closed() -> None:
    """These seven, by the words that LangChain uses."""
    assert ["human", "ai", "system", "tool", "function", "chat", "remove"] == list(SHAPES)


@pytest.mark.parametrize("word", SHAPES)
def test_a_handmade_message_is_as_validation_makes_it(word: str) -> None:
    """Slot for slot, in the order of fields, with the types of every default."""
    shape = SHAPES[word]
    given = REQUIRED.get(word, {})
    validated = shape.model(**given) if word == "remove" else shape.model(content="", **given)
    made = message_from_plain({"type": word, "content": "", **given})

    assert internals(validated) == internals(made)
    assert list(validated.__dict__) == list(made.__dict__)
    assert [type(value) for value in validated.__dict__.values()] == [type(value) for value in made.__dict__.values()]


@pytest.mark.parametrize("word", SHAPES)
def test_every_field_of_the_installed_langchain_is_known(word: str) -> None:
    """None has a field that would need the slower way; one that did would still be right."""
    assert frozenset() == SHAPES[word].unknown


@pytest.mark.parametrize("model", [*(shape.model for shape in SHAPES.values()), Generation, ChatGeneration])
def test_no_class_does_more_than_hold_fields(model: type[BaseModel]) -> None:
    """Making by hand leaves out private attributes and hooks; these classes have none."""
    assert ({}, None) == (model.__private_attributes__, model.__pydantic_post_init__)


def test_the_nearest_class_is_found() -> None:
    """A class has the shape of the first known one among its ancestors; a stranger has none."""

    class Mine(ToolMessage):
        pass

    assert SHAPES["tool"] is shape_of(Mine)
    assert SHAPES["remove"] is shape_of(RemoveMessage)
    assert shape_of(BaseMessage) is None
    assert shape_of(str) is None


class NewerAIMessage(AIMessage):
    """AIMessage of a LangChain to come."""

    stop_reason: str = "unknown"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Shape:
    """The shapes as they were if AIMessage had a field that we do not know."""
    own = {name: field for name, field in SHAPES["ai"].fields.items() if name not in SHAPES["human"].fields}
    shape = Shape.of(NewerAIMessage, **own)
    monkeypatch.setattr(codec, "SHAPES", {**SHAPES, "ai": shape})
    return shape


def test_a_newer_field_is_noticed(newer: Shape) -> None:
    """A field that is not known is named, and left out of the blank."""
    assert frozenset({"stop_reason"}) == newer.unknown
    assert "stop_reason" not in newer.blank


def test_a_newer_field_gets_its_default(newer: Shape) -> None:
    """What an older release wrote is read by LangChain's own constructor."""
    found = message_from_plain({"type": "ai", "content": "hi", "id": "1", "extra": {"seen": True}})

    assert NewerAIMessage.model_validate({"content": "hi", "id": "1", "seen": True}) == found


def test_a_newer_field_keeps_its_value(newer: Shape) -> None:
    """What was written beside the known fields is given to the constructor."""
    found = message_from_plain({"type": "ai", "content": "hi", "extra": {"stop_reason": "end"}})

    assert NewerAIMessage(content="hi", stop_reason="end") == found


@pytest.mark.parametrize("extra", [{"stop_reason": 5}, {"self": 1}, {"stop_reason": ["x"]}])
def test_a_newer_field_is_validated(newer: Shape, extra: dict[str, Any]) -> None:
    """What the constructor does not take is a DecodeError."""
    with pytest.raises(DecodeError, match=r"^LangChain does not take the fields of a message of type ai$"):
        message_from_plain({"type": "ai", "content": "hi", "extra": extra})


class Agreeable:
    def __eq__(self, other: object) -> bool:
        """Agree with everything, as arrays and mocks do."""
        return True

    __hash__ = None  # type: ignore[assignment] # equal to everything, so of no hash


def test_a_field_may_be_left_out_at_its_default() -> None:
    """Equal in type and value, and not required; anything may stand in a message, so types are compared first."""
    assert Field(bool, {}).may_omit({})
    assert Field(bool, None).may_omit(None)
    assert Field(bool, "success").may_omit("success")
    assert not Field(bool, {}).may_omit([])
    assert not Field(bool, {}).may_omit({"a": 1})
    assert not Field(bool, None).may_omit(0)
    assert not Field(bool, None).may_omit(Agreeable())
    assert not Field(bool, "", is_required=True).may_omit("")


def test_a_handmade_object_owns_what_it_is_given() -> None:
    """The four attributes are the very objects."""

    class Secretive(BaseModel):
        x: int
        _y: int = PrivateAttr(default=1)

    fields: dict[str, Any] = {"x": "unchecked"}
    given, private = {"x"}, {"_y": 2}
    made = handmade(Secretive, fields, given, None, private)

    assert fields is made.__dict__
    assert given is made.model_fields_set
    assert made.__pydantic_extra__ is None
    assert private is made.__pydantic_private__
    assert handmade(HumanMessage, {}, set(), {}).__pydantic_private__ is None
    with pytest.raises(ValidationError):
        Secretive(**fields)
