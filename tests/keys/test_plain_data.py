"""What a request may be made of, and the error that says where it is not."""

from collections import ChainMap, OrderedDict, deque
from enum import IntEnum, StrEnum
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from llmcache.errors import UsageError
from llmcache.keys.canonical import MAX_DEPTH
from llmcache.keys.plain import checked
from tests.keys.texts import PLAIN, same


class Role(StrEnum):
    USER = "user"


class Level(IntEnum):
    LOW = 1


class Loud(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self.upper()


@given(PLAIN)
def test_plain_data_comes_back_the_same_and_fresh(tree: Any) -> None:
    """Nothing changes, and no list or dict is shared with the caller."""
    fresh = checked(tree, "x")

    assert same(tree, fresh)
    assert not isinstance(tree, dict | list) or fresh is not tree


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ((1, (2, ())), [1, [2, []]]),
        (deque([1]), [1]),
        (range(2), [0, 1]),
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
        (ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
        ({"role": Role.USER, Role.USER: "role"}, {"role": "user", "user": "role"}),
        ([Level.LOW, np.float64(0.5), Loud("a")], [1, 0.5, "a"]),
        ({Loud("a"): Loud("b")}, {"a": "b"}),
    ],
)
def test_other_containers_and_subclasses_become_plain(given: Any, plain: Any) -> None:
    """Tuples are lists, mappings are dicts, and an enum member is the value that would go over the wire."""
    assert same(plain, checked(given, "x"))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"a", "of type bytes"),
        (bytearray(), "of type bytearray"),
        (memoryview(b""), "of type memoryview"),
        ({1}, "of type set"),
        (object(), "of type object"),
        (np.int64(1), "of type int64"),
        (1j, "of type complex"),
        (SimpleNamespace(secret="s3cret"), "of type SimpleNamespace"),
        (float("nan"), "a float that is not finite"),
        (float("inf"), "a float that is not finite"),
        (np.float64("-inf"), "a float that is not finite"),
        ({1: "s3cret"}, "a mapping with a key of type int"),
        ({None: "s3cret"}, "a mapping with a key of type NoneType"),
    ],
)
def test_anything_else_is_refused_with_its_path_and_type(value: Any, found: str) -> None:
    """The message says where and what type, and what is allowed; never the content."""
    with pytest.raises(UsageError) as error:
        checked([{"a": "s3cret", "b": ("x", value)}], "messages")

    allowed = "a request is made of str, int, finite float, bool, None, lists and str-keyed mappings"
    assert f"messages[0]{{1}}[1] is {found}; {allowed}" == str(error.value)
    assert error.value.__cause__ is None


def test_top_of_a_path_is_the_name_alone() -> None:
    """What is wrong itself has no steps behind it."""
    with pytest.raises(UsageError, match=r"^model is of type bytes; "):
        checked(b"", "model")


def test_member_is_named_by_its_position() -> None:
    """What a member is called may be somebody's data, also where it looks like a field."""
    with pytest.raises(UsageError) as error:
        checked({"a": 1, "s3cret": {"a": [], "b": "x", "mary": object()}}, "x")

    assert str(error.value).startswith("x{1}{2} is of type object; ")


def test_nesting_to_the_limit_is_allowed() -> None:
    """`MAX_DEPTH` containers one inside the other pass."""
    tree: Any = "leaf"
    for _ in range(MAX_DEPTH):
        tree = [tree]

    assert same(tree, checked(tree, "x"))


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_nesting_beyond_the_limit_is_refused_even_without_end(kind: str) -> None:
    """A container that holds itself is refused as nested too deep."""
    endless: Any = [] if kind == "list" else {}
    endless.append(endless) if kind == "list" else endless.update(a=endless)

    with pytest.raises(UsageError, match=f"is nested deeper than {MAX_DEPTH} levels; "):
        checked(endless, "x")
