"""Saboteurs that search wrongly, or list what has ended wrongly."""

import math
from collections.abc import Sequence
from dataclasses import replace

from llmcache.drivers.offload import Offloaded
from llmcache.errors import StoreRefused, UsageError
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Test, Where
from llmcache_conformance.saboteurs.pointed import PointsMemory
from llmcache_conformance.saboteurs.saboteur import Saboteur
from llmcache_conformance.vector_oracle import floats, holds, numbers

_FEW = 64


class FarthestFirst(PointsMemory):
    """Sorts by what is far."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        return sorted(found, key=lambda one: one.similarity)[:count]


class ScoresByLength(PointsMemory):
    """Multiplies without looking how long the vector asked for is."""

    def score(self, vector: bytes, point: Point) -> float:
        return math.fsum(one * other for one, other in zip(numbers(vector), numbers(point.vector), strict=True))


class ScoresHalves(PointsMemory):
    """Says how near a point is from 0 to 1, as its library does."""

    def score(self, vector: bytes, point: Point) -> float:
        return (1.0 + super().score(vector, point)) / 2.0


class ScoresDistances(PointsMemory):
    """Says how far a point is, and not how near."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        return [replace(one, similarity=1.0 - one.similarity) for one in super().best(found, count)]


class OrdersByLast(PointsMemory):
    """Takes the nearest, and gives them in the order they were put."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        nearest = super().best(found, count)
        return [one for one in found if one in nearest]


class TakesAnySearch(PointsMemory):
    """Finds nothing where it should say that nothing can be found like that."""

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
        except UsageError:
            return []


class FindsOneMore(PointsMemory):
    """Is off by one at the count."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        return super().best(found, count + 1)


class FindsOneLess(PointsMemory):
    """Is off by one at the count, the other way."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        return super().best(found, max(1, count - 1))


class DropsTheOpposite(PointsMemory):
    """Leaves out what single precision puts below the least cosine there is."""

    def score(self, vector: bytes, point: Point) -> float:
        return -1.0 if (near := super().score(vector, point)) < 1e-9 - 1.0 else near

    def is_near(self, found: Neighbour, least: float) -> bool:
        return found.similarity > least


class FindsOneOfEqual(PointsMemory):
    """Keeps one point for each direction."""

    def searched(self, index: Key) -> Sequence[Point]:
        return list({point.vector: point for point in super().searched(index)}.values())


class FindsAtTheEnd(PointsMemory):
    """Finds a point at the very instant when it ends."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        return super().is_sought(replace(point, ends_at=None) if point.ends_at == at else point, at, where)


class FindsUntilForgotten(PointsMemory):
    """Finds a point as long as it is kept."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        return super().is_sought(replace(point, ends_at=point.kept_until), at, where)


class EndsEarly(PointsMemory):
    """Takes the end of a point in whole seconds."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        ends = point.ends_at
        return super().is_sought(
            replace(point, ends_at=None if ends is None else math.floor(ends)), math.ceil(at), where
        )


class DropsEndedAfterwards(PointsMemory):
    """Takes the nearest, and then leaves out those that have ended."""

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
        found = super().nearest(index, vector, count, at=-math.inf, least=least, where=where, with_vectors=with_vectors)
        return [one for one in found if one.point.ends_at is None or one.point.ends_at > at]


class IgnoresLeast(PointsMemory):
    """Finds points however far they are."""

    def is_near(self, found: Neighbour, least: float) -> bool:
        return True


class LeastIsADistance(PointsMemory):
    """Takes the least similarity for the greatest."""

    def is_near(self, found: Neighbour, least: float) -> bool:
        return least <= -1.0 or found.similarity <= least


class IgnoresWhere(PointsMemory):
    """Finds points whatever their facts are."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        return super().is_sought(point, at, None)


class FitsAfterwards(PointsMemory):
    """Takes the nearest, and then leaves out those that do not fit."""

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
        found = super().nearest(index, vector, 4 * count, at=at, least=least, with_vectors=with_vectors)
        return [one for one in found if where is None or holds(one.point.facts, where)][:count]


class MissingFactsFit(PointsMemory):
    """Lets a point pass that knows nothing of what is asked."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        knows_nothing = isinstance(where, Test) and where.field not in point.facts and "." not in where.field
        return super().is_sought(point, at, None if knows_nothing else where)


class TrueIsOne(PointsMemory):
    """Takes a truth value for a number."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        plain = {name: int(one) if isinstance(one, bool) else one for name, one in point.facts.items()}
        return super().is_sought(replace(point, facts=plain), at, where)


class ComparesTexts(PointsMemory):
    """Compares what a fact looks like."""

    def is_sought(self, point: Point, at: Instant, where: Where | None) -> bool:
        asked = replace(where, value=str(where.value)) if isinstance(where, Test) and where.how == "$eq" else where
        texts = {name: str(one) for name, one in point.facts.items()} if asked is not where else point.facts
        return super().is_sought(replace(point, facts=texts), at, asked)


class FailsOnMissingIndex(PointsMemory):
    """Refuses to search where nothing is."""

    def searched(self, index: Key) -> Sequence[Point]:
        if index not in self.held:
            raise StoreRefused("memory refused nearest: no such index")
        return super().searched(index)


class FindsInTheNeighbour(PointsMemory):
    """Searches the index whose name begins like that, where there is none."""

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        names = [one for one in self.held if one.physical.startswith(index.physical)]
        return super().get_points(index if index in self.held or not names else names[0], ids, at=at)


class FindsWhatWasDeleted(PointsMemory):
    """Searches what it looked at when it was searched before."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._seen: dict[Key, dict[str, Point]] = {}

    def searched(self, index: Key) -> Sequence[Point]:
        seen = self._seen.setdefault(index, {})
        seen.update((point.id, point) for point in super().searched(index))
        return list(seen.values())


