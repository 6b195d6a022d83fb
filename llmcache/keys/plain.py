"""Plain data: what a request may be made of, and the error that says where it is not.

The check runs before anything is hashed, because a text such as `repr(object)` in a key would either never be found
again or meet another object's.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

from llmcache.errors import UsageError
from llmcache.keys.canonical import MAX_DEPTH
from llmcache.model.units import Plain

_EXACT = frozenset({str, int, bool, type(None)})


class _NotPlain(Exception):
    """Carries what was found; each level on the way out adds where it was."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.steps: list[str] = []


def checked(value: Plain, name: str) -> Plain:
    """Return `value` as exact plain data: a fresh tree of dict, list, str, int, float, bool and None.

    Tuples and other sequences become lists, mappings become dicts, subclasses of str, int and float their plain value.

    Args:
        value: What the caller gave; not changed, and not shared with the result where it can change.
        name: What to call it in an error.

    Raises:
        UsageError: Something in it is not JSON-like; the message has the path, members of mappings by position,
            and the type, never the content.
    """
    try:
        return _plain(value, MAX_DEPTH)
    except _NotPlain as error:
        path = name + "".join(reversed(error.steps))
        raise UsageError(
            f"{path} is {error}; a request is made of str, int, finite float, bool, None, lists and str-keyed mappings"
        ) from None


def _plain(value: Plain, depth: int) -> Plain:
    kind = type(value)
    if kind in _EXACT:
        return value
    if kind is dict or isinstance(value, Mapping):
        return _mapping(value, _below(depth))
    if kind is list or (isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview)):
        return _sequence(value, _below(depth))
    return _scalar(value)


def _below(depth: int) -> int:
    if depth == 0:
        raise _NotPlain(f"nested deeper than {MAX_DEPTH} levels")
    return depth - 1


def _mapping(value: Mapping[str, Plain], depth: int) -> dict[str, Plain]:
    fresh: dict[str, Plain] = {}
    for name, member in value.items():
        if type(name) is str and type(member) in _EXACT:  # nearly all members, at a third of the time
            fresh[name] = member
            continue
        if not isinstance(name, str):
            raise _NotPlain(f"a mapping with a key of type {type(name).__name__}")
        try:
            fresh[str.__str__(name)] = _plain(member, depth)
        except _NotPlain as error:
            # By its position, `list(value.values())[2]`: a name may be anything, also somebody's own.
            error.steps.append(f"{{{len(fresh)}}}")
            raise
    return fresh


def _sequence(value: Sequence[Plain], depth: int) -> list[Plain]:
    fresh: list[Plain] = []
    for member in value:
        try:
            fresh.append(_plain(member, depth))
        except _NotPlain as error:
            error.steps.append(f"[{len(fresh)}]")
            raise
    return fresh


def _scalar(value: Plain) -> Plain:
    if isinstance(value, str):
        return str.__str__(value)  # not str(value): an enum prints its name
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise _NotPlain("a float that is not finite")
        return float.__float__(value)
    raise _NotPlain(f"of type {type(value).__name__}")
