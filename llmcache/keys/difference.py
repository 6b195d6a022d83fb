"""The first difference between two explained requests, for "why are these two not one entry?"."""

import json
from dataclasses import dataclass

from llmcache.keys.explain import Explanation
from llmcache.model.units import Plain

ABSENT = "(absent)"
_BEFORE = 30
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two canonical forms part.

    Attributes:
        path: Where, as in `messages[2][1].content`.
        left: What stands there in the first, as JSON; of a long text the part around the difference; or `ABSENT`.
        right: The same of the second.
    """

    path: str
    left: str
    right: str


def first_difference(a: Explanation, b: Explanation) -> Difference | None:
    """Return the first difference in the order of the path, or None where both have one key."""
    if a.sort != b.sort:
        return Difference("sort", a.sort, b.sort)
    return _of(dict(a.form), dict(b.form), "")


def _of(left: Plain, right: Plain, path: str) -> Difference | None:
    if type(left) is dict and type(right) is dict:
        for name in sorted(left.keys() | right.keys()):
            below = f"{path}.{name}" if path else name
            if found := _member(left, right, name, below, present=(name in left, name in right)):
                return found
        return None
    if type(left) is list and type(right) is list:
        for index in range(max(len(left), len(right))):
            present = (index < len(left), index < len(right))
            if found := _member(left, right, index, f"{path}[{index}]", present=present):
                return found
        return None
    return _of_leaves(left, right, path)


def _member(left: Plain, right: Plain, name: str | int, path: str, *, present: tuple[bool, bool]) -> Difference | None:
    if all(present):
        return _of(left[name], right[name], path)
    shown = [_shown(tree[name]) if there else ABSENT for tree, there in zip((left, right), present, strict=True)]
    return Difference(path, *shown)


def _of_leaves(left: Plain, right: Plain, path: str) -> Difference | None:
    # By their printing: `1`, `1.0` and `True` are equal in Python and different in a key; NaN is the reverse.
    if type(left) is type(right) and repr(left) == repr(right):
        return None
    if type(left) is str and type(right) is str:
        start = _start(left, right)
        return Difference(path, _shown(left, start), _shown(right, start))
    return Difference(path, _shown(left), _shown(right))


def _start(left: str, right: str) -> int:
    """Return where to begin to show two texts, so that their first difference is in sight."""
    same = next((index for index, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
    return max(0, (min(len(left), len(right)) if same is None else same) - _BEFORE)


def _shown(value: Plain, start: int = 0) -> str:
    text = value if type(value) is str else json.dumps(value, sort_keys=True, ensure_ascii=False)
    piece = text[start : start + _SHOWN]
    shown = json.dumps(piece, ensure_ascii=False) if type(value) is str else piece
    return f"{'…' if start else ''}{shown}{'…' if start + _SHOWN < len(text) else ''}"
