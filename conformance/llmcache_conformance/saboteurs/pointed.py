"""A memory store with vectors of its own. Not broken: the ground for stores that keep points wrongly."""

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace

from llmcache.errors import UsageError
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache_conformance.saboteurs.bodies import SharedMemory
from llmcache_conformance.vector_oracle import cosine, floats, holds, numbers, unit

Held = dict[Key, dict[str, Point]]
_held: "weakref.WeakKeyDictionary[Callable[[], Instant], Held]" = weakref.WeakKeyDictionary()


class PointsMemory(SharedMemory):
    """Keeps points in a dict; handles that have one clock share it. Not broken."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self.held = _held.setdefault(self._clock, {})

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, vectors=True, exact_vectors=True)

    def clear(self, space: Space) -> None:
        super().clear(space)
        with self._lock:
            for index in [index for index in self.held if index.space == space]:
                del self.held[index]

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        """As in `VectorStore`."""
        with self._lock:
            self._open("put_points")
            self.check(index, points)
            if over is not None and len({one.id for one in points}) < len(over):
                raise UsageError("points that replace versions have different ids")
            for place, point in enumerate(points):
                if over is None or self.holds(index, point.id, over[place], at):
                    self.keep(index, point)

    def holds(self, index: Key, point_id: str, version: str | None, at: Instant) -> bool:
        """True where the point is of that version, or missing where there is none."""
        found = self.still(index, point_id, at)
        return version == (None if found is None else found.version)

    def still(self, index: Key, point_id: str, at: Instant) -> Point | None:
        """Return a point that is kept still."""
        found = self.held.get(index, {}).get(point_id)
        return None if found is None or (found.kept_until is not None and found.kept_until <= at) else found

    def check(self, index: Key, points: Sequence[Point]) -> None:
        """Raise UsageError for the first point that must not be put."""
        dimensions = self.dimensions(index)
        for point in points:
            dimensions = self.check_vector(point.vector, dimensions)
            ends, kept = (math.inf if one is None else one for one in (point.ends_at, point.kept_until))
            if not point.id or ends > kept:
                raise UsageError("a point has an id, and is kept until it ends")

    def dimensions(self, index: Key) -> int | None:
        """Return how many dimensions an index has, None where it has no points."""
        return next((len(point.vector) // 4 for point in self.held.get(index, {}).values()), None)

    def check_vector(self, vector: bytes, dimensions: int | None) -> int:
        """Raise UsageError unless a vector has a direction, and so many dimensions; return how many it has."""
        if not isinstance(vector, bytes) or not vector or len(vector) % 4:
            raise UsageError("a vector is whole float32 numbers")
        length = math.hypot(*numbers(vector))
        if not (0.0 < length < math.inf) or len(vector) // 4 != (dimensions or len(vector) // 4):
            raise UsageError("a vector has no direction, or other dimensions than the index")
        return len(vector) // 4

    def keep(self, index: Key, point: Point) -> None:
        """Keep a point that was checked."""
        self.held.setdefault(index, {})[point.id] = replace(point, vector=floats(unit(point.vector)))

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        """As in `VectorStore`."""
        with self._lock:
            self._open("delete_points")
            for place, one in enumerate(ids):
                if over is None or self.holds(index, one, over[place], at):
                    self.held.get(index, {}).pop(one, None)

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        """As in `VectorStore`."""
        with self._lock:
            self._open("get_points")
            return [self.still(index, one, at) for one in ids]

    def nearest(
        self,
        index: Key,
        vector: bytes,
        count: int,
        *,
        at: Instant,
        least: float = -1.0,
        where: Where | None = None,
        with_vectors: bool = False,
    ) -> Sequence[Neighbour]:
        """As in `VectorStore`."""
        with self._lock:
            self._open("nearest")
            if count < 1:
                raise UsageError("a search is for at least one point")
            self.check_vector(vector, self.dimensions(index))
            found = [
                Neighbour(one, self.score(vector, one))
                for one in self.searched(index)
                if self.is_sought(one, at, where)
            ]
            best = self.best([one for one in found if self.is_near(one, least)], count)
            return [self.shown(one, with_vectors=with_vectors) for one in best]

    def shown(self, found: Neighbour, *, with_vectors: bool) -> Neighbour:
        """Return what was found, with its vector or without."""
        return found if with_vectors else replace(found, point=replace(found.point, vector=b""))

    def searched(self, index: Key) -> Sequence[Point]:
        """Return the points that a search looks at."""
        return list(self.held.get(index, {}).values())

    def score(self, vector: bytes, point: Point) -> float:
        """Return how near a point is."""
        return max(-1.0, min(1.0, cosine(vector, point.vector)))

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        """True where a search may find a point, if it is near."""
        return (point.ends_at is None or point.ends_at > at) and (where is None or holds(point.facts, where))

    def is_near(self, found: Neighbour, least: float) -> bool:
        """True where a point is near enough."""
        return found.similarity >= least

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        """Return the nearest."""
        return sorted(found, key=lambda one: -one.similarity)[:count]

    def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> Sequence[Point]:
        """As in `VectorStore`."""
        with self._lock:
            self._open("ended_points")
            points = self.held.get(index, {}).values()
            ended = [one for one in points if one.ends_at is not None and self.is_listed(one, until, at)]
            return sorted(ended, key=lambda one: one.ends_at or 0.0)[:count]

    def is_listed(self, point: Point, until: Instant, at: Instant) -> bool:
        """True where a point that ends at some time is among those that have ended."""
        return (point.ends_at or 0.0) <= until and (point.kept_until is None or point.kept_until > at)
