"""What the other tests of the codec let pass when the code is changed in one small place."""

import copy
import json
from typing import Any

import pytest

from llmcache.codec.markers import escaped, revived
from llmcache.codec.place import root
from llmcache.codec.plain import decode_plain, encode_marked, encode_plain
from tests.codec.strategies import same

NAN = float("nan")


@pytest.mark.parametrize("value", [["$llmcache", NAN], [NAN, ["$llmcache"]], {"a": ["$llmcache", b"x"]}])
def test_the_marker_word_in_a_list_is_text(value: Any) -> None:
    """Only a key of a dict makes a marker: a list that holds the word beside real markers is a list."""
    assert same(value, decode_plain(encode_plain(value), max_bytes=1_000))


@pytest.mark.parametrize(
    "document",
    [
        [{"$llmcache": "bytes", "v": "eA=="}],
        {"a": {"$llmcache": "bytes", "v": "eA=="}},
        {"$llmcache": "dict", "=$llmcache": [{"$llmcache": "bytes", "v": "eA=="}]},
    ],
)
def test_reviving_leaves_the_document_alone(document: Any) -> None:
    """Markers are replaced in a copy."""
    before = copy.deepcopy(document)
    revived(document)

    assert before == document


@pytest.mark.parametrize("number", [-(2**63), 2**64 - 1])
def test_the_last_integers_of_json_need_no_marker(number: int) -> None:
    """What fits into 64 bits is a number on the store's console, beside a marker as well."""
    assert [number] == escaped([number], root("value"))


@pytest.mark.parametrize("value", [["$llmcache"], {"a": ["$llmcache", 1]}])
def test_the_marker_word_in_a_list_marks_nothing(value: Any) -> None:
    """A value is marked only where it holds a marker."""
    assert (json.dumps(value, separators=(",", ":")).encode(), False) == encode_marked(value)
