"""What a vector index should answer, said with a dict, `math.fsum` and patience.

It shares no code with llmcache but the values that are passed. Similarities are compared with an allowance, because a store
calculates with single precision; where two points are nearer to each other than that, their order is not judged.
"""

import math
import operator
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Either, Every, Not, Test, Where
from llmcache_conformance.expect import expect, expect_equal

_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Asked:
    """One search.

    Attributes:
        vector: What is looked for.
        count: How many at most.
        at: When.
        least: How similar at least.
        where: What the facts must fit.
        with_vectors: Whether points come with their vectors.
    """

    vector: bytes
    count: int
    at: float
    least: float = -1.0
    where: Where | None = None
    with_vectors: bool = False


class PointOracle:
    """An index as it should be.

    Args:
        vector_error: What the store declares.
    """

    def __init__(self, vector_error: float) -> None:
        self._error = vector_error
        self._points: dict[str, Point] = {}
        self._units: dict[str, list[float]] = {}

    @property
    def ids(self) -> list[str]:
        """Of all points that were put and not deleted."""
        return list(self._points)

    def put(self, points: Iterable[Point]) -> None:
        """Add or replace."""
        for point in points:
            self._points[point.id], self._units[point.id] = point, unit(point.vector)

    def delete(self, ids: Iterable[str]) -> None:
        """Forget some."""
        for one in ids:
            self._points.pop(one, None)

    def clear(self) -> None:
        """Forget all."""
        self._points.clear()

    def check_points(self, ids: Sequence[str], found: Sequence[Point | None], at: float) -> None:
        """Raise `Broken` unless `found` is what is there under `ids`; what is no longer kept may be there or not."""
        expect_equal(len(ids), len(found), "slots")
        for one, got in zip(ids, found, strict=True):
            held = self._points.get(one)
            if held is not None and held.kept_until is not None and held.kept_until <= at and got is None:
                continue
            expect((held is None) == (got is None), f"{one[:40]!r}: {'a point' if got else 'nothing'} came back")
            if held is not None and got is not None:
                check_point(held, got, self._error)

    def check_ended(self, until: float, at: float, count: int, found: Sequence[Point]) -> None:
        """Raise `Broken` unless `found` is what has ended by `until` and is kept at `at`, in order."""
        ended = [
            one
            for one in self._points.values()
            if one.ends_at is not None and one.ends_at <= until and (one.kept_until is None or one.kept_until > at)
        ]
        expected = sorted(one.ends_at or 0.0 for one in ended)[:count]
        expect_equal(expected, [one.ends_at or 0.0 for one in found], "when the ended points ended")
        expect_equal(len(found), len({one.id for one in found}), "ended points listed once")
        held = {one.id: one for one in ended}
        for one in found:
            expect(one.id in held, f"{one.id[:40]!r} has not ended, or is not there")
            check_point(held[one.id], one, self._error)

    def check_nearest(self, asked: Asked, found: Sequence[Neighbour]) -> None:
        """Raise `Broken` unless `found` is what a search should give, the nearest first and none left out."""
        allowed = _ROUNDING + self._error * math.sqrt(len(asked.vector) / 4)
        scores = self._scores(asked)
        self._check_each(asked, found, scores, allowed)
        # Nothing is below the least cosine there is, however it was rounded.
        sure = [score for score in scores.values() if asked.least <= -1.0 or score >= asked.least + allowed]
        maybe = [score for score in scores.values() if score >= asked.least - allowed]
        fewest, most = min(asked.count, len(sure)), min(asked.count, len(maybe))
        expect(fewest <= len(found) <= most, f"{len(found)} points found, expected {_span(fewest, most)}")
        shown = {one.point.id for one in found}
        if len(found) == asked.count:
            worst = min(scores[one] for one in shown)
            better = [one for one, score in scores.items() if one not in shown and score > worst + 2 * allowed]
            expect(not better, f"{len(better)} points were left out that are nearer than one that was found")

    def _check_each(
        self, asked: Asked, found: Sequence[Neighbour], scores: Mapping[str, float], allowed: float
    ) -> None:
        shown = [one.point.id for one in found]
        expect(len(shown) <= asked.count, f"{len(shown)} points found, asked for {asked.count}")
        expect_equal(len(set(shown)), len(shown), "points found once")
        for one in found:
            expect(one.point.id in scores, f"{one.point.id[:40]!r} was found, and must not be")
            true = scores[one.point.id]
            expect(
                abs(one.similarity - true) <= allowed, f"a similarity of {one.similarity:.6f}, where it is {true:.6f}"
            )
            expect(-1.0 <= one.similarity <= 1.0, f"a cosine of {one.similarity!r}")
            expect(one.similarity >= asked.least, f"a similarity of {one.similarity!r} under {asked.least!r}")
            self._check_found(one.point, with_vector=asked.with_vectors)
        similarities = [one.similarity for one in found]
        expect(similarities == sorted(similarities, reverse=True), "the nearest do not come first")

    def _check_found(self, found: Point, *, with_vector: bool) -> None:
        held = self._points[found.id]
        if not with_vector:
            expect_equal(0, len(found.vector), f"bytes of a vector that nobody wanted, of point {found.id[:40]!r}")
            found = replace(found, vector=floats(self._units[found.id]))
        check_point(held, found, self._error)

    def _scores(self, asked: Asked) -> dict[str, float]:
        looked_for = unit(asked.vector)
        sought = [name for name, one in self._points.items() if _is_sought(one, asked)]
        return {name: math.fsum(map(operator.mul, looked_for, self._units[name])) for name in sought}

    def recall(self, asked: Asked, found: Sequence[Neighbour]) -> float:
        """Return which share of the nearest was found."""
        scores = self._scores(asked)
        best = sorted(scores, key=lambda one: -scores[one])[: asked.count]
        return len({one.point.id for one in found} & set(best)) / max(1, len(best))


