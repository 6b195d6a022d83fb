"""Cases of searching by direction: what is found, in which order, and what must not be."""

import random
from dataclasses import replace
from typing import Any, Final

from llmcache.errors import UsageError
from llmcache.model.vectors import Point
from llmcache.model.where import Either, Every, Not, Test, Where
from llmcache.protocols.steps import Steps
from llmcache.protocols.vector_ops import DeletePoints, EndedPoints, GetPoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Now
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case
from llmcache_conformance.cases.vector_points import WRONG_VECTORS
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.pointing import VECTORS, oracle_for, point, put, search, search_for
from llmcache_conformance.vector_oracle import Asked, floats, numbers

_RECALL: Final = 0.9
"""Of the nearest, a search that is not exact must find so many on average."""

_FACTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"n": 1, "s": "a", "b": True, "none": None},
    {"n": 1.0, "s": "A", "b": False},
    {"n": 2, "s": "b", "deep": {"s": "a", "n": 5, "deeper": {"n": 1}}},
    {"n": -1.5, "s": "", "deep.s": "a", "list": [1, 2]},
    {"n": "1", "s": 1, "b": "True", "none": "None", "deep": "a"},
    {"n": True, "s": None, "b": 1, "none": 0},
    {"s": "a' or \"1\" == '1\\", 'quote"s': 1, "é": "é", "with space": 1, "n": 10**12},
    {"s": "e\u0301", "é": "e\u0301", "n": 0, "list": [], "deep": {}},
    {"and": 1, "in": 2, "not": 3, ".n": 4, "": 5, "n": 0.1, "id": "x", "e": 0},
)

_TESTS: Final = (
    *(
        Test("n", how, value)
        for how in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
        for value in (1, 1.5, "1", True, 0.1)
    ),
    *(
        Test("s", how, value)
        for how in ("$eq", "$ne", "$gt", "$lte")
        for value in ("a", "", "é", "a' or \"1\" == '1\\", None)
    ),
    *(Test("b", how, value) for how in ("$eq", "$ne", "$gte") for value in (True, False, 1)),
    *(Test("none", how, None) for how in ("$eq", "$ne", "$gt")),
    *(
        Test("n", how, values)
        for how in ("$in", "$nin")
        for values in ((), (1,), (2, "1", True), (0, None, -1.5, 10**12))
    ),
    *(Test("s", how, ("a", "", None, "é")) for how in ("$in", "$nin")),
    *(
        Test(name, how, value)
        for name in ("deep.s", "deep.n", "deep.deeper.n")
        for how in ("$eq", "$ne")
        for value in ("a", 1, 5)
    ),
    *(Test(name, "$gte", 1) for name in ('quote"s', "with space", "and", "in", "not", ".n", "", "e", "id")),
    *(Test("é", how, "é") for how in ("$eq", "$ne", "$lt")),
    *(Test("list", how, value) for how in ("$eq", "$ne") for value in ([1, 2], [])),
    Test("deep", "$eq", {}),
    Test("nowhere", "$eq", None),
    Test("nowhere", "$nin", (None,)),
)
_ONE, _A, _YES = Test("n", "$eq", 1), Test("s", "$eq", "a"), Test("b", "$eq", True)
_LOGIC: Final[tuple[Where, ...]] = (
    Every(()),
    Either(()),
    Every((_ONE, _A)),
    Either((_ONE, _A, _YES)),
    Not(_ONE),
    Not(Every((_ONE, Not(_A)))),
    Every((Either((_ONE, _A)), Not(Either((_YES, Test("none", "$eq", None)))), Test("n", "$ne", 2))),
    Not(Test("deep.s", "$eq", "a")),
    Either((Every(()), _ONE)),
)


def drawn(seed: int, many: int, dimensions: int, **facts: Any) -> list[Point]:
    """Return points in directions that are the same every time."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    return [
        Point(f"{number}", floats(chance.gauss(0.0, 1.0) for _ in range(dimensions)), facts={**facts, "number": number})
        for number in range(many)
    ]


def nearest_come_first(bench: Bench) -> Steps[None]:
    """Points are found by their direction alone, the nearest first, with their cosine, whatever the lengths of vectors are."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    lengths = (1e-3, 1.0, 1e3, 1e6)
    points = [
        Point(f"{turn} of {number}", floats(length * part for part in (turn, 3.0 - turn, -1.0)))
        for number, length in enumerate(lengths)
        for turn in (-4.0 + 0.37 * number, 0.1 + 0.21 * number, 2.5 + 0.13 * number)
    ]
    yield from put(oracle, index, at, *points)

    for vector in ((1.0, 0.0, 0.0), (0.0, 1e4, 0.0), (-1.0, 4.0, 1.0), (1e-5, 1e-5, -1e-5), (0.0, 0.0, 1.0)):
        for count in (1, 3, 12):
            yield from search(oracle, index, Asked(floats(vector), count, at))


