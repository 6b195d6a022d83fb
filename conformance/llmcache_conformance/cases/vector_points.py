"""Cases of points: putting, replacing, deleting and reading them by id."""

from dataclasses import replace
from typing import Any, Final

from llmcache.errors import UsageError
from llmcache.model.key import Key, Kind
from llmcache.model.vectors import Point
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear
from llmcache.protocols.vector_ops import DeletePoints, GetPoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Now
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.nasty import NAMES, SURROGATES
from llmcache_conformance.pointing import VECTORS, look, oracle_for, point, put, search
from llmcache_conformance.vector_oracle import Asked, floats

NAN, INFINITY = float("nan"), float("inf")

WRONG_VECTORS: Final[dict[str, Any]] = {
    "too few dimensions": floats((1.0,)),
    "too many dimensions": floats((1.0, 0.0, 0.0)),
    "no dimension": b"",
    "no whole number of floats": floats((1.0, 0.0)) + b"\x00",
    "length zero": floats((0.0, -0.0)),
    "not a number": floats((NAN, 1.0)),
    "an infinity": floats((1.0, -INFINITY)),
    "a list": [1.0, 0.0],
}

FACTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"": "", "text": "é\u0301 \x00 😀 \"'\\ {}", "number": 0, "negative": -7, "half": 0.5, "large": 2**53},
    {"yes": True, "no": False, "nothing": None, "list": [], "mapping": {}},
    {"deep": {"deeper": {"deepest": [1, [2, {"three": 3.25}], None, "four"]}}, "deep.deeper": "no path"},
    {"id": "not the id", "vector": "not the vector", "ends_at": 1.0, "e": 2, "f": {"e": 3}},
    {"long": "0123456789abcdef" * 2_048, **{f"fact {number}": number for number in range(200)}},
)


def points_come_back_whole(bench: Bench) -> Steps[None]:
    """Points come back in the order asked for, twice where asked twice: facts and times as they were, vectors at length 1."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    times = [(None, None), (50.0, 50.0), (50.5, 99.25), (60.0, None), (None, None), (1.0, None)]
    scales = (0, 3, -3, 15, -15, 1)
    points = []
    for number, ((ends, kept), facts, scale) in enumerate(zip(times, FACTS, scales, strict=True)):
        vector = floats((10.0**scale, -(10.0**scale) / 3, 0.0))
        until = None if kept is None else at + kept
        points.append(Point(f"point {number}", vector, None if ends is None else at + ends, until, facts))
    yield from put(oracle, index, at, *points)

    ids = ["point 4", "nothing", "point 0", "point 4", *(one.id for one in points), "point", "Point 0", "point 0 "]
    oracle.check_points(ids, (yield from GetPoints(index, ids, at)), at)
    none = yield from GetPoints(index, (), at)

    expect_equal([], list(none), "the slots of no ids")


def replaced_points_are_replaced_whole(bench: Bench) -> Steps[None]:
    """A point that is put again has nothing left of the old one: neither vector nor facts nor times."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    first = [point(f"{number}", 1.0, 0.1 * number, ends=at + 10.0, old=number, same=1) for number in range(4)]
    yield from put(oracle, index, at, *first)

    yield from put(oracle, index, at, point("0", -1.0, 0.0, new=1), point("1", 0.0, 1.0, ends=at + 5.0, same=2))
    yield from put(oracle, index, at, point("2", 1.0, 0.2, ends=at + 99.0))

    yield from look(oracle, index, at)
    for when in (at, at + 7.0, at + 20.0):
        for vector in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)):
            yield from search(oracle, index, Asked(floats(vector), 9, when))


def later_of_two_points_holds(bench: Bench) -> Steps[None]:
    """Of one id twice in a call the later point is there, and the other one nowhere."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    twice = (
        point("a", 1.0, 0.0, turn=1),
        point("b", 1.0, 1.0),
        point("a", 0.0, 1.0, turn=2),
        point("a", -1.0, 0.0, turn=3),
    )

    yield from put(oracle, index, at, *twice)

    yield from look(oracle, index, at)
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))
    # Far from each other in a call that is large, too: a store may write it in parts.
    large, wide = bench.index(), floats((1.0,) * 4_096)
    many = [Point(f"{number}", wide, facts={"turn": number}) for number in range(40)]
    yield from PutPoints(large, [*many, Point("0", wide, facts={"turn": "last"})], at)
    (found,) = yield from GetPoints(large, ("0",), at)
    expect_equal({"turn": "last"}, None if found is None else dict(found.facts), "the later of two in a large call")


def points_are_found_by_other_handles(bench: Bench) -> Steps[None]:
    """What one handle has put, replaced, deleted or cleared another one sees with its next call, and the other way round."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    asked = Asked(floats((1.0, 0.0)), 9, at)

    def agree() -> Steps[None]:
        there = yield from bench.elsewhere(Nearest(index, asked.vector, asked.count, at))
        oracle.check_nearest(asked, there)
        ids = [*oracle.ids, "1", "2"]
        oracle.check_points(ids, (yield from bench.elsewhere(GetPoints(index, ids, at))), at)
        yield from search(oracle, index, asked)
        yield from look(oracle, index, at, "1", "2")

    yield from put(oracle, index, at, point("1"), point("2", 1.0, 1.0))
    yield from agree()
    for number in range(3):
        points = (point("2", 0.0, 1.0, turn=number), point(f"more {number}", 1.0, 2.0))
        yield from bench.elsewhere(PutPoints(index, points, at))
        oracle.put(points)
        yield from agree()
    yield from DeletePoints(index, ("1",), at)
    oracle.delete(("1",))
    yield from agree()
    yield from bench.elsewhere(DeletePoints(index, ("2",), at))
    oracle.delete(("2",))
    yield from agree()
    yield from bench.elsewhere(Clear(index.space))
    oracle.clear()
    yield from agree()
    yield from put(oracle, index, at, point("2"))
    yield from agree()


