"""Conditions as filters of a vector set: what they say, and what they leave to whoever judges afterwards."""

import pytest

from llmcache.errors import StoreUnavailable
from llmcache.model.where import Either, Every, Not, Test, Where
from llmcache.protocols.deed import Deed
from llmcache_redis.commands import Reply
from llmcache_redis.filters import fields_of, filter_of
from llmcache_redis.points import point_of

A, B = Test("a", "$eq", "x"), Test("b", "$gt", 1.5)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (None, ""),
        (A, ' and .f_a == "x"'),
        (B, " and .f_b >= 1.5"),
        (Every((A, B)), ' and .f_a == "x" and .f_b >= 1.5'),
        (Test("a", "$eq", True), " and .f_a == 1.0"),
        (Test("a", "$in", ("x", 2)), ' and (.f_a == "x" or .f_a == 2.0)'),
        (Either((A, Test("a", "$lte", 3))), ' and (.f_a == "x" or .f_a <= 3.0)'),
        (Every((A, Either((A, B)))), ' and .f_a == "x"'),
        (Not(A), ""),
        (Test("a", "$ne", "x"), ""),
        (Test("a.b", "$eq", 1), ""),
        (Test("a", "$eq", None), ""),
        (Test("a", "$gt", "x"), ""),
        (Test("a", "$eq", 'x" or 1 == 1 or "'), ""),
        (Test("a == 1 or .e", "$eq", 1), ""),
        (Test("a", "$eq", "é"), ""),
        (Test("a", "$in", ()), ""),
        (Test("a", "$eq", 10**16), ""),
        (Test("a", "$lt", float("inf")), ""),
    ],
)
def test_only_what_leaves_out_nothing_that_fits_is_said(where: Where | None, said: str) -> None:
    """A filter is false where a field is missing, knows no types, and might be written by whoever asks."""
    assert f".e > 12.5{said}" == filter_of(where, 12.5)


def test_facts_that_a_filter_can_compare_are_fields() -> None:
    """Those that it would read otherwise than they were written are not."""
    facts = {
        "n": 1,
        "yes": True,
        "text": "x y",
        "none": None,
        "list": [1],
        "quoted": '"',
        "a-b": 1,
        "é": 1,
        "": 1,
        "big": 10**20,
    }

    assert {"f_n": 1, "f_yes": 1, "f_text": "x y"} == fields_of(facts)


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        [b"a", b"{}", b"\x00" * 4, b"", b"1"],
        [b"a", b"no JSON", b"\x00" * 4, b"", b"1"],
        [b"\xff", b'{"e":9e99,"k":null,"f":{}}', b"\x00" * 4, b"", b"1"],
        [b"a", b'{"e":9e99,"k":null,"f":{}}', b"\x00" * 4, b"", b"far"],
        [b"a", b'{"e":"late","k":null,"f":{}}', b"\x00" * 4, b"", b"1"],
    ],
)
def test_row_that_no_script_gives_is_an_error_of_ours(row: Reply) -> None:
    """What another program has put there, or a broken wire, becomes no point."""
    with pytest.raises(StoreUnavailable, match="the reply is none that was asked for"):
        point_of(row, Deed("nearest"))
