"""Saboteurs that treat whole indexes wrongly: those of other handles, kinds and times."""

from collections.abc import Sequence

from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache_conformance.saboteurs.pointed import PointsMemory
from llmcache_conformance.saboteurs.saboteur import Saboteur
from llmcache_conformance.vector_oracle import floats


class HandlesKeepPoints(PointsMemory):
    """Each handle has points of its own."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self.held = {}


class TakesPointsAlong(PointsMemory):
    """Drops all points when a handle is closed."""

    def close(self) -> None:
        self.held.clear()
        super().close()


class ForgetsWithTheLast(PointsMemory):
    """Lets an index live as long as the point that was put last."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._until: dict[Key, Instant | None] = {}

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        super().put_points(index, points, at=at)
        self._until[index] = points[-1].kept_until if points else None

    def searched(self, index: Key) -> Sequence[Point]:
        until = self._until.get(index)
        return [] if until is not None and until <= self._clock() else super().searched(index)


class OneIndexForBothKinds(PointsMemory):
    """Keeps documents and questions of one name together."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        super().put_points(Key(Space(index.space.namespace, Kind.VECTORS), index.name), points, at=at)

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        return super().get_points(Key(Space(index.space.namespace, Kind.VECTORS), index.name), ids, at=at)


class SearchesWhenClosed(PointsMemory):
    """Finds nothing after it was closed."""

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
        try:
            return super().nearest(index, vector, count, at=at, least=least, where=where, with_vectors=with_vectors)
        except ClosedError:
            return []


class StaleAfterClear(PointsMemory):
    """Goes on finding what an index held when its space is cleared."""

    def clear(self, space: Space) -> None:
        kept = {index: points for index, points in self.held.items() if index.space == space}
        super().clear(space)
        self.held.update(kept)


class RemembersDimensions(PointsMemory):
    """An index that was cleared still wants the dimensions that it had."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._dimensions: dict[Key, int] = {}

    def dimensions(self, index: Key) -> int | None:
        return self._dimensions.get(index) or super().dimensions(index)

    def keep(self, index: Key, point: Point) -> None:
        super().keep(index, point)
        self._dimensions[index] = len(point.vector) // 4


class BeginsWithNothing(PointsMemory):
    """An index comes into being when no points are put, with one dimension."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        super().put_points(index, points or (Point("first", floats((1.0,))),), at=at)
        if not points:
            self.delete_points(index, (), at=at)


def _broken(store: type[PointsMemory], *clauses: str, opens_same: bool = False) -> Saboteur:
    return Saboteur(store, clauses, Offloaded, opens_same)


INDEX_SABOTEURS = (
    _broken(HandlesKeepPoints, "VEC-3", opens_same=True),
    _broken(TakesPointsAlong, "KV-21", opens_same=True),
    _broken(ForgetsWithTheLast, "VEC-8"),
    _broken(OneIndexForBothKinds, "KV-15"),
    _broken(SearchesWhenClosed, "KV-18"),
    _broken(StaleAfterClear, "KV-14"),
    _broken(RemembersDimensions, "KV-14"),
    _broken(BeginsWithNothing, "VEC-1"),
)