def wrong_points_change_nothing(bench: Bench) -> Steps[None]:
    """One wrong point among right ones and none is put, into an index that is there or into a new one."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, point("a", 3.0, 4.0, old=True))
    wrong = [Point("b", vector) for vector in WRONG_VECTORS.values()]
    wrong += [
        point(""),
        Point("b", floats((1.0, 0.0)), at + 10.0, at + 9.0),
        Point("b", floats((1.0, 0.0)), None, at + 9.0),
    ]

    for one in wrong:
        for points in ((point("a", 1.0, 0.0), point("c"), one), (one, point("a", 1.0, 0.0), point("c"))):
            yield from refused(PutPoints(index, points, at), UsageError)
    new = bench.index()
    yield from refused(PutPoints(new, (point("a"), point("b", 1.0, 2.0, 3.0)), at), UsageError)

    yield from look(oracle, index, at, "b", "c")
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))
    there = yield from GetPoints(new, ("a", "b"), at)
    expect_equal([None, None], list(there), "what a refused call has put into a new index")
    yield from PutPoints(new, (point("b", 1.0, 2.0, 3.0),), at)


def no_points_change_nothing(bench: Bench) -> Steps[None]:
    """Putting none and deleting none is no error, and does not make an index."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from PutPoints(index, (), at)
    yield from DeletePoints(index, (), at)
    yield from put(oracle, index, at, point("a", 1.0, 2.0, 3.0))

    yield from PutPoints(index, (), at)
    yield from DeletePoints(index, (), at)

    yield from look(oracle, index, at)


def deleted_points_are_missing(bench: Bench) -> Steps[None]:
    """Exactly the points that were named are gone, some of them missing before, and can be put again."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from DeletePoints(index, ("a", "nothing"), at)
    yield from put(oracle, index, at, *(point(name, 1.0, 0.1 * number) for number, name in enumerate("abcdeA")))

    for ids in (("a",), ("nothing", "c", "d"), ("a", "a", "e", "e")):
        yield from DeletePoints(index, ids, at)
        oracle.delete(ids)
        yield from look(oracle, index, at, "a", "c", "d", "e", "nothing")
        yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))
    yield from put(oracle, index, at, point("a", 0.0, 1.0, again=True))

    yield from look(oracle, index, at, "c", "d", "e")
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))


def ids_of_points_stay_apart(bench: Bench) -> Steps[None]:
    """Any text that is not empty names one point, and no two texts the same one."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    names = [*(name for name in NAMES if name not in SURROGATES), "long " * 2_000, "long " * 2_000 + "."]
    points = [point(name, 1.0, float(number), number=number) for number, name in enumerate(names)]
    yield from put(oracle, index, at, *points)

    yield from look(oracle, index, at)
    gone = names[::3]
    yield from DeletePoints(index, gone, at)
    oracle.delete(gone)

    yield from look(oracle, index, at, *gone)
    yield from search(oracle, index, Asked(floats((1.0, 9.0)), len(names), at))


def indexes_stay_apart(bench: Bench) -> Steps[None]:
    """Indexes of other name, kind or namespace never meet, of whatever dimensions they are."""
    at = yield from Now()
    names = ("docs", "Docs", "docs ", "docs/1", "docs:1", "doc")
    indexes = [bench.index(name) for name in names]
    indexes += [bench.index("docs", Kind.QUESTION)]
    indexes += [Key(bench.space(*below, kind=Kind.VECTORS), "docs") for below in (("a",), ("a", "b"), ("a/b",))]
    oracles = [oracle_for(bench) for _ in indexes]
    for number, (index, oracle) in enumerate(zip(indexes, oracles, strict=True), 1):
        yield from put(
            oracle, index, at, point("same", *(1.0,) * number, number=number), point("other", *(-2.0,) * number)
        )

    yield from DeletePoints(indexes[0], ("other",), at)
    oracles[0].delete(("other",))

    for number, (index, oracle) in enumerate(zip(indexes, oracles, strict=True), 1):
        yield from look(oracle, index, at, "other")
        yield from search(oracle, index, Asked(floats((1.0,) * number), 9, at))


