"""Cases of indexes in use: random histories, several who write at once, calls that are cancelled, stores that are closed."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from llmcache.errors import ClosedError
from llmcache.model.key import Key
from llmcache.model.vectors import Point
from llmcache.model.where import Either, Not, Test, Where
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Clear
from llmcache.protocols.vector_ops import DeletePoints, EndedPoints, GetPoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Now
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.ops import CancelAfter, Close, Pause, Together
from llmcache_conformance.pointing import VECTORS, oracle_for, point, put, search_for
from llmcache_conformance.vector_oracle import Asked, floats

_STEPS = 20
_IDS = ("a", "A", "a ", "b", "é", "e\u0301", "0")
_DIMENSIONS = 3
_WRITERS = 4
_CALLS = 5
_TURNS: Final = (0, 1, 2, 3, 5, 8, 13)

Way = Callable[[Op[Any]], Op[Any]]
"""By which handle an op is done."""


def random_histories_answer_as_the_oracle(bench: Bench) -> Steps[None]:
    """Whatever is done to an index one after the other, it answers as a dict does."""
    for seed in (1, 2):
        yield from _history(bench, seed, _here)


def random_histories_of_two_handles_answer_as_the_oracle(bench: Bench) -> Steps[None]:
    """Nor does it matter through which handle it is done."""
    chance = random.Random(3)  # noqa: S311 -- no secret
    yield from _history(bench, 3, lambda op: bench.elsewhere(op) if chance.random() < 0.5 else op)


def _history(bench: Bench, seed: int, by: Way) -> Steps[None]:
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    chance = random.Random(seed)  # noqa: S311 -- no secret
    for _ in range(_STEPS):
        dice = chance.random()
        if dice < 0.5:
            points = [_drawn(chance, at) for _ in range(chance.choice((1, 1, 2, 5)))]
            yield from by(PutPoints(index, points, at))
            oracle.put(points)
        elif dice < 0.7:
            ids = chance.sample(_IDS, chance.choice((1, 2, 3)))
            yield from by(DeletePoints(index, ids, at))
            oracle.delete(ids)
        elif dice < 0.75:
            yield from by(Clear(index.space))
            oracle.clear()
        elif dice < 0.85:
            at += chance.choice((1.0, 3.0))
        oracle.check_points(_IDS, (yield from by(GetPoints(index, _IDS, at))), at)
        asked = _searched(chance, at)
        oracle.check_nearest(asked, (yield from by(search_for(index, asked))))
        until, count = at + chance.choice((0.0, 2.0)), chance.choice((1, 9))
        oracle.check_ended(until, at, count, (yield from by(EndedPoints(index, until, at, count))))


def _drawn(chance: random.Random, at: float) -> Point:
    life, more = chance.choice((None, 2.0, 2.0, 5.0, 50.0)), chance.choice((0.0, 0.0, 3.0, None))
    ends = None if life is None else at + life + chance.random()
    kept = None if ends is None or more is None else ends + more
    facts = chance.choice(({}, {"n": 1}, {"n": 2, "s": "a"}, {"n": "1", "s": ["a"]}))
    return Point(chance.choice(_IDS), _direction(chance), ends, kept, facts)


def _direction(chance: random.Random) -> bytes:
    return floats(chance.uniform(-1.0, 1.0) for _ in range(_DIMENSIONS))


def _searched(chance: random.Random, at: float) -> Asked:
    where: Where | None = chance.choice(
        (
            None,
            None,
            Test("n", "$eq", 1),
            Not(Test("n", "$gte", 2)),
            Either((Test("s", "$eq", "a"), Test("n", "$eq", "1"))),
        )
    )
    vector, count, least = _direction(chance), chance.choice((1, 2, 9)), chance.choice((-1.0, 0.0, 0.5))
    return Asked(vector, count, at, least, where, with_vectors=count > 1)


def no_acknowledged_point_is_lost(bench: Bench) -> Steps[None]:
    """Of several who begin and write one index at once none loses a point that it was told is put."""
    index, at = bench.index(), (yield from Now())
    yield from Together([partial(_write, index, at, writer, _here) for writer in range(_WRITERS)])

    yield from _all_are_there(bench, index, at, _here)


def no_acknowledged_point_of_two_handles_is_lost(bench: Bench) -> Steps[None]:
    """Nor where they write through different handles."""
    index, at = bench.index(), (yield from Now())
    ways: tuple[Way, ...] = (_here, _here, bench.elsewhere, bench.elsewhere)
    yield from Together([partial(_write, index, at, writer, ways[writer]) for writer in range(_WRITERS)])

    yield from _all_are_there(bench, index, at, _here)
    yield from _all_are_there(bench, index, at, bench.elsewhere)


def _here(op: Op[Any]) -> Op[Any]:
    return op


def _points_of(writer: int, call: int) -> list[Point]:
    return [point(f"{writer} {call} {part}", 1.0 + writer, 1.0 + call, 1.0 + part) for part in range(2)]


def _write(index: Key, at: float, writer: int, by: Way) -> Steps[None]:
    for call in range(_CALLS):
        first, second = _points_of(writer, call)
        yield from by(PutPoints(index, (first, second), at))
        yield from Pause()
        if call % 2:
            yield from by(DeletePoints(index, (first.id,), at))


def _all_are_there(bench: Bench, index: Key, at: float, by: Way) -> Steps[None]:
    oracle = oracle_for(bench)
    everything = [one for writer in range(_WRITERS) for call in range(_CALLS) for one in _points_of(writer, call)]
    oracle.put(everything)
    oracle.delete(one.id for one in everything if one.id.split()[1:] in (["1", "0"], ["3", "0"]))
    asked, ids = Asked(floats((1.0, 2.0, 3.0)), len(everything), at), [one.id for one in everything]
    oracle.check_nearest(asked, (yield from by(Nearest(index, asked.vector, asked.count, at))))
    oracle.check_points(ids, (yield from by(GetPoints(index, ids, at))), at)


def readers_see_whole_points(bench: Bench) -> Steps[None]:
    """While a point is replaced again and again, whoever reads it sees vector and facts of one and the same put."""
    index, at = bench.index(), (yield from Now())
    versions = [point("a", 1.0, float(number), turn=number) for number in range(_WRITERS * _CALLS)]
    yield from PutPoints(index, versions[:1], at)

    def write(writer: int) -> Steps[Any]:
        for number in range(writer, len(versions), _WRITERS):
            yield from PutPoints(index, (versions[number],), at)
            yield from Pause()
        return None

    def read() -> Steps[Any]:
        for _ in range(_CALLS):
            (one,) = yield from GetPoints(index, ("a",), at)
            expect(one is not None, "a point that is replaced was missing")
            if one is not None:
                _check_whole(bench, versions, one)
            yield from Pause()
            for found in (yield from Nearest(index, floats((1.0, 1.0)), 9, at, with_vectors=True)):
                _check_whole(bench, versions, found.point)
            yield from Pause()
        return None

    yield from Together([*(partial(write, writer) for writer in range(_WRITERS)), read, read])


def _check_whole(bench: Bench, versions: list[Point], found: Point) -> None:
    oracle = oracle_for(bench)
    oracle.put((versions[int(found.facts["turn"])],))
    oracle.check_points(("a",), (found,), 0.0)


def deleted_points_stay_deleted(bench: Bench) -> Steps[None]:
    """While others write, no search that begins after a deletion returned finds what it made missing."""
    index, at = bench.index(), (yield from Now())
    yield from PutPoints(index, [point(f"gone {number}", 1.0, float(number)) for number in range(_CALLS)], at)

    def write(writer: int) -> Steps[Any]:
        for call in range(_CALLS):
            yield from PutPoints(index, (point(f"{writer} {call}", 1.0, 1.0),), at)
            yield from Pause()
        return None

    def delete() -> Steps[Any]:
        for number in range(_CALLS):
            yield from DeletePoints(index, (f"gone {number}",), at)
            found = yield from Nearest(index, floats((1.0, 0.0)), 99, at)
            back = {one.point.id for one in found} & {f"gone {before}" for before in range(number + 1)}
            expect(not back, "a point was found after it was deleted")
            yield from Pause()
        return None

    yield from Together([*(partial(write, writer) for writer in range(_WRITERS - 1)), delete])


def cancelled_put_leaves_whole_points(bench: Bench) -> Steps[None]:
    """After a put was cancelled each point is the old one or the new one, and the next calls get their own answers."""
    at = yield from Now()
    index = bench.index()
    for turns in _TURNS:
        ids = [f"{turns} {number}" for number in range(3)]
        old, new = ([point(one, 1.0, by, turn=by) for one in ids] for by in (1.0, 2.0))
        yield from PutPoints(index, old, at)
        yield from CancelAfter(PutPoints(index, new, at), turns)
        found = yield from GetPoints(index, ids, at)
        oracle = oracle_for(bench)
        for place, one in enumerate(found):
            expect(one is not None, f"after {turns} turns: a point is missing")
            oracle.put(((new if one is not None and one.facts.get("turn") == 2.0 else old)[place],))
        oracle.check_points(ids, found, at)
        yield from CancelAfter(Nearest(index, floats((1.0, 0.0)), 9, at), turns)
        yield from DeletePoints(index, ids, at)
        left = yield from GetPoints(index, ids, at)
        expect_equal([None] * len(ids), list(left), f"after {turns} turns: points that were deleted")


def closed_store_refuses_vectors(bench: Bench) -> Steps[None]:
    """After close every method of vectors raises ClosedError."""
    index, at = bench.index(), (yield from Now())
    yield from PutPoints(index, (point("a"),), at)
    yield from Close()

    ops: tuple[Op[Any], ...] = (
        PutPoints(index, (point("a"),), at),
        PutPoints(index, (), at),
        DeletePoints(index, ("a",), at),
        GetPoints(index, ("a",), at),
        Nearest(index, floats((1.0, 0.0)), 1, at),
        EndedPoints(index, at, at, 1),
    )
    for op in ops:
        yield from refused(op, ClosedError)


def closed_handle_takes_no_points_along(bench: Bench) -> Steps[None]:
    """What one handle has put is found by another after the first was closed, and the other goes on."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, point("a"), point("b", 0.0, 1.0))
    yield from Close()

    yield from bench.elsewhere(PutPoints(index, (point("c", -1.0, 0.0),), at))
    oracle.put((point("c", -1.0, 0.0),))
    asked = Asked(floats((1.0, 0.0)), 9, at)

    oracle.check_nearest(asked, (yield from bench.elsewhere(Nearest(index, asked.vector, asked.count, at))))