class DeletesAwaitedInVain(Offloaded[PointsMemory]):
    """Goes on finding, blocking, what was deleted awaited."""

    async def delete_points(
        self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None
    ) -> None:
        await self.get_points(index, ids, at=at)


class LooksAtSome(PointsMemory):
    """Looks at the first few points alone, and says that it is exact."""

    def searched(self, index: Key) -> Sequence[Point]:
        return super().searched(index)[:_FEW]


class LeavesOneOut(PointsMemory):
    """Leaves out the nearest point of many, and says that it is exact."""

    def best(self, found: list[Neighbour], count: int) -> list[Neighbour]:
        return super().best(found, count + 1)[1:] if len(found) > _FEW else super().best(found, count)


class FindsVectorsUnasked(PointsMemory):
    """Gives every point with its vector."""

    def shown(self, found: Neighbour, *, with_vectors: bool) -> Neighbour:
        return found


class FindsNoVectors(PointsMemory):
    """Never gives a vector."""

    def shown(self, found: Neighbour, *, with_vectors: bool) -> Neighbour:
        return super().shown(found, with_vectors=False)


class FindsRoundVectors(PointsMemory):
    """Gives vectors in whole steps of a hundredth."""

    def shown(self, found: Neighbour, *, with_vectors: bool) -> Neighbour:
        point = super().shown(found, with_vectors=with_vectors).point
        return replace(found, point=replace(point, vector=floats(round(one, 2) for one in numbers(point.vector))))


class Listing(PointsMemory):
    """Lists what has ended in a way of its own."""

    def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> Sequence[Point]:
        return self.listed(super().ended_points(index, until, at=at, count=1_000), until, count)

    def listed(self, ended: Sequence[Point], until: Instant, count: int) -> Sequence[Point]:
        """Return what is listed of all that should be."""
        raise NotImplementedError


class ListsLastFirst(Listing):
    """Begins with what ended last."""

    def listed(self, ended: Sequence[Point], until: Instant, count: int) -> Sequence[Point]:
        return ended[::-1][:count]


class ListsByName(Listing):
    """Takes the first few by their ids, and sorts those."""

    def listed(self, ended: Sequence[Point], until: Instant, count: int) -> Sequence[Point]:
        return sorted(sorted(ended, key=lambda one: one.id)[:count], key=lambda one: one.ends_at or 0.0)


class ListsOneMore(Listing):
    """Is off by one at the count."""

    def listed(self, ended: Sequence[Point], until: Instant, count: int) -> Sequence[Point]:
        return ended[: count + 1]


class ListsBeforeTheEnd(Listing):
    """Leaves out what ends at the very instant."""

    def listed(self, ended: Sequence[Point], until: Instant, count: int) -> Sequence[Point]:
        return [one for one in ended if one.ends_at != until][:count]


class ListsForgottenPoints(PointsMemory):
    """Lists what is no longer kept."""

    def is_listed(self, point: Point, until: Instant, at: Instant) -> bool:
        return super().is_listed(replace(point, kept_until=None), until, at)


def _broken(store: type[PointsMemory], *clauses: str) -> Saboteur:
    return Saboteur(store, clauses, Offloaded)


SEARCH_SABOTEURS = (
    _broken(FarthestFirst, "VEC-8"),
    _broken(ScoresByLength, "VEC-8"),
    _broken(ScoresHalves, "VEC-8"),
    _broken(ScoresDistances, "VEC-8"),
    _broken(OrdersByLast, "VEC-8"),
    _broken(TakesAnySearch, "VEC-8"),
    _broken(FindsOneMore, "VEC-9"),
    _broken(FindsOneLess, "VEC-9"),
    _broken(DropsTheOpposite, "VEC-9"),
    _broken(FindsOneOfEqual, "VEC-9"),
    _broken(FindsAtTheEnd, "VEC-10"),
    _broken(FindsUntilForgotten, "VEC-10"),
    _broken(EndsEarly, "VEC-10"),
    _broken(DropsEndedAfterwards, "VEC-10"),
    _broken(IgnoresLeast, "VEC-11"),
    _broken(LeastIsADistance, "VEC-11"),
    _broken(IgnoresWhere, "VEC-12"),
    _broken(FitsAfterwards, "VEC-12"),
    _broken(MissingFactsFit, "VEC-12"),
    _broken(TrueIsOne, "VEC-12"),
    _broken(ComparesTexts, "VEC-12"),
    _broken(FailsOnMissingIndex, "VEC-13"),
    _broken(FindsInTheNeighbour, "VEC-13"),
    _broken(FindsWhatWasDeleted, "VEC-14"),
    Saboteur(PointsMemory, ("VEC-14",), DeletesAwaitedInVain),
    _broken(LooksAtSome, "VEC-15"),
    _broken(LeavesOneOut, "VEC-15"),
    _broken(FindsVectorsUnasked, "VEC-17"),
    _broken(FindsNoVectors, "VEC-17"),
    _broken(FindsRoundVectors, "VEC-17"),
    _broken(ListsLastFirst, "VEC-16"),
    _broken(ListsByName, "VEC-16"),
    _broken(ListsOneMore, "VEC-16"),
    _broken(ListsBeforeTheEnd, "VEC-16"),
    _broken(ListsForgottenPoints, "VEC-16"),
)