def vectors_come_where_they_are_wanted(bench: Bench) -> Steps[None]:
    """A search that wants vectors gets them as they are read by id, and another one finds the same without any."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, *drawn(4, 20, 8, topic="loans"))
    for where in (None, Test("number", "$gte", 10), Test("topic", "$ne", "cards")):
        asked = Asked(floats((1.0,) * 8), 5, at, where=where, with_vectors=True)

        found, bare = (
            (yield from search_for(index, asked)),
            (yield from search_for(index, replace(asked, with_vectors=False))),
        )
        read = yield from GetPoints(index, [one.point.id for one in found], at)

        oracle.check_nearest(asked, found)
        oracle.check_nearest(replace(asked, with_vectors=False), bare)
        expect_equal([one.point.id for one in found], [one.point.id for one in bare], "what is found without vectors")
        expect_equal(list(read), [one.point for one in found], "points that are found, and those that are read")


def at_most_count_are_found(bench: Bench) -> Steps[None]:
    """A search gives as many as it is asked for, or all there are, what lies opposite included; it asks for one at least."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    points = drawn(1, 7, 4)
    yield from put(oracle, index, at, *points)
    for count in (1, 2, 6, 7, 8, 1_000):
        yield from search(oracle, index, Asked(floats((1.0, 2.0, 3.0, 4.0)), count, at))
    # Of directions like these some have a cosine with themselves that single precision puts a little beyond 1.
    other, steep = bench.index(), [point(f"{x}", 1.3, 0.1 * x, 0.3) for x in range(-9, 10)]
    yield from PutPoints(other, steep, at)
    for one in steep:
        opposite = floats(-number for number in numbers(one.vector))
        found = yield from Nearest(other, opposite, 99, at)
        expect_equal(len(steep), len(found), "points found, what lies exactly opposite included")

    for wrong in (0, -1):
        yield from refused(Nearest(index, floats((1.0, 2.0, 3.0, 4.0)), wrong, at), UsageError)


def ended_points_are_not_found(bench: Bench) -> Steps[None]:
    """A point is found until just before it ends, and no longer at that instant, nearest as it may be."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    ends = (at + 10.0, at + 10.0, at + 10.25, at + 1_000.0)
    points = [
        Point(f"{number}", floats((1.0, 0.1 * number)), end, end + 5.0 if number else end)
        for number, end in enumerate(ends)
    ]
    yield from put(oracle, index, at, *points, point("for ever", 1.0, 0.01))

    for seconds in (0.0, 9.999, 10.0, 10.0001, 10.25, 999.0, 1_000.0, 1_000.5):
        for count in (1, 9):
            yield from search(oracle, index, Asked(floats((1.0, 0.0)), count, at + seconds))
    there = yield from GetPoints(index, ("1", "2"), at + 11.0)
    expect(None not in there, "a point that has ended and is kept did not come back")


def least_similarity_is_a_bound(bench: Bench) -> Steps[None]:
    """No point below the least similarity is found, and none above it is left out."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(
        oracle, index, at, *(point(f"{turn}", turn, 1.0 - abs(turn)) for turn in (-1.0, -0.6, -0.1, 0.0, 0.3, 0.7, 1.0))
    )
    for least in (-1.0, -0.9, -0.5, -0.05, 0.2, 0.5, 0.95, 0.999):
        for count in (2, 9):
            yield from search(oracle, index, Asked(floats((1.0, 0.0)), count, at, least))


def facts_must_fit(bench: Bench) -> Steps[None]:
    """Exactly the points whose facts fit are found, by every comparison, with values that look alike, alone and combined."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(
        oracle,
        index,
        at,
        *(Point(f"{number}", floats((1.0, 0.07 * number)), facts=facts) for number, facts in enumerate(_FACTS)),
    )
    for where in (*_TESTS, *_LOGIC):
        yield from search(oracle, index, Asked(floats((1.0, 0.0)), 99, at, where=where))


def points_that_fit_are_found_behind_many_that_do_not(bench: Bench) -> Steps[None]:
    """A search for few finds what fits, however many points are nearer that do not, and with the other conditions too."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    near = [point(f"near {number}", 1.0, 0.001 * number, fits=False) for number in range(120)]
    ended = [point(f"ended {number}", 1.0, 0.0011 * number, ends=at + 1.0, fits=True) for number in range(30)]
    far = [point(f"far {number}", -0.2, 1.0 + 0.01 * number, fits=True, number=number) for number in range(3)]
    yield from put(oracle, index, at, *near, *ended, *far)

    fits, second = Test("fits", "$eq", True), Test("number", "$in", (1, "1"))
    for where, least in (
        (fits, -1.0),
        (Every((fits, second)), -1.0),
        (Not(Test("fits", "$ne", True)), -0.195),
        (second, 0.9),
    ):
        for count in (1, 2, 9):
            yield from search(oracle, index, Asked(floats((1.0, 0.0)), count, at + 1.0, least, where))


