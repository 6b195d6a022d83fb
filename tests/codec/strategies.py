"""Plain data of every sort, and a judge of sameness that JSON's own blind spots cannot fool."""

import math
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

NASTY_TEXTS = (
    "",
    "\x00",
    "$llmcache",
    "=$llmcache",
    "$llmcache ",
    "%uD83D",
    "100%",
    "half an emoji: \ud83d",
    "\udc00 and the other half",
    "\ud83d\ude00",
    "😀",
    "é",
    "\u2028",
    '"value":',
    '{"llmcache":1}',
    "ß" * 300,
)

texts = st.one_of(st.sampled_from(NASTY_TEXTS), st.text(st.characters(exclude_categories=())))

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 2**1000)),
    st.floats(),
    st.sampled_from((-0.0, 1e308, 5e-324)),
    st.binary(max_size=20),
    texts,
)

plains = st.recursive(
    leaves,
    lambda inside: st.one_of(st.lists(inside, max_size=5), st.dictionaries(texts, inside, max_size=5)),
    max_leaves=20,
)

json_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)


def nested(depth: int, inside: Any = None) -> Any:
    """Return `depth` lists and dicts in turn inside each other, around `inside`."""
    value = inside
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


def same(left: Any, right: Any) -> bool:
    """True where both are the same plain data to the last bit: 1 is not True, 0.0 is not -0.0, nan is nan."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (
            math.isnan(left)
            if math.isnan(right)
            else (left, math.copysign(1, left)) == (right, math.copysign(1, right))
        )
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def containers(value: Any) -> list[int]:
    """Return the identities of all lists and dicts in `value`."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [id(value)] if isinstance(value, dict | list) else []
    return own + [identity for item in inside for identity in containers(item)]


@contextmanager
def stack_of(frames: int) -> Generator[None]:
    """Leave room for about `frames` more calls inside each other, as a caller deep in its own stack would."""
    frame, used = sys._getframe(), 0
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(used + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
