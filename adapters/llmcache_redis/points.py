"""Points as a vector set keeps them: the vector at length 1, and attributes in JSON.

    {"e":1900000060.0,"f_topic":"loans","k":null,"f":{"topic":"loans","more":[1]},"s":"version"}

`e` is when it ends, a number beyond all times where it does not; `k` until when it is kept; `f` its facts, `s` its version; and behind `f_` stand those
of them that the server can filter by.
"""

import math
import sys
from array import array
from collections.abc import Sequence
from typing import Final

import orjson

from llmcache.errors import UsageError
from llmcache.model.units import Instant
from llmcache.model.vectors import Point
from llmcache.protocols.deed import Deed
from llmcache_redis.commands import Reply, Word
from llmcache_redis.filters import fields_of
from llmcache_redis.replies import misread, slots

FLOAT_BYTES: Final = 4
_NEVER: Final = 9e99
_INT8_STEPS: Final = 127.0


Five = tuple[Word, Word, Word, Word, Word]


def checked(points: Sequence[Point]) -> tuple[int, list[Five]]:
    """Return the number of dimensions, and five words for each point: id, vector, attributes, end, until when it is kept.

    Raises:
        UsageError: A point must not be put, whatever the index holds.
    """
    sizes: set[int] = set()
    words: list[Five] = []
    for point in points:
        unit, ends, kept = unit_vector(point.vector), point.ends_at, point.kept_until
        if not isinstance(point.id, str) or not point.id:
            raise UsageError("a point has a non-empty text as its id")
        if (math.inf if ends is None else ends) > (math.inf if kept is None else kept):
            raise UsageError("a point is kept until it ends, at least")
        sizes.add(len(unit))
        words.append((_encoded(point.id), unit, _attributes(point), _shown(ends), _shown(kept)))
    if len(sizes) > 1:
        raise UsageError("the vectors of one index have one number of dimensions")
    return sizes.pop() // FLOAT_BYTES if sizes else 0, words


def unit_vector(vector: bytes) -> bytes:
    """Return a vector at length 1; UsageError where it has none."""
    if not isinstance(vector, bytes) or not vector or len(vector) % FLOAT_BYTES:
        raise UsageError("a vector is given as the bytes of float32 numbers, found something else")
    numbers = _floats(vector)
    length = math.hypot(*numbers)
    if not 0.0 < length < math.inf:
        raise UsageError("a vector has no direction: its length is zero, or it holds NaN or an infinity")
    return _bytes(array("f", [number / length for number in numbers]))


def point_of(row: Reply, deed: Deed) -> tuple[Point, float]:
    """Return the point that a row of a script says, and its similarity."""
    name, attributes, vector, scale, score = slots(row, 5, deed)
    try:
        known = orjson.loads(attributes)
        ends, kept = known["e"], known["k"]
        point = Point(
            name.decode(), _whole(vector, scale), None if ends >= _NEVER else ends, kept, known["f"], known.get("s", "")
        )
        return point, max(-1.0, min(1.0, 2.0 * float(score or 0) - 1.0))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise misread(deed) from error


def encoded_ids(ids: Sequence[str]) -> list[Word]:
    """Return ids as they are sent."""
    return [_encoded(one) for one in ids]


def _whole(vector: bytes, scale: bytes) -> bytes:
    if not scale:
        return vector
    # Whole numbers from -127 to 127, and what 127 stands for.
    step = float(scale) / _INT8_STEPS
    return unit_vector(_bytes(array("f", [number * step for number in array("b", vector)])))


def _attributes(point: Point) -> bytes:
    ends = _NEVER if point.ends_at is None else float(point.ends_at)
    kept = None if point.kept_until is None else float(point.kept_until)
    try:
        return orjson.dumps({"e": ends, **fields_of(point.facts), "k": kept, "f": point.facts, "s": point.version})
    except (orjson.JSONEncodeError, TypeError, AttributeError) as error:
        raise UsageError("facts of points are JSON-like, with text as keys; found something else") from error


def _encoded(name: str) -> bytes:
    try:
        return name.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the id of a point is text that can be written as UTF-8") from error


def _shown(instant: Instant | None) -> str:
    return "" if instant is None else repr(float(instant))


def _floats(vector: bytes) -> "array[float]":
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _bytes(numbers: "array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
