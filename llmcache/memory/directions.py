"""Vectors at length 1, and what is no vector."""

import math
from collections.abc import Sequence

import numpy as np

from llmcache.codec.points import FLOAT_BYTES
from llmcache.errors import UsageError
from llmcache.model.vectors import Point


def unit_vectors(points: Sequence[Point], dimensions: int | None) -> list[bytes]:
    """Return the vectors of `points` at length 1, as bytes.

    Raises:
        UsageError: One has no direction, or not as many dimensions as the others and `dimensions` say.
    """
    for point in points:
        dimensions = _dimensions(point.vector, dimensions)
    if not points:
        return []
    given = np.frombuffer(b"".join(point.vector for point in points), "<f4").reshape(len(points), -1)
    lengths = np.linalg.norm(given.astype(np.float64), axis=1)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise _without_direction()
    unit = (given / lengths[:, None]).astype("<f4")
    return [row.tobytes() for row in unit]


def unit_vector(vector: bytes, dimensions: int | None) -> bytes:
    """As `unit_vectors`, for one: three times as quick."""
    _dimensions(vector, dimensions)
    given = np.frombuffer(vector, "<f4").astype(np.float64)
    length = math.sqrt(given @ given)
    if not 0 < length < math.inf:
        raise _without_direction()
    return (given / length).astype("<f4").tobytes()


def _dimensions(vector: bytes, dimensions: int | None) -> int:
    """Return how many numbers a vector has; UsageError where those are not as many as `dimensions`."""
    if not isinstance(vector, bytes) or not vector or len(vector) % FLOAT_BYTES:
        raise UsageError("a vector is given as the bytes of float32 numbers, found something else")
    found = len(vector) // FLOAT_BYTES
    if dimensions is not None and found != dimensions:
        raise UsageError(
            f"a vector has {found} dimensions where the index has {dimensions}; vectors of another model need an index "
            "of their own: give it another name, or clear this one"
        )
    return found


def _without_direction() -> UsageError:
    return UsageError("a vector has no direction: its length is zero, or it holds NaN or an infinity")