VECTOR_LIFE = (
    Case(
        random_histories_answer_as_the_oracle,
        ("VEC-1", "VEC-5", "VEC-6", "VEC-8", "VEC-10", "VEC-14", "VEC-16"),
        VECTORS,
    ),
    Case(
        random_histories_of_two_handles_answer_as_the_oracle,
        ("VEC-1", "VEC-3", "VEC-5", "VEC-6", "VEC-8", "VEC-10", "VEC-14", "VEC-16"),
        (*VECTORS, Need.SECOND),
    ),
    Case(no_acknowledged_point_is_lost, ("VEC-1", "VEC-3", "VEC-14"), VECTORS),
    Case(no_acknowledged_point_of_two_handles_is_lost, ("VEC-3", "VEC-14"), (*VECTORS, Need.SECOND)),
    Case(readers_see_whole_points, ("VEC-1",), VECTORS),
    Case(deleted_points_stay_deleted, ("VEC-5", "VEC-14"), VECTORS),
    Case(cancelled_put_leaves_whole_points, ("KV-20", "VEC-1", "VEC-5"), VECTORS),
    Case(closed_store_refuses_vectors, ("KV-18", "KV-22"), VECTORS),
    Case(closed_handle_takes_no_points_along, ("KV-21",), (*VECTORS, Need.SECOND)),
)
