"""What cases of vectors say again and again: a point, an oracle, and what is compared with it."""

from typing import Any, Final

from llmcache.model.key import Key
from llmcache.model.vectors import Point
from llmcache.protocols.steps import Steps
from llmcache.protocols.vector_ops import GetPoints, Nearest, PutPoints
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Need
from llmcache_conformance.vector_oracle import Asked, PointOracle, floats

VECTORS: Final = (Need.VECTORS, Need.NUMPY)
"""What every case of vectors needs."""


def point(name: str, *numbers: float, ends: float | None = None, **facts: Any) -> Point:
    """Return a point that is forgotten when it ends."""
    return Point(name, floats(numbers or (1.0, 0.0)), ends, ends, facts)


def oracle_for(bench: Bench) -> PointOracle:
    """Return an oracle that allows what the store declares."""
    return PointOracle(bench.capabilities.limits.vector_error)


def put(oracle: PointOracle, index: Key, at: float, *points: Point) -> Steps[None]:
    """Put points into the index and into the oracle."""
    yield from PutPoints(index, points, at)
    oracle.put(points)


def look(oracle: PointOracle, index: Key, at: float, *more: str) -> Steps[None]:
    """Read every point that the oracle has, and `more`, and compare."""
    ids = [*oracle.ids, *more]
    oracle.check_points(ids, (yield from GetPoints(index, ids, at)), at)


def search_for(index: Key, asked: Asked) -> Nearest:
    """Return the op that searches."""
    return Nearest(index, asked.vector, asked.count, asked.at, asked.least, asked.where, asked.with_vectors)


def search(oracle: PointOracle, index: Key, asked: Asked) -> Steps[None]:
    """Search, and compare."""
    found = yield from search_for(index, asked)
    oracle.check_nearest(asked, found)
