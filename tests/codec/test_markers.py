"""Markers are read only as they are written."""

import binascii
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.markers import escaped, revived
from llmcache.codec.place import root
from llmcache.errors import DecodeError
from tests.codec.strategies import plains, same

VALUE = root("value")


@given(plains)
def test_reviving_undoes_escaping(value: Any) -> None:
    """Whatever is escaped comes back the same."""
    assert same(value, revived(escaped(value, VALUE)))


@given(plains)
def test_escaping_leaves_the_value_alone(value: Any) -> None:
    """Escaping copies: escaping twice gives the same."""
    assert escaped(value, VALUE) == escaped(value, VALUE)


@pytest.mark.parametrize("word", ["tuple", "set", "object", "", "Float", "dicts", None, 1, True, [], {}, ["dict"]])
def test_unknown_markers_are_refused(word: Any) -> None:
    """There are five words; anything else under the marker key raises DecodeError."""
    with pytest.raises(DecodeError, match=r"^an unknown marker; this release knows bytes, dict, float, int and str$"):
        revived([{"$llmcache": word, "v": "1"}])


@pytest.mark.parametrize("text", [None, 1, 1.5, True, [], {}])
@pytest.mark.parametrize("word", ["float", "int", "str", "bytes"])
def test_a_marker_holds_text(word: str, text: Any) -> None:
    """The value beside the word is text."""
    with pytest.raises(DecodeError, match=r"^an unknown marker"):
        revived({"$llmcache": word, "v": text})


@pytest.mark.parametrize("word", ["float", "int", "str", "bytes"])
def test_a_marker_without_value_is_refused(word: str) -> None:
    """The word alone says nothing."""
    with pytest.raises(DecodeError, match=r"^an unknown marker"):
        revived({"$llmcache": word})


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("float", "NaN"),
        ("float", "infinity"),
        ("float", "1.5"),
        ("float", "1e999"),
        ("float", " nan"),
        ("float", "x"),
        ("int", "0x1"),
        ("int", "0xFFFFFFFFFFFFFFFFFF"),
        ("int", "0x1_0000000000000000"),
        ("int", "10000000000000000"),
        ("int", "0x"),
        ("int", ""),
        ("str", "nothing special"),
        ("str", ""),
        ("str", "100% \ud800"),
        ("str", "%uD800 100%"),
        ("str", "%ud800"),
        ("str", "%uE000"),
        ("bytes", "A"),
        ("bytes", "AAEC\n"),
        ("bytes", "AA EC"),
        ("bytes", "AAE"),
        ("bytes", "AAF="),
        ("bytes", "é"),
    ],
)
def test_other_spellings_are_refused(word: str, text: str) -> None:
    """One value has one spelling."""
    with pytest.raises(DecodeError, match=rf"^a {word} marker is not spelled as this release writes it$"):
        revived({"$llmcache": word, "v": text})


@pytest.mark.parametrize("word", ["float", "int", "str", "bytes"])
def test_nothing_hides_beside_a_marker(word: str) -> None:
    """A marker has exactly two fields."""
    values = {"float": float("inf"), "int": 2**64, "str": "\ud800", "bytes": b"x"}
    marker = escaped(values[word], VALUE)

    assert values[word] == revived(marker)
    with pytest.raises(DecodeError, match=rf"^a {word} marker is not spelled"):
        revived({**marker, "more": 1})


@pytest.mark.parametrize(
    "marker",
    [
        {},
        {"=a": 1},
        {"$llmcache": 1},
        {"=$llmcache": 1, "a": 1},
        {"=$llmcache": 1, "": 1},
        {"=$llmcache": 1, "v": 1},
        {"=$llmcache": 1, "=%": 1},
        {"=$llmcache": 1, "=%uD80": 1},
        {"=\ud800": 1},
        {"x$llmcache": 1},
    ],
)
def test_other_forms_of_a_marked_dict_are_refused(marker: dict[str, Any]) -> None:
    """A marked dict has an equals sign before each key, spelled as we do, and a reason to be marked."""
    with pytest.raises(DecodeError):
        revived({**marker, "$llmcache": "dict"})


def test_markers_inside_a_marked_dict_are_read() -> None:
    """A marked dict holds plain values and markers like any other."""
    marked = {"$llmcache": "dict", "=$llmcache": {"$llmcache": "bytes", "v": "eA=="}, "=a": [{"b": 1}]}

    assert {"$llmcache": b"x", "a": [{"b": 1}]} == revived(marked)


@given(st.binary())
def test_bytes_are_written_as_base64(raw: bytes) -> None:
    """Anyone can read bytes with a standard tool."""
    assert raw == binascii.a2b_base64(escaped(raw, VALUE)["v"])


@given(
    st.recursive(
        st.none() | st.text(),
        lambda inside: st.dictionaries(
            st.sampled_from(["$llmcache", "v", "=$llmcache", "=v", "a"]),
            inside | st.sampled_from(["dict", "float", "int", "str", "bytes", "0x1"]),
            max_size=4,
        ),
    )
)
def test_reviving_raises_nothing_but_decode_error(document: Any) -> None:
    """Whatever stands around the marker key, reading gives plain data or DecodeError."""
    try:
        value = revived(document)
    except DecodeError:
        return

    assert same(value, revived(escaped(value, VALUE)))
