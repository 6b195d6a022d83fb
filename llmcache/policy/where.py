"""Filters: from what a user writes to a condition, and from a condition to yes or no.

    {"topic": "loans"}                              the fact equals the value
    {"year": {"$gte": 2024, "$lt": 2026}}           comparisons: $eq $ne $gt $gte $lt $lte $in $nin
    {"topic": "loans", "year": 2025}                all of them
    {"$or": [{"topic": "loans"}, {"urgent": True}]} $and $or $not
    {"address.city": "Bern"}                        a dot goes into a fact that is a mapping

What lacks only the "$" of an operator is refused, because it would fit nothing; `{"year": {"$eq": {"gte": 1}}}` says that a fact is such a mapping.

A fact that is missing fits `$ne`, `$nin` and nothing else. Values of different types are different, except that 1 equals 1.0; True is
no number. Order is defined between numbers and between texts; between others nothing is greater or less.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast, get_args

from llmcache.errors import UsageError
from llmcache.model.units import Plain
from llmcache.model.where import Comparison, Either, Every, Facts, Not, Test, Where

_COMPARISONS: Final = get_args(Comparison)
_ORDERS: Final = ("$gt", "$gte", "$lt", "$lte")
_LOGIC: Final = ("$and", "$or", "$not")
_BARE: Final = frozenset(name.removeprefix("$") for name in (*_COMPARISONS, *_LOGIC))
_DEEPEST: Final = 20
_MISSING: Final = object()


def read_filter(given: Mapping[str, Plain], *, depth: int = 0) -> Where:
    """Return the condition that a filter says.

    Raises:
        UsageError: It is no filter; says where, and never shows a value.
    """
    if not isinstance(given, Mapping):
        raise UsageError(f"a filter is a mapping of fields to values, found {type(given).__name__}")
    if depth > _DEEPEST:
        raise UsageError(f"a filter is nested deeper than {_DEEPEST} levels")
    parts = [part for name, said in given.items() for part in _read(name, said, depth)]
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _read(name: str, said: Plain, depth: int) -> list[Where]:
    if not isinstance(name, str) or not name:
        raise UsageError(f"a filter names fields by non-empty text, found {type(name).__name__}")
    if name in _LOGIC:
        return [_read_logic(name, said, depth)]
    if name.startswith("$"):
        raise UsageError(f"a filter knows {', '.join(_LOGIC)} at this place, found {name[:20]!r}")
    if isinstance(said, Mapping) and any(str(key).startswith("$") for key in said):
        return [_compare(name, how, value) for how, value in said.items()]
    _require_meant(name, said)
    return [_compare(name, "$eq", said)]


def _require_meant(name: str, said: Plain) -> None:
    """Raise UsageError where an operator seems to lack its sign: taken for a value it would fit nothing, and say so to nobody."""
    if isinstance(said, Mapping) and said and _BARE.issuperset(map(str, said)):
        raise UsageError(
            f"a filter compares {name[:40]!r} with a mapping of {', '.join(map(str, said))}; write "
            f"{', '.join(f'${how}' for how in said)}, or {{'$eq': ...}} where a fact is such a mapping"
        )
    is_list = isinstance(said, list | tuple) and any(isinstance(part, Mapping) for part in said)
    if f"${name}" in _LOGIC and (is_list or isinstance(said, Mapping)):
        raise UsageError(
            f"a filter names {name} with filters inside; write ${name}, or {{'$eq': ...}} for a fact of that name"
        )


def _read_logic(name: str, said: Plain, depth: int) -> Where:
    if name == "$not":
        return Not(read_filter(said, depth=depth + 1))
    if not isinstance(said, list | tuple) or not said:
        raise UsageError(
            f"{name} in a filter takes a list of one filter or more, found {'an empty list' if said == [] else type(said).__name__}"
        )
    parts = tuple(read_filter(part, depth=depth + 1) for part in said)
    return Every(parts) if name == "$and" else Either(parts)


def _compare(name: str, how: str, value: Plain) -> Where:
    if how not in _COMPARISONS:
        raise UsageError(f"a filter compares by {', '.join(_COMPARISONS)}, found {str(how)[:20]!r} for {name[:40]!r}")
    if how in {"$in", "$nin"}:
        if not isinstance(value, list | tuple | set | frozenset):
            raise UsageError(f"{how} takes a list of values, found {type(value).__name__} for {name[:40]!r}")
        value = tuple(value)
    elif how in _ORDERS and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise UsageError(f"{how} takes a number or a text, found {type(value).__name__} for {name[:40]!r}")
    # A number of numpy's fits no fact, because facts are JSON-like, and a search that finds nothing does not say why.
    for one in value if isinstance(value, tuple) else (value,):
        if one is not None and not isinstance(one, str | int | float | list | tuple | Mapping):
            raise UsageError(f"a filter compares with JSON-like values, found {type(one).__name__} for {name[:40]!r}")
    return Test(name, cast(Comparison, how), value)


def fits(facts: Facts, where: Where) -> bool:
    """True where the condition holds for `facts`."""
    match where:
        case Test():
            return _JUDGES[where.how](_fact(facts, where.field), where.value)
        case Every(parts=parts):
            return all(fits(facts, part) for part in parts)
        case Either(parts=parts):
            return any(fits(facts, part) for part in parts)
        case Not(part=part):
            return not fits(facts, part)


def _fact(facts: Facts, name: str) -> Any:
    if name in facts:
        return facts[name]
    found: Any = facts
    for step in name.split("."):
        if not isinstance(found, Mapping) or step not in found:
            return _MISSING
        found = found[step]
    return found


def _same(fact: Any, value: Any) -> bool:
    if isinstance(fact, bool) or isinstance(value, bool):
        return fact is value
    both_numbers = isinstance(fact, int | float) and isinstance(value, int | float)
    return bool(fact == value) and (both_numbers or type(fact) is type(value))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def judge(fact: Any, value: Any) -> bool:
        if isinstance(fact, bool) or isinstance(value, bool):
            return False
        both_numbers = isinstance(fact, int | float) and isinstance(value, int | float)
        both_texts = isinstance(fact, str) and isinstance(value, str)
        return (both_numbers or both_texts) and compare(fact, value)

    return judge


_JUDGES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": _same,
    "$ne": lambda fact, value: not _same(fact, value),
    "$gt": _ordered(lambda fact, value: fact > value),
    "$gte": _ordered(lambda fact, value: fact >= value),
    "$lt": _ordered(lambda fact, value: fact < value),
    "$lte": _ordered(lambda fact, value: fact <= value),
    "$in": lambda fact, value: any(_same(fact, one) for one in value),
    "$nin": lambda fact, value: not any(_same(fact, one) for one in value),
}
