"""What a message may carry, as plain data.

Providers and tools put more into messages than JSON: parsed pydantic objects, documents, dates, enums. What has a well-known
form as data is kept in that form and comes back in it; for a pydantic object that is what its class reads again.
Anything else is refused with its place, because a message that was kept in part is worse than one that was not.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from llmcache.codec.markers import MAX_DEPTH
from llmcache.codec.place import Place, spell
from llmcache.codec.plain import copy_plain
from llmcache.errors import UsageError
from llmcache.model.units import Plain

_WRITTEN_BY_PYDANTIC = (date, time, timedelta, UUID, Decimal)


def portable(value: object, place: Place) -> Plain:
    """Return `value` as plain data that shares no list or dict with it.

    pydantic objects and dataclasses become dicts; enums their values; dates, times, UUIDs, decimals and paths text as
    pydantic writes it; mappings dicts; tuples and sets lists; subclasses of the plain types their plain base.

    Raises:
        UsageError: Something in it is none of these, or it nests too deep; names its place and type.
    """
    try:
        return copy_plain(value, place=place)
    except UsageError:
        pass  # Something foreign is in it; the walk below is ten times slower, and rare.
    try:
        return _portable(value, place, 1)
    except RecursionError as error:
        raise UsageError(f"{spell(place)} nests deeper than the stack of the caller has room for") from error


def _portable(value: Any, place: Place, depth: int) -> Plain:
    if depth > MAX_DEPTH:
        raise UsageError(f"{spell(place)} nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, Enum):
        return _portable(value.value, place, depth + 1)
    if isinstance(value, BaseModel):
        return _dumped(value, place)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        members = enumerate(value.items())
        return {_name(key, place): _portable(item, (place, (at,)), depth + 1) for at, (key, item) in members}
    if isinstance(value, list | tuple | set | frozenset):
        return [_portable(item, (place, index), depth + 1) for index, item in enumerate(value)]
    return _leaf(value, place)


def _leaf(value: Any, place: Place) -> Plain:
    if isinstance(value, _WRITTEN_BY_PYDANTIC):
        return to_jsonable_python(value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(memoryview(value))
    for base, plain in _BASES:
        if isinstance(value, base) and type(value) is not bool:
            return plain(value)
    return copy_plain(value, place=place)


def _name(key: Any, place: Place) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise UsageError(f"a key of {spell(place)} is of type {type(key).__name__}; keys are of type str")


def _dumped(value: BaseModel, place: Place) -> Plain:
    """Return the data that `value`'s class validates again: by alias, without computed fields."""
    try:
        data = value.model_dump(mode="json", by_alias=True, round_trip=True, warnings=False)
    except Exception as error:  # a serializer of the user's own may raise anything
        raise UsageError(f"{spell(place)} is of type {type(value).__name__}, which has no form as JSON") from error
    return copy_plain(data, place=place)


# The base's own conversions: `str(value)` and its like would ask the subclass, and an enum answers with its name.
_BASES: tuple[tuple[type, Callable[[Any], Plain]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)
