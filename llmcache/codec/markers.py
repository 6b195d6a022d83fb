"""Markers: how JSON says the plain values that it has no word for.

    {"$llmcache": "float", "v": "nan"}                    nan, inf, -inf
    {"$llmcache": "int", "v": "0x10000000000000000"}      an integer beyond 64 bits
    {"$llmcache": "str", "v": "half an emoji: %uD83D"}    lone surrogates as %uXXXX; the percent sign as %25
    {"$llmcache": "bytes", "v": "AAEC"}                   base64
    {"$llmcache": "dict", "=$llmcache": 1, "=other": 2}   a dict with that very key, or with a surrogate in one

These five are all. Reading one back makes a float, an int, a str, bytes or a dict, and never looks up, imports or
calls anything by a name that stands in the data. A marker is accepted only in the form that is written here,
so that one value has one spelling.

`escaped` is also the one place that judges what is plain, slowly and with places for its errors.
"""

import binascii
import math
import re
from collections.abc import Callable, Iterable

from llmcache.codec.place import Place, spell
from llmcache.errors import DecodeError, UsageError
from llmcache.model.units import Plain

MAX_DEPTH = 253
"""Most containers inside each other: what orjson writes inside the one object of an envelope."""

MARKER = "$llmcache"

_LEAST_INT, _MOST_INT = -(2**63), 2**64 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPELLED = re.compile("%(?:25|u(D[89A-F][0-9A-F]{2}))")


def escaped(value: Plain, place: Place) -> Plain:
    """Return a copy of `value` that JSON can say, with markers where it needs them.

    Args:
        value: Should be plain data.
        place: What to call it in errors.

    Raises:
        UsageError: It is not plain, or nests deeper than `MAX_DEPTH` or than the stack has room for.
    """
    try:
        return _escaped(value, place, 1)
    except RecursionError as error:
        raise UsageError(f"{spell(place)} nests deeper than the stack of the caller has room for") from error


def revived(value: Plain) -> Plain:
    """Return a copy of the parsed JSON `value` in which each marker is what it stands for.

    Raises:
        DecodeError: A marker that `escaped` does not write, or nesting deeper than `MAX_DEPTH` or the stack.
    """
    try:
        return _revived(value, 1)
    except RecursionError as error:
        raise DecodeError("the value nests deeper than the stack of the caller has room for") from error


# In these two a level of nesting costs one frame of the stack: no comprehensions, which cost another on Python 3.11.


def _escaped(value: Plain, place: Place, depth: int) -> Plain:
    kind = type(value)
    leaf = _ESCAPES.get(kind)
    if leaf is not None:
        return leaf(value)
    _require_container(kind, place, depth)
    if kind is not dict:
        items: list[Plain] = list(value)
        for index, item in enumerate(value):
            items[index] = _escaped(item, (place, index), depth + 1)
        return items
    _require_text_keys(value, place)
    is_marked = _needs_escape(value)
    pairs: dict[str, Plain] = {MARKER: "dict"} if is_marked else {}
    for position, (key, item) in enumerate(value.items()):
        pairs[f"={_spelled(key)}" if is_marked else key] = _escaped(item, (place, (position,)), depth + 1)
    return pairs


def _revived(value: Plain, depth: int) -> Plain:
    kind = type(value)
    if kind is not dict and kind is not list:
        return value
    is_marked = kind is dict and MARKER in value
    if is_marked and value[MARKER] != "dict":
        return _revived_leaf(value)
    if depth > MAX_DEPTH:
        raise DecodeError(f"the value nests deeper than {MAX_DEPTH} levels")
    if kind is list:
        items: list[Plain] = list(value)
        for index, item in enumerate(value):
            items[index] = _revived(item, depth + 1)
        return items
    pairs: dict[str, Plain] = {}
    for key, item in (_unmarked(value) if is_marked else value).items():
        pairs[key] = _revived(item, depth + 1)
    return pairs


def _require_container(kind: type, place: Place, depth: int) -> None:
    if kind not in (dict, list, tuple):
        raise UsageError(
            f"{spell(place)} is of type {kind.__name__}; "
            "what can be kept is None, bool, int, float, str, bytes, list, and dict with str keys"
        )
    if depth > MAX_DEPTH:
        raise UsageError(f"{spell(place)} nests deeper than {MAX_DEPTH} levels")


def _require_text_keys(value: dict[Plain, Plain], place: Place) -> None:
    for key in value:
        if type(key) is not str:
            raise UsageError(f"a key of {spell(place)} is of type {type(key).__name__}; keys are of type str")


def _unmarked(value: dict[str, Plain]) -> dict[str, Plain]:
    own = {_own_key(key): item for key, item in value.items() if key != MARKER}
    if not _needs_escape(own):
        raise _misspelled("dict")
    return own


def _own_key(key: str) -> str:
    own = _unspelled(key[1:])
    if f"={_spelled(own)}" != key:
        raise _misspelled("dict")
    return own


def _needs_escape(keys: Iterable[str]) -> bool:
    return any(key == MARKER or _SURROGATE.search(key) for key in keys)


def _revived_leaf(value: dict[str, Plain]) -> Plain:
    word, text = value[MARKER], value.get("v")
    read = _READERS.get(word) if type(word) is str else None
    if read is None or type(text) is not str:
        raise DecodeError("an unknown marker; this release knows bytes, dict, float, int and str")
    try:
        leaf = read(text)
    except ValueError as error:
        raise _misspelled(word) from error
    # Written again it must be the same, so that one value has one spelling and a marker hides nothing beside it.
    if _ESCAPES[type(leaf)](leaf) != value:
        raise _misspelled(word)
    return leaf


def _misspelled(word: str) -> DecodeError:
    return DecodeError(f"a {word} marker is not spelled as this release writes it")


def _marker(word: str, text: str) -> dict[str, Plain]:
    return {MARKER: word, "v": text}


def _escaped_int(value: int) -> Plain:
    # Hexadecimal, because Python refuses to read or write more than 4,300 decimal digits.
    return value if _LEAST_INT <= value <= _MOST_INT else _marker("int", hex(value))


def _escaped_float(value: float) -> Plain:
    return value if math.isfinite(value) else _marker("float", repr(value))


def _escaped_str(value: str) -> Plain:
    return _marker("str", _spelled(value)) if _SURROGATE.search(value) else value


def _escaped_bytes(value: bytes) -> Plain:
    return _marker("bytes", binascii.b2a_base64(value, newline=False).decode("ascii"))


def _spelled(text: str) -> str:
    return _SURROGATE.sub(lambda found: f"%u{ord(found[0]):04X}", text.replace("%", "%25"))


def _unspelled(text: str) -> str:
    return _SPELLED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "%", text)


def _as_is(value: Plain) -> Plain:
    return value


_ESCAPES: dict[type, Callable[[Plain], Plain]] = {
    type(None): _as_is,
    bool: _as_is,
    int: _escaped_int,
    float: _escaped_float,
    str: _escaped_str,
    bytes: _escaped_bytes,
}

_READERS: dict[str, Callable[[str], Plain]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "str": _unspelled,
    "bytes": lambda text: binascii.a2b_base64(text, strict_mode=True),
}