def check_point(held: Point, got: Point, error: float) -> None:
    """Raise `Broken` unless `got` is the point that was put: the vector at length 1, the rest as it was."""
    about = f"of point {held.id[:40]!r}"
    expect_equal(held.id, got.id, "the id")
    expect_equal((held.ends_at, held.kept_until), (got.ends_at, got.kept_until), f"the times {about}")
    expect_equal(dict(held.facts), dict(got.facts), f"the facts {about}")
    expect_equal(held.version, got.version, f"the version {about}")
    before, after = unit(held.vector), numbers(got.vector)
    expect_equal(len(before), len(after), f"the dimensions {about}")
    off = max(abs(one - other) for one, other in zip(before, after, strict=True))
    expect(off <= error, f"a component of the vector {about} is off by {off:.3g}, declared is {error:.3g}")


def numbers(vector: bytes) -> tuple[float, ...]:
    """Return the components of a vector."""
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def floats(given: Iterable[float]) -> bytes:
    """Return a vector."""
    listed = tuple(given)
    return struct.pack(f"<{len(listed)}f", *listed)


def unit(vector: bytes) -> list[float]:
    """Return the components at length 1."""
    given = numbers(vector)
    length = math.sqrt(math.fsum(one * one for one in given))
    return [one / length for one in given]


def cosine(one: bytes, other: bytes) -> float:
    """Return the cosine of the angle between two vectors."""
    return math.fsum(map(operator.mul, unit(one), unit(other)))


def _is_sought(point: Point, asked: Asked) -> bool:
    is_over = point.ends_at is not None and point.ends_at <= asked.at
    return not is_over and (asked.where is None or holds(point.facts, asked.where))


def _span(fewest: int, most: int) -> str:
    return str(most) if fewest == most else f"{fewest} to {most}"


_NOTHING = ("missing", None)


def holds(facts: Mapping[str, Any], where: Where) -> bool:
    """Return whether a condition holds, by the words of `llmcache.policy.where`."""
    match where:
        case Every(parts=parts):
            return not [part for part in parts if not holds(facts, part)]
        case Either(parts=parts):
            return len([part for part in parts if holds(facts, part)]) > 0
        case Not(part=part):
            return not holds(facts, part)
        case Test(field=name, how=how, value=value):
            return _compared(_looked_up(facts, name), how, value)


def _looked_up(facts: Mapping[str, Any], name: str) -> tuple[str, Any]:
    if name in facts:
        return _sorted_by_type(facts[name])
    first, dot, rest = name.partition(".")
    inner = facts.get(first)
    return _looked_up(inner, rest) if dot and isinstance(inner, dict) else _NOTHING


def _sorted_by_type(value: Any) -> tuple[str, Any]:
    if value is True or value is False:
        return "truth", value
    return ("number", value) if isinstance(value, int | float) else (type(value).__name__, value)


def _compared(fact: tuple[str, Any], how: str, value: Any) -> bool:
    if how in {"$in", "$nin"}:
        return (fact in [_sorted_by_type(one) for one in value]) == (how == "$in")
    wanted = _sorted_by_type(value)
    if how in {"$eq", "$ne"}:
        return (fact == wanted) == (how == "$eq")
    if fact[0] != wanted[0] or fact[0] not in {"number", "str"}:
        return False
    is_less, is_same = bool(fact[1] < wanted[1]), bool(fact[1] == wanted[1])
    return {"$lt": is_less, "$lte": is_less or is_same, "$gt": not is_less and not is_same, "$gte": not is_less}[how]
