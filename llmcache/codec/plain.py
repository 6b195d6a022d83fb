"""Plain data as bytes: readable JSON that gives back exactly what was put, or refuses.

Plain data is None, bool, int, float, str, bytes, and lists and str-keyed dicts of these, at most `MAX_DEPTH`
containers inside each other. Tuples are taken and come back as lists. Nothing else is taken: a subclass, an enum, a
date or any other object is refused with its place and type, because a quiet change of a value in a cache
surfaces far from its cause.

What JSON has no word for is written as a marker (see `codec.markers`). Almost no value needs one, so each way first
lets orjson do its work, looks whether that was all, and walks slowly only where it was not. The quick walks are plain
loops without recursion: measured, they beat every cleverer form on containers as small as an answer's.
"""

import orjson

from llmcache.codec.markers import MARKER, MAX_DEPTH, escaped, revived
from llmcache.codec.place import Place, root
from llmcache.errors import DecodeError
from llmcache.model.units import Plain

_WRITTEN_AS_IS = frozenset({str, int, bool, type(None)})
_IMMUTABLE = _WRITTEN_AS_IS | {float, bytes}
_CONTAINERS = frozenset({dict, list, tuple})
_VALUE = root("value")


def encode_plain(value: Plain, *, place: Place = _VALUE) -> bytes:
    """Return `value` as one JSON document in UTF-8.

    Args:
        value: Plain data.
        place: What to call it in errors.

    Raises:
        UsageError: Something in it is not plain data, or it nests too deep; names place and type, never content.
    """
    return encode_marked(value, place=place)[0]


def encode_marked(value: Plain, *, place: Place = _VALUE) -> tuple[bytes, bool]:
    """Return the same document, and True where it holds markers."""
    try:
        # In a list, because the limit of nesting is to leave room for the object of an envelope.
        body = orjson.dumps([value])[1:-1]
    except orjson.JSONEncodeError:
        # A surrogate, a large integer, bytes, a stranger, or too deep. The walk below knows which, and where.
        pass
    else:
        # orjson has written nan as null, an enum by its value and an UUID as text, without a word.
        if _is_json(value):
            return body, False
    return orjson.dumps(escaped(value, place)), True


def decode_plain(body: bytes, *, max_bytes: int) -> Plain:
    """Return what `encode_plain` was given.

    Raises:
        DecodeError: Not such a document, longer than `max_bytes`, or nested too deep. Nothing else, for any bytes.
    """
    value = parsed(body, max_bytes=max_bytes)
    # A marker begins with a dollar sign, which a stranger may have written as an escape.
    return revived(value) if b"$" in body or b"\\" in body else shallow(value)


def copy_plain(value: Plain, *, place: Place = _VALUE) -> Plain:
    """Return a deep copy that shares no list or dict with `value`: what decoding its encoding would give.

    Raises:
        UsageError: As `encode_plain`.
    """
    try:
        return value if type(value) in _IMMUTABLE else _copied(value, 1)
    except (_NotPlainError, RecursionError):
        return revived(escaped(value, place))  # Raises as a rule, and names what and where.


def parsed(body: bytes, *, max_bytes: int) -> Plain:
    """Return the JSON document `body`, markers and all; DecodeError for anything that is not one."""
    if type(body) is not bytes:
        raise DecodeError(f"a body is of type bytes, found {type(body).__name__}")
    if len(body) > max_bytes:
        raise DecodeError(f"the body is {len(body):,} bytes, limit {max_bytes:,}")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"the body is not a JSON document: {error.msg}") from error


def shallow(value: Plain) -> Plain:
    """Return the parsed JSON `value` itself; DecodeError where it nests deeper than `MAX_DEPTH`.

    orjson reads deeper documents than it writes. Having it write the value again costs a fifth of walking through it.
    """
    try:
        orjson.dumps([value])
    except orjson.JSONEncodeError as error:
        raise DecodeError(f"the value nests deeper than {MAX_DEPTH} levels") from error
    return value


class _NotPlainError(Exception):
    """Something is not plain; `escaped` finds out what and where."""


def _is_json(value: Plain) -> bool:
    """True where orjson, which has written `value` already, has done so without loss."""
    containers: list[Plain] = [[value]]
    for container in containers:
        if type(container) is dict and MARKER in container:
            return False
        for item in container.values() if type(container) is dict else container:
            kind = type(item)
            if kind in _WRITTEN_AS_IS:
                continue
            if kind in _CONTAINERS:
                containers.append(item)
            elif kind is not float or item - item != 0:
                return False
    return True


def _copied(value: Plain, depth: int) -> Plain:
    kind = type(value)
    if kind not in _CONTAINERS or depth > MAX_DEPTH:
        raise _NotPlainError
    if kind is dict:
        copy = value.copy()
        for key, item in value.items():
            if type(key) is not str:
                raise _NotPlainError
            if type(item) not in _IMMUTABLE:
                copy[key] = _copied(item, depth + 1)
        return copy
    copy = list(value)
    for index, item in enumerate(value):
        if type(item) not in _IMMUTABLE:
            copy[index] = _copied(item, depth + 1)
    return copy
