"""Cases of points that replace a certain version, and of deletions of one."""

from dataclasses import replace
from functools import partial
from typing import Any

from llmcache.errors import UsageError
from llmcache.model.vectors import Point
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear
from llmcache.protocols.vector_ops import DeletePoints, GetPoints, PutPoints
from llmcache.protocols.world_ops import Now
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.ops import Pause, Together
from llmcache_conformance.pointing import VECTORS, look, oracle_for, point, put

_WRITERS = 6


def version(name: str, said: str, slope: float = 0.0, **times: float) -> Point:
    """Return a point of a version, which its facts say, too."""
    return replace(point(name, 1.0, slope, said=said, **times), version=said)


def points_replace_the_version_they_name(bench: Bench) -> Steps[None]:
    """A point is put over its version, or over nothing where that is said, and changes nothing where something else is there."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, version("a", "1"), version("b", "1"), version("c", ""), version("d", "é \" ' ="))

    new = [version(name, "2", 1.0) for name in ("a", "b", "c", "d", "e", "f")]
    yield from PutPoints(index, new, at, ("1", "2", "", "é \" ' =", None, "1"))
    oracle.put([new[0], new[2], new[3], new[4]])
    yield from look(oracle, index, at, "f")
    yield from PutPoints(index, [version(name, "3", 2.0) for name in ("a", "b", "e")], at, ("1", None, None))
    yield from look(oracle, index, at, "f")
    yield from PutPoints(index, [version("a", "4", 3.0)], at, ("2",))
    oracle.put([version("a", "4", 3.0)])

    yield from look(oracle, index, at, "f")
    yield from refused(PutPoints(index, [version("a", "5"), version("a", "6")], at, ("4", "4")), UsageError)
    yield from look(oracle, index, at, "f")


def what_was_deleted_is_not_replaced(bench: Bench) -> Steps[None]:
    """Over a version that was deleted, cleared or is no longer kept nothing is put; over nothing it is."""
    at, oracle = (yield from Now()), oracle_for(bench)
    deleted, cleared = bench.index(), bench.index()
    yield from put(oracle, deleted, at, version("a", "1"), version("b", "1", ends=at + 5.0))
    yield from PutPoints(cleared, [version("a", "1")], at)
    yield from DeletePoints(deleted, ("a",), at)
    yield from Clear(cleared.space)
    yield from put(oracle, deleted, at, version("b", "1", ends=at + 5.0))  # the two may be of one space

    late = at + 5.0
    yield from PutPoints(deleted, [version("a", "2"), version("b", "2")], late, ("1", "1"))
    yield from PutPoints(cleared, [version("a", "2")], late, ("1",))
    for index, ids in ((deleted, ("a", "b")), (cleared, ("a",))):
        found = yield from GetPoints(index, ids, late)
        expect_equal([None] * len(ids), list(found), "points that were put over what is there no more")
    yield from PutPoints(deleted, [version("b", "3")], late, (None,))
    (back,) = yield from GetPoints(deleted, ("b",), late)
    expect_equal("3", None if back is None else back.version, "the version that was put over nothing")


def only_the_version_that_is_named_is_deleted(bench: Bench) -> Steps[None]:
    """A deletion of a version leaves another one alone."""
    index, at, oracle = bench.index(), (yield from Now()), oracle_for(bench)
    yield from put(oracle, index, at, version("a", "1"), version("b", "2"), version("c", ""))

    yield from DeletePoints(index, ("a", "b", "c", "d"), at, ("1", "1", "", "1"))
    oracle.delete(("a", "c"))

    yield from look(oracle, index, at, "a", "c", "d")
    yield from PutPoints(index, [version("a", "3")], at, (None,))
    oracle.put([version("a", "3")])
    yield from look(oracle, index, at, "c", "d")


def one_of_many_replaces_a_version(bench: Bench) -> Steps[None]:
    """Of several that put over one version at once one holds; who puts without asking holds against all of them."""
    index, at = bench.index(), (yield from Now())
    for turn in range(4):
        yield from PutPoints(index, [version("a", "old"), version("b", "old")], at)

        def over(writer: int) -> Steps[Any]:
            yield from PutPoints(index, [version(name, f"{writer}") for name in ("a", "b")], at, ("old", "old"))
            yield from Pause()
            return None

        def anyway(turn: int) -> Steps[Any]:
            for _ in range(turn):
                yield from Pause()
            yield from PutPoints(index, [version("b", "new")], at)
            return None

        yield from Together([*(partial(over, writer) for writer in range(_WRITERS)), partial(anyway, turn)])
        one, other = yield from GetPoints(index, ("a", "b"), at)
        said = "nothing" if one is None else one.version
        expect(said in map(str, range(_WRITERS)), f"of many that replace a version {said!r} holds")
        expect(one is not None and one.facts["said"] == said, "facts are of another putting than the version")
        expect_equal("new", None if other is None else other.version, "the version that was put without asking")


VECTOR_VERSIONS = (
    Case(points_replace_the_version_they_name, ("VEC-18", "VEC-4"), VECTORS),
    Case(what_was_deleted_is_not_replaced, ("VEC-18", "VEC-14"), VECTORS),
    Case(only_the_version_that_is_named_is_deleted, ("VEC-19",), VECTORS),
    Case(one_of_many_replaces_a_version, ("VEC-18",), VECTORS),
)
