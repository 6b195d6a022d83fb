"""The two texts of a tree: injective, and blind to the order of members only."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys.canonical import MAX_DEPTH, Part, counted_text, is_deep, json_text, read_json
from tests.keys.texts import ANY_TEXT, AS_JSON, PLAIN, same, shuffled


def nested(levels: int) -> Any:
    """Return a tree of so many levels of lists and objects."""
    tree: Any = 1
    for level in range(levels):
        tree = [tree] if level % 2 else {"a": tree}
    return tree


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (None, "n"),
        (True, "t"),
        (False, "f"),
        (255, "iff;"),
        (-1, "i-1;"),
        (1.0, "d1.0;"),
        (-0.0, "d-0.0;"),
        ("é:", "s2:é:"),
        ([], "l0;"),
        ([1, "a"], "l2;i1;s1:a"),
        ({"b": [], "a": {}}, "m2;1:am0;1:bl0;"),
    ],
)
def test_counted_text_of_each_type(tree: Any, text: str) -> None:
    """Each type has its letter; strings and containers have their size first; members stand in order."""
    assert text == counted_text(tree)


def test_counted_text_prints_integers_of_any_size() -> None:
    """The interpreter's limit on decimal digits does not apply."""
    assert f"i1{'0' * 5000};" == counted_text(16**5000)


@given(PLAIN, PLAIN)
def test_counted_text_is_injective(left: Any, right: Any) -> None:
    """Two trees have one text exactly where they are the same data."""
    assert same(left, right) is (counted_text(left) == counted_text(right))


@given(AS_JSON, AS_JSON)
def test_json_text_is_injective_over_what_json_can_say(left: Any, right: Any) -> None:
    """The same for trees that came as JSON, where two lone surrogates are one character already."""
    assert same(left, right) is (json_text(left) == json_text(right))


@given(st.data(), PLAIN)
def test_order_of_members_is_not_in_either_text(data: st.DataObject, tree: Any) -> None:
    """An object is its members, however they are ordered."""
    other = shuffled(data.draw, tree)

    assert counted_text(tree) == counted_text(other)
    assert json_text(tree) == json_text(other)


def test_json_text_is_compact_ascii_in_order() -> None:
    """The form that golden vectors and long strings rely on."""
    assert '{"a":[1,1.0,true,null,"\\u00e9\\"\\n"],"b":NaN}' == json_text(
        {"b": float("nan"), "a": [1, 1.0, True, None, 'é"\n']}
    )


@given(AS_JSON)
def test_what_dumps_writes_is_read(tree: Any) -> None:
    """The default form of `json.dumps` is read without loss, wherever it stands."""
    text = json.dumps(tree)
    found, end = read_json(f"[{text}---", 1)

    assert len(text) + 1 == end
    assert text == json.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        '{"1": "a", "1": "b"}',
        '{"a":1}',
        '["a" ]',
        "1.00",
        "1e400",
        "1E5",
        '"\\u0041"',
        '"\\/"',
        '"é"',
        '"\n"',
        "-0.00",
        "",
        "{",
        " 1",
        "1" * 5000,
    ],
)
def test_what_dumps_does_not_write_is_not_read(text: str) -> None:
    """Another spelling is another text: reading it would forget which it was."""
    with pytest.raises(ValueError):
        read_json(text)


@pytest.mark.parametrize("levels", [0, 1, 2, MAX_DEPTH - 1, MAX_DEPTH])
def test_tree_within_the_limit_is_not_deep(levels: int) -> None:
    """`MAX_DEPTH` levels are allowed."""
    assert is_deep(nested(levels)) is False


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, MAX_DEPTH + 2, 100_000])
def test_tree_beyond_the_limit_is_deep(levels: int) -> None:
    """One more is too many, and the answer never needs the interpreter's stack."""
    assert is_deep(nested(levels)) is True


def test_wide_tree_is_not_deep() -> None:
    """Only nesting counts, whichever member has it."""
    assert is_deep([[{"a": [1]}] * 50] * 50) is False
    assert is_deep([1, "[[[", {"a": nested(MAX_DEPTH - 2), "b": 1}]) is False
    assert is_deep([1, "[[[", {"a": nested(MAX_DEPTH - 1), "b": 1}]) is True


@given(ANY_TEXT)
def test_part_is_hashed_with_its_name(text: str) -> None:
    """What a text is made of is in the piece, before a colon that no name has."""
    assert f"prompt:{text}" == Part("prompt", text).piece.decode("utf-8", "surrogatepass")
