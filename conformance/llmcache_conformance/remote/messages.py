"""How the reference behind a socket writes calls and answers: one line of JSON each, bodies in base64."""

import base64
import json
from typing import Any

from llmcache.model.key import Key, Space
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse

_TYPES = (Key, Space, Put, Listed, SpaceUse)


def as_line(value: Any) -> bytes:
    """Return a value as one line."""
    return json.dumps(_plain(value)).encode("ascii") + b"\n"


def from_line(line: bytes) -> Any:
    """Return the value of a line; ValueError for a part of one."""
    if not line.endswith(b"\n"):
        raise ValueError("the line breaks off")
    return _value(json.loads(line))


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return {"bytes": base64.b64encode(value).decode("ascii")}
        case Key():
            return {"Key": value.physical}
        case Space():
            return {"Space": value.prefix}
        case Put() | Listed() | SpaceUse():
            return {type(value).__name__: [_plain(getattr(value, name)) for name in type(value).__slots__]}
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {"dict": [[_plain(name), _plain(one)] for name, one in value.items()]}
        case _:
            return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    ((name, inner),) = plain.items()
    match name:
        case "bytes":
            return base64.b64decode(inner)
        case "Key":
            return Key.from_physical(inner)
        case "Space":
            return Space.from_prefix(inner)
        case "dict":
            return {_value(key): _value(one) for key, one in inner}
        case _:
            of = next(one for one in _TYPES if one.__name__ == name)
            return of(*(_value(one) for one in inner))
