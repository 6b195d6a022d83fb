"""Conditions on facts as filters of a vector set: what they let through is more than what fits, and never less.

A filter looks at the fields of an element's attributes, and knows numbers and texts. It is false as a whole where a field is
missing, does not tell 1 from "1" or from true, and knows no field inside another. So only what it can say without leaving out a
point that fits is said here, and who searches judges each point again, by `policy.where`.
"""

from math import isfinite
from typing import Any, Final

from llmcache.model.units import Instant
from llmcache.model.where import Either, Every, Facts, Test, Where

_LONGEST: Final = 200
_SIGNS: Final = {"$eq": "==", "$gt": ">=", "$gte": ">=", "$lt": "<=", "$lte": "<="}
# Compared as floats, large integers that differ may be equal: what is greater is at least as great.


def fields_of(facts: Facts) -> dict[str, Any]:
    """Return the attributes by which facts can be filtered."""
    return {_field(name): _plain(value) for name, value in facts.items() if _is_name(name) and _is_plain(value)}


def filter_of(where: Where | None, at: Instant) -> str:
    """Return the filter for points that have not ended at `at`, and as much of `where` as can be said."""
    said = None if where is None else _said(where)
    return f".e > {float(at)!r}" + (f" and {said}" if said else "")


def _said(where: Where) -> str | None:
    match where:
        case Every(parts=parts):
            said = [one for one in map(_said, parts) if one]
            return " and ".join(said) or None
        case Either(parts=parts):
            return _either(parts)
        case Test():
            return _compared(where)
        case _:
            return None


def _either(parts: tuple[Where, ...]) -> str | None:
    # With two fields it would be false where either is missing.
    fields = {one.field for one in parts if isinstance(one, Test)}
    said = [_said(one) for one in parts if isinstance(one, Test)]
    if len(fields) != 1 or len(said) != len(parts) or None in said:
        return None
    return f"({' or '.join(one for one in said if one)})"


def _compared(test: Test) -> str | None:
    if not _is_name(test.field):
        return None
    name = f".{_field(test.field)}"
    if test.how == "$in" and test.value and all(map(_is_plain, test.value)):
        return f"({' or '.join(f'{name} == {_literal(one)}' for one in test.value)})"
    is_ordered = isinstance(test.value, int | float) and not isinstance(test.value, bool)
    if test.how in _SIGNS and _is_plain(test.value) and (test.how == "$eq" or is_ordered):
        return f"{name} {_SIGNS[test.how]} {_literal(test.value)}"
    return None


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").isalnum() and len(name) <= _LONGEST


def _field(name: str) -> str:
    return f"f_{name}"


def _is_plain(value: Any) -> bool:
    """True for what a filter can compare, and a literal of it can be written without any escape."""
    if isinstance(value, str):
        return len(value) <= _LONGEST and value.isascii() and value.isprintable() and not set(value) & set("\"'\\")
    return isinstance(value, int | float) and abs(value) < 1e15 and isfinite(value)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(float(value))
