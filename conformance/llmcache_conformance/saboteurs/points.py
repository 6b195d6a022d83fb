"""Saboteurs that keep points wrongly."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import replace

from llmcache.drivers.offload import Offloaded
from llmcache.errors import StoreRefused, UsageError
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Point
from llmcache_conformance.saboteurs.pointed import PointsMemory
from llmcache_conformance.saboteurs.saboteur import Saboteur
from llmcache_conformance.vector_oracle import floats, numbers, unit

_FEW = 256


class Keeping(PointsMemory):
    """Keeps a point in a way of its own."""

    def keep(self, index: Key, point: Point) -> None:
        old = self.held.get(index, {}).get(point.id)
        super().keep(index, self.kept(point, old))

    def kept(self, point: Point, old: Point | None) -> Point:
        """Return what is kept instead of `point`, which takes the place of `old`."""
        raise NotImplementedError


class ReplacesOnlyFacts(Keeping):
    """Goes on finding a point where it was first."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return point if old is None else replace(point, vector=old.vector)


class AddsFacts(Keeping):
    """Adds the facts of a point to those that it had."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return point if old is None else replace(point, facts={**old.facts, **point.facts})


class KeepsFirstEnd(Keeping):
    """Leaves a point the time to live that it had."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return point if old is None else replace(point, ends_at=old.ends_at, kept_until=old.kept_until)


class FlattensFacts(Keeping):
    """Keeps facts that are texts, numbers and truth values, and the text of others."""

    def kept(self, point: Point, old: Point | None) -> Point:
        flat = {name: one if isinstance(one, str | int | float) else str(one) for name, one in point.facts.items()}
        return replace(point, facts=flat)


class CutsDimensions(Keeping):
    """Keeps as many dimensions as it has room for."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return replace(point, vector=point.vector[: 4 * _FEW])

    def check_vector(self, vector: bytes, dimensions: int | None) -> int:
        return super().check_vector(vector[: 4 * _FEW] if isinstance(vector, bytes) else vector, dimensions)

    def score(self, vector: bytes, point: Point) -> float:
        return super().score(vector[: 4 * _FEW], point)


class StripsIds(Keeping):
    """Takes ids without the space around them."""

    def keep(self, index: Key, point: Point) -> None:
        super().keep(index, replace(point, id=point.id.strip() or point.id))

    def kept(self, point: Point, old: Point | None) -> Point:
        return point

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        return super().get_points(index, [one.strip() or one for one in ids], at=at)


class EarlierPointHolds(PointsMemory):
    """Of one id twice in a call it keeps the first."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        super().put_points(index, list({point.id: point for point in reversed(points)}.values()), at=at)


class PointsInTwoSteps(PointsMemory):
    """Writes the facts of a point, and then its vector."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        with self._lock:
            self._open("put_points")
            self.check(index, points)
        for point in points:
            old = self.held.get(index, {}).get(point.id, point)
            self.keep(index, replace(point, vector=old.vector))
            time.sleep(0.0002)
            self.keep(index, point)


class CancelsInTheMiddle(Offloaded[PointsMemory]):
    """Writes, awaited, the facts of points, lets others go on, and then writes their vectors."""

    async def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        store = self._blocking
        old = store.get_points(index, [point.id for point in points], at=at)
        facts = [replace(new, vector=(was or new).vector) for new, was in zip(points, old, strict=True)]
        store.put_points(index, facts, at=at)
        for _ in range(3):
            await asyncio.sleep(0)
        store.put_points(index, points, at=at)


class PutsPointsBehind(PointsMemory):
    """Acknowledges points and puts them when it is asked next, after it has answered."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._behind: list[tuple[Key, Sequence[Point], Instant]] = []

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        with self._lock:
            self._open("put_points")
            self.check(index, points)
        self._behind.append((index, points, at))

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        found = super().get_points(index, ids, at=at)
        behind, self._behind = self._behind, []
        for later, points, when in behind:
            super().put_points(later, points, at=when)
        return found