def missing_index_has_nothing(bench: Bench) -> Steps[None]:
    """In an index that nobody has written nothing is found, listed or deleted, beside one whose name looks like it."""
    index, at, oracle = bench.index("docs"), (yield from Now()), oracle_for(bench)
    neighbour = bench.index("docs 2")
    yield from put(oracle, neighbour, at, point("a", ends=at + 1.0))

    found = yield from Nearest(index, floats((1.0, 0.0, 0.0)), 9, at)
    there = yield from GetPoints(index, ("a", ""), at)
    ended = yield from EndedPoints(index, at + 5.0, at, 9)
    yield from DeletePoints(index, ("a",), at)

    expect_equal(([], [None, None], []), (list(found), list(there), list(ended)), "what is in a missing index")
    yield from search(oracle, neighbour, Asked(floats((1.0, 0.0)), 9, at))


def wrong_vectors_are_not_searched_for(bench: Bench) -> Steps[None]:
    """Who searches for what has no direction, or other dimensions than the index, is told so; right searches go on."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, point("a"), point("b", 0.0, 1.0))

    for vector in WRONG_VECTORS.values():
        yield from refused(Nearest(index, vector, 1, at), UsageError)

    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))


def none_of_many_is_left_out(bench: Bench) -> Steps[None]:
    """Among hundreds of points an exact search leaves out none that is nearer; another one finds nine in ten of the nearest."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    points = drawn(2, 300, 8)
    for first in range(0, len(points), 100):
        yield from put(oracle, index, at, *points[first : first + 100])
    shares = []
    for asked in (
        Asked(one.vector, 10, at, where=where)
        for one in drawn(3, 5, 8)
        for where in (None, Test("number", "$gte", 200))
    ):
        found = yield from search_for(index, asked)
        if bench.capabilities.exact_vectors:
            oracle.check_nearest(asked, found)
        shares.append(oracle.recall(asked, found))

    average = sum(shares) / len(shares)
    expect(average >= _RECALL, f"on average {average:.2f} of the nearest were found")


def ended_points_are_listed_in_order(bench: Bench) -> Steps[None]:
    """What ends by an instant, that one included, and is kept beyond now is listed, the first to end first, and nothing else."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    lives: dict[str, tuple[float | None, float | None]] = {
        "c": (3.0, 50.0),
        "a": (1.0, 50.0),
        "e": (5.0, None),
        "never": (None, None),
        "b": (2.0, 20.0),
        "d": (4.0, 50.0),
        "later": (90.0, 99.0),
        "deleted": (1.5, 50.0),
        "replaced": (1.7, 50.0),
    }
    yield from put(
        oracle,
        index,
        at,
        *(
            Point(name, floats((1.0, 0.5)), None if ends is None else at + ends, None if kept is None else at + kept)
            for name, (ends, kept) in lives.items()
        ),
    )
    yield from DeletePoints(index, ("deleted",), at)
    oracle.delete(("deleted",))
    yield from put(oracle, index, at, Point("replaced", floats((1.0, 0.5)), at + 60.0, at + 61.0))

    for until, now in (
        (0.5, 0.0),
        (1.0, 1.0),
        (3.0, 4.0),
        (5.0, 6.0),
        (5.0, 20.0),
        (70.0, 10.0),
        (95.0, 50.0),
        (99.0, 98.0),
    ):
        for count in (1, 2, 99):
            found = yield from EndedPoints(index, at + until, at + now, count)
            oracle.check_ended(at + until, at + now, count, found)


def search_of_a_full_page_is_stable(bench: Bench) -> Steps[None]:
    """Points in one and the same direction are all found, as many as are asked for."""
    index, at = bench.index(), (yield from Now())
    yield from PutPoints(index, [point(f"{number}", 1.0, 1.0, number=number) for number in range(20)], at)
    for count in (1, 5, 19, 20, 21):
        found = yield from Nearest(index, floats((2.0, 2.0)), count, at)
        expect_equal(min(count, 20), len({one.point.id for one in found}), f"of 20 equal vectors, asked for {count}")


VECTOR_SEARCH = (
    Case(nearest_come_first, ("VEC-8", "VEC-15"), VECTORS),
    Case(vectors_come_where_they_are_wanted, ("VEC-7", "VEC-17"), VECTORS),
    Case(at_most_count_are_found, ("VEC-9",), VECTORS),
    Case(ended_points_are_not_found, ("VEC-6", "VEC-10"), VECTORS),
    Case(least_similarity_is_a_bound, ("VEC-8", "VEC-11"), VECTORS),
    Case(facts_must_fit, ("VEC-12",), VECTORS),
    Case(points_that_fit_are_found_behind_many_that_do_not, ("VEC-8", "VEC-10", "VEC-11", "VEC-12"), VECTORS),
    Case(missing_index_has_nothing, ("VEC-13",), VECTORS),
    Case(wrong_vectors_are_not_searched_for, ("VEC-8",), VECTORS),
    Case(none_of_many_is_left_out, ("VEC-8", "VEC-15"), VECTORS),
    Case(ended_points_are_listed_in_order, ("VEC-16",), VECTORS),
    Case(search_of_a_full_page_is_stable, ("VEC-8", "VEC-9"), VECTORS),
)
