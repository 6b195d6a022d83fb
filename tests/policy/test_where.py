"""Filters: what they say, and what fits them."""

from typing import Any

import numpy as np
import pytest

from llmcache.errors import UsageError
from llmcache.policy.where import fits, read_filter

FACTS = {"topic": "loans", "year": 2025, "share": 0.5, "open": True, "place": {"city": "Bern"}, "a.b": 1, "none": None}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"topic": "loans"}, True),
        ({"topic": "cards"}, False),
        ({"topic": "loans", "year": 2025}, True),
        ({"topic": "loans", "year": 2024}, False),
        ({"year": 2025.0}, True),
        ({"year": "2025"}, False),
        ({"open": True}, True),
        ({"open": 1}, False),
        ({"year": {"$gte": 2025, "$lt": 2026}}, True),
        ({"year": {"$gt": 2025}}, False),
        ({"year": {"$lte": 2025}}, True),
        ({"year": {"$gt": "2024"}}, False),
        ({"open": {"$gt": 0}}, False),
        ({"topic": {"$gt": "cards"}}, True),
        ({"topic": {"$in": ["cards", "loans"]}}, True),
        ({"topic": {"$nin": ["cards", "loans"]}}, False),
        ({"missing": {"$ne": 1}}, True),
        ({"missing": {"$nin": [1]}}, True),
        ({"missing": None}, False),
        ({"none": None}, True),
        ({"missing": {"$lt": 5}}, False),
        ({"place.city": "Bern"}, True),
        ({"place.street": "Bern"}, False),
        ({"place": {"city": "Bern"}}, True),
        ({"a.b": 1}, True),
        ({"$or": [{"topic": "cards"}, {"year": 2025}]}, True),
        ({"$and": [{"topic": "loans"}, {"year": 2024}]}, False),
        ({"$not": {"topic": "loans"}}, False),
        ({"$or": [{"$not": {"topic": "loans"}}, {"share": {"$gte": 0.5}}]}, True),
    ],
)
def test_a_filter_says_what_fits(given: dict[str, Any], expected: bool) -> None:
    """Types are told apart, missing facts fit nothing but inequality, and conditions combine."""
    assert expected == fits(FACTS, read_filter(given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "a mapping"),
        ({1: 2}, "non-empty text"),
        ({"": 2}, "non-empty text"),
        ({"$xor": []}, "knows"),
        ({"$or": []}, "a list of one filter or more, found an empty list"),
        ({"$or": {"a": 1}}, "a list of one filter or more, found dict"),
        ({"year": {"$gte": None}}, "[$]gte takes a number or a text, found NoneType for 'year'"),
        ({"year": {"$lt": [2026]}}, "[$]lt takes a number or a text, found list"),
        ({"year": {"$gt": True}}, "[$]gt takes a number or a text, found bool"),
        ({"$not": 3}, "a mapping"),
        ({"year": {"$near": 3}}, "compares by"),
        ({"year": {"$gt": 3, "x": 1}}, "compares by"),
        ({"year": {"gte": 1}}, r"a mapping of gte; write [$]gte, or \{'[$]eq': \.\.\.\}"),
        ({"year": {"gte": 1, "lt": 3}}, "write [$]gte, [$]lt"),
        ({"or": [{"a": 1}, {"b": 2}]}, "write [$]or"),
        ({"not": {"a": 1}}, "write [$]not"),
        ({"year": {"$in": 3}}, "a list of values"),
        ({"year": np.int64(3)}, "JSON-like values, found int64"),
        ({"year": {"$in": [1, b"3"]}}, "JSON-like values, found bytes"),
    ],
)
def test_what_is_no_filter_is_refused(given: Any, said: str) -> None:
    """The message says what is known at that place, and shows no value."""
    with pytest.raises(UsageError, match=said):
        read_filter(given)


def test_fact_that_looks_like_an_operator_is_found_where_that_is_said() -> None:
    """`$eq` takes any value; a mapping of other names, or none, is one without it."""
    facts = {"range": {"gte": 1}, "place": {"city": "Bern"}, "or": [1], "none": {}}

    assert fits(facts, read_filter({"range": {"$eq": {"gte": 1}}, "place": {"city": "Bern"}, "or": [1], "none": {}}))


def test_a_filter_that_never_ends_is_refused() -> None:
    """Nesting is bounded."""
    given: dict[str, Any] = {"a": 1}
    for _ in range(30):
        given = {"$not": given}

    with pytest.raises(UsageError, match="deeper"):
        read_filter(given)