class LosesWhatOthersPut(PointsMemory):
    """Reads an index, adds what is put, and writes it back over what others wrote meanwhile."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        before = dict(self.held.get(index, {}))
        time.sleep(0.0002)
        with self._lock:
            self._open("put_points")
            self.held[index] = before
            super().put_points(index, points, at=at)


class ChecksPointsAsItGoes(PointsMemory):
    """Puts the points before the first that is wrong."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        for point in points:
            super().put_points(index, (point,), at=at)


class TakesWhatHasNoDirection(PointsMemory):
    """Does not look whether a vector has a direction."""

    def check_vector(self, vector: bytes, dimensions: int | None) -> int:
        try:
            return super().check_vector(vector, dimensions)
        except UsageError:
            if dimensions is None or not isinstance(vector, bytes) or len(vector) != 4 * dimensions:
                raise
            return dimensions

    def keep(self, index: Key, point: Point) -> None:
        has_direction = 0.0 < sum(map(abs, numbers(point.vector))) < float("inf")
        super().keep(
            index, point if has_direction else replace(point, vector=floats((1.0,) * (len(point.vector) // 4)))
        )


class TakesAnyDimensions(PointsMemory):
    """Cuts a vector to the dimensions of its index, or fills it up."""

    def check(self, index: Key, points: Sequence[Point]) -> None:
        super().check(index, [self._fitted(index, point) for point in points])

    def keep(self, index: Key, point: Point) -> None:
        super().keep(index, self._fitted(index, point))

    def _fitted(self, index: Key, point: Point) -> Point:
        size = 4 * (self.dimensions(index) or 0)
        if not size or not isinstance(point.vector, bytes) or len(point.vector) % 4 or not point.vector:
            return point
        return replace(point, vector=point.vector[:size].ljust(size, b"\x00"))


class TakesPointsWithoutId(PointsMemory):
    """Takes the empty text for an id."""

    def check(self, index: Key, points: Sequence[Point]) -> None:
        super().check(index, [replace(point, id=point.id or "-") for point in points])


class ForgetsBeforeTheEnd(PointsMemory):
    """Takes a point that is to be forgotten before it ends."""

    def check(self, index: Key, points: Sequence[Point]) -> None:
        super().check(index, [replace(point, kept_until=None) for point in points])


class FailsOnMissingPoints(PointsMemory):
    """Refuses to delete what is not there."""

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        if None in self.get_points(index, ids, at=at):
            raise StoreRefused("memory refused delete_points: no such point")
        super().delete_points(index, ids, at=at)


class DeletesUpToTheMissing(PointsMemory):
    """Stops deleting at the first point that is not there."""

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        found = self.get_points(index, ids, at=at)
        super().delete_points(index, ids[: found.index(None)] if None in found else ids, at=at)


class DeletesPointsByBeginning(PointsMemory):
    """Deletes every point whose id begins like that."""

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        named = [one for one in self.held.get(index, {}) if one.startswith(tuple(ids))]
        super().delete_points(index, named, at=at)


class LeavesOutMissingPoints(PointsMemory):
    """Answers only the points that there are."""

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        return [one for one in super().get_points(index, ids, at=at) if one is not None]


class AnswersPointsByName(PointsMemory):
    """Answers points in the order of their ids."""

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        return super().get_points(index, sorted(ids), at=at)


class MissingPointIsZero(PointsMemory):
    """Answers a vector of zeros where there is no point."""

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        zero = b"\x00\x00\x00\x00" * (self.dimensions(index) or 1)
        found = zip(ids, super().get_points(index, ids, at=at), strict=True)
        return [Point(one, zero) if got is None else got for one, got in found]


class HidesEndedPoints(PointsMemory):
    """Does not give back what has ended and is kept."""

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        found = super().get_points(index, ids, at=at)
        return [None if one is None or (one.ends_at is not None and one.ends_at <= at) else one for one in found]


class AnswersVectorsAsPut(PointsMemory):
    """Gives vectors back at the length they were put with."""

    def keep(self, index: Key, point: Point) -> None:
        self.held.setdefault(index, {})[point.id] = point


class RoundsVectors(Keeping):
    """Keeps a vector in whole steps of a hundredth, and declares less."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return replace(point, vector=floats(round(one, 2) for one in unit(point.vector)))


class PutsOverAnything(PointsMemory):
    """Does not look at what is there."""

    def holds(self, index: Key, point_id: str, version: str | None, at: Instant) -> bool:
        return True


class PutsOverWhatWas(PointsMemory):
    """Takes what is missing for any version."""

    def holds(self, index: Key, point_id: str, version: str | None, at: Instant) -> bool:
        return point_id not in self.held.get(index, {}) or super().holds(index, point_id, version, at)


class PutsOverForgottenPoints(PointsMemory):
    """Takes what is no longer kept for what is there."""

    def holds(self, index: Key, point_id: str, version: str | None, at: Instant) -> bool:
        return super().holds(index, point_id, version, -math.inf)


class LooksBeforeItPuts(PointsMemory):
    """Looks at the versions, and puts the points a moment later."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        holding = points
        if over is not None:
            holding = [one for one, before in zip(points, over, strict=True) if self.holds(index, one.id, before, at)]
            time.sleep(0.0005)
        super().put_points(index, holding, at=at)


class LosesVersions(Keeping):
    """Keeps the version that was put first."""

    def kept(self, point: Point, old: Point | None) -> Point:
        return point if old is None else replace(point, version=old.version)


class DeletesAnyVersion(PointsMemory):
    """Does not look at what it deletes."""

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        super().delete_points(index, ids, at=at)


def _broken(store: type[PointsMemory], *clauses: str, opens_same: bool = False) -> Saboteur:
    return Saboteur(store, clauses, Offloaded, opens_same)


POINT_SABOTEURS = (
    _broken(ReplacesOnlyFacts, "VEC-1", "VEC-14"),
    _broken(AddsFacts, "VEC-1"),
    _broken(KeepsFirstEnd, "VEC-1"),
    _broken(FlattensFacts, "VEC-1"),
    _broken(CutsDimensions, "VEC-1", "VEC-7"),
    _broken(StripsIds, "VEC-1"),
    _broken(PointsInTwoSteps, "VEC-1"),
    _broken(EarlierPointHolds, "VEC-2"),
    _broken(PutsPointsBehind, "VEC-3", opens_same=True),
    _broken(LosesWhatOthersPut, "VEC-3"),
    _broken(ChecksPointsAsItGoes, "VEC-4"),
    _broken(TakesWhatHasNoDirection, "VEC-4"),
    _broken(TakesAnyDimensions, "VEC-4"),
    _broken(TakesPointsWithoutId, "VEC-4"),
    _broken(ForgetsBeforeTheEnd, "VEC-4"),
    _broken(FailsOnMissingPoints, "VEC-5"),
    _broken(DeletesUpToTheMissing, "VEC-5"),
    _broken(DeletesPointsByBeginning, "VEC-5"),
    _broken(LeavesOutMissingPoints, "VEC-6"),
    _broken(AnswersPointsByName, "VEC-6"),
    _broken(MissingPointIsZero, "VEC-6"),
    _broken(HidesEndedPoints, "VEC-6"),
    _broken(AnswersVectorsAsPut, "VEC-7"),
    _broken(RoundsVectors, "VEC-7"),
    _broken(PutsOverAnything, "VEC-18", "VEC-19"),
    _broken(PutsOverWhatWas, "VEC-18"),
    _broken(PutsOverForgottenPoints, "VEC-18"),
    _broken(LooksBeforeItPuts, "VEC-18"),
    _broken(LosesVersions, "VEC-1", "VEC-18"),
    _broken(DeletesAnyVersion, "VEC-19"),
    Saboteur(PointsMemory, ("KV-20",), CancelsInTheMiddle),
)