def cleared_index_is_gone(bench: Bench) -> Steps[None]:
    """Clearing its space drops an index with its dimensions, and no other index."""
    kept, at, oracle = bench.index(kind=Kind.QUESTION), (yield from Now()), oracle_for(bench)
    yield from put(oracle, kept, at, point("a"), point("b", 0.0, 1.0))
    index = bench.index("docs")
    for dimensions in (2, 3, 2):
        yield from PutPoints(index, [point("a", *(1.0,) * dimensions), point("b", *(-1.0,) * dimensions)], at)
        yield from Clear(index.space)
        there = yield from GetPoints(index, ("a", "b"), at)
        found = yield from Nearest(index, floats((1.0,) * dimensions), 9, at)
        expect_equal(([None, None], []), (list(there), list(found)), "what is in an index that was cleared")

    fresh = oracle_for(bench)
    yield from put(fresh, index, at, point("c", 1.0, 0.0, 0.0))
    yield from look(fresh, index, at, "a", "b")
    yield from search(fresh, index, Asked(floats((1.0, 1.0, 1.0)), 9, at))
    yield from look(oracle, kept, at)


def vectors_have_few_or_many_dimensions(bench: Bench) -> Steps[None]:
    """Vectors of one dimension and of 4,096 come back and are found."""
    at = yield from Now()
    for dimensions in (1, 4_096):
        index, oracle = bench.index(), oracle_for(bench)
        slope = [1.0 + (number * 37 % 101) / 50 for number in range(dimensions)]
        tail = [*slope[:-1], -slope[-1]] if dimensions > 1 else [-1.0]
        yield from put(
            oracle, index, at, point("slope", *slope), point("tail", *tail), point("back", *(-x for x in slope))
        )
        yield from look(oracle, index, at)
        yield from search(oracle, index, Asked(floats(slope), 9, at))


def points_live_as_long_as_they_are_kept(bench: Bench) -> Steps[None]:
    """As time goes by, points stay until the instant that each was to be kept until, whatever was put before or after."""
    index, begin, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    lives = {"short": 10.0, "long": 5_000.0, "shorter": 5.0, "middle": 600.0, "later": 1_200.0}
    for number, (name, life) in enumerate(lives.items()):
        yield from put(oracle, index, begin, point(name, 1.0, float(number), ends=begin + life))

    for seconds in (7.0, 100.0, 600.0):
        yield from bench.passing(seconds)
        at = yield from Now()
        yield from look(oracle, index, at)
        yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))
    yield from put(oracle, index, at, point("new", -1.0, 0.0, ends=at + 1.0))
    yield from bench.passing(4_000.0)
    at = yield from Now()
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, at))
    yield from bench.passing(1_000.0)
    found = yield from Nearest(index, floats((1.0, 0.0)), 9, (yield from Now()))

    expect(not found, "a point was found after its end")


def ended_points_may_be_replaced(bench: Bench) -> Steps[None]:
    """A point that has ended, and was forgotten or not, is there again when it is put again."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    brief = point("a", 1.0, 0.0, ends=at + 10.0)
    yield from put(oracle, index, at, brief, replace(brief, id="b", kept_until=at + 90.0))
    later = at + 20.0
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, later))

    yield from put(oracle, index, later, point("a", 0.0, 1.0, ends=at + 50.0), point("b", 1.0, 1.0, ends=at + 50.0))

    yield from look(oracle, index, later)
    yield from search(oracle, index, Asked(floats((1.0, 0.0)), 9, later))


VECTOR_POINTS = (
    Case(points_come_back_whole, ("VEC-1", "VEC-6", "VEC-7"), VECTORS),
    Case(replaced_points_are_replaced_whole, ("VEC-1", "VEC-14"), VECTORS),
    Case(later_of_two_points_holds, ("VEC-2",), VECTORS),
    Case(points_are_found_by_other_handles, ("VEC-3", "VEC-14", "KV-14"), (*VECTORS, Need.SECOND)),
    Case(wrong_points_change_nothing, ("VEC-4",), VECTORS),
    Case(no_points_change_nothing, ("VEC-1", "VEC-5"), VECTORS),
    Case(deleted_points_are_missing, ("VEC-5", "VEC-6", "VEC-14"), VECTORS),
    Case(ids_of_points_stay_apart, ("VEC-1", "VEC-5", "VEC-6"), VECTORS),
    Case(indexes_stay_apart, ("KV-15", "VEC-1"), VECTORS),
    Case(cleared_index_is_gone, ("KV-14", "VEC-6", "VEC-13"), VECTORS),
    Case(vectors_have_few_or_many_dimensions, ("VEC-1", "VEC-7"), VECTORS),
    Case(points_live_as_long_as_they_are_kept, ("VEC-6", "VEC-8"), VECTORS),
    Case(ended_points_may_be_replaced, ("VEC-1", "VEC-10"), VECTORS),
)
