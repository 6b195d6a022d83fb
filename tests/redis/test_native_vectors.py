"""Vectors in vector sets of the server, where there is one that has them: Redis 8, as far as `.ci/servers` could unpack it."""

import contextlib
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache import Document
from llmcache.errors import StoreRefused, UnsupportedError, UsageError
from llmcache.model.key import Kind
from llmcache.model.vectors import Point
from llmcache.model.where import Either, Every, Not, Test, Where
from llmcache.protocols.vectors import VectorStore, vector_store
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Colour, Need, Run, Subject, conformance_cases
from llmcache_conformance.vector_oracle import Asked, PointOracle
from llmcache_redis import open_pair, open_store
from tests.redis.clusters import Members
from tests.redis.servers import Program, Server, newer_programs
from tests.redis.things import Newer, key

pytestmark = pytest.mark.slow

PROGRAMS = [program for program in newer_programs() if program.name.startswith("redis-8")]
needs_vector_sets = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
RUNS = [run for run in conformance_cases() if Need.VECTORS in run.case.needs]
AT = 1_900_000_000.0
INDEX = key("docs", kind=Kind.VECTORS)


def patient(where: str, vectors: str = "native") -> Callable[[Clock], StorePair]:
    """Open with time limits that a busy machine does not reach."""
    return lambda clock: open_pair(where, clock=clock, timeout=20.0, log_timeout=20.0, vectors=vectors)


@needs_vector_sets
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_vector_sets_conform(run: Run, program: Program, newer: Newer) -> None:
    """A store that keeps vectors in vector sets keeps every clause of vectors, in every colour."""
    run.on(Subject("native", open=patient(f"redis://127.0.0.1:{newer(program).port}"), opens_same=True))


@needs_vector_sets
@pytest.mark.parametrize("run", [run for run in RUNS if run.colour is Colour.ASYNC_WRITES], ids=str)
def test_small_numbers_conform(run: Run, program: Program, newer: Newer) -> None:
    """Nor does it matter that each number takes a byte: the store says how far they may be off."""
    url = f"redis://127.0.0.1:{newer(program).port}"

    run.on(Subject("native-int8", open=patient(url, "native-int8"), opens_same=True))


@pytest.fixture(scope="module")
def modern_cluster(short_folder: Path) -> Iterator[Members]:
    """A cluster of Redis 8."""
    with contextlib.closing(Members(short_folder / "cluster-8", PROGRAMS[0])) as members:
        yield members


@needs_vector_sets
@pytest.mark.xdist_group("cluster-8")
@pytest.mark.parametrize("run", [run for run in RUNS if run.colour is Colour.BLOCKING_WRITES], ids=str)
def test_vector_sets_of_a_cluster_conform(run: Run, program: Program, modern_cluster: Members) -> None:
    """On a cluster everything of one index lies in one slot."""
    run.on(Subject("native cluster", open=patient(f"redis+cluster://{modern_cluster.hosts}"), opens_same=True))


@pytest.fixture
def modern(newer: Newer) -> Server:
    """A server with vector sets that holds nothing."""
    running = newer(PROGRAMS[0])
    running.ask("FLUSHALL")
    return running


def opened(server: Server, **options: Any) -> VectorStore:
    """Open the store on a server, blocking."""
    url = f"redis://127.0.0.1:{server.port}"
    given: dict[str, Any] = {"vectors": "native", **options}
    return vector_store(open_store(url, timeout=20.0, log_timeout=20.0, **given))


def point(name: str, *numbers: float, ends: float | None = None, kept: float | None = None, **facts: Any) -> Point:
    """Return a point."""
    return Point(name, struct.pack(f"<{len(numbers)}f", *numbers), ends, kept, facts)


@needs_vector_sets
def test_searches_by_the_graph_find_what_fits(program: Program, modern: Server) -> None:
    """Among many points a filter costs no recall, however few fit, and nothing that has ended takes a place."""
    store, chance, oracle = opened(modern), random.Random(7), PointOracle(1e-6)
    points = [
        point(
            f"{number}", *(chance.gauss(0.0, 1.0) for _ in range(8)),
            ends=AT + 10.0 if number % 3 else None, number=number, part="a" if number % 100 else "b", deep={"n": number % 50},
        )
        for number in range(1_500)
    ]  # fmt: skip
    store.put_points(INDEX, points, at=AT)
    oracle.put(points)
    conditions: tuple[Where | None, ...] = (
        None,
        Test("part", "$eq", "b"),
        Test("number", "$gte", 1_400),
        Every((Test("part", "$eq", "b"), Not(Test("number", "$lt", 900)))),
        Either((Test("number", "$in", (3, 600, "600")), Test("part", "$eq", "nothing"))),
        Test("deep.n", "$eq", 7),
    )
    shares = [
        oracle.recall(
            Asked(asked.vector, 10, at, where=where), store.nearest(INDEX, asked.vector, 10, at=at, where=where)
        )
        for asked in points[:6]
        for where in conditions
        for at in (AT, AT + 10.0)
    ]

    assert sum(shares) / len(shares) > 0.98


@needs_vector_sets
def test_cleared_index_gives_its_memory_back(program: Program, modern: Server) -> None:
    """Clearing leaves nothing of an index, whoever clears, and an index in another space as it was."""
    store, other = opened(modern), key("docs", "other", Kind.VECTORS)
    store.put_points(INDEX, [point("a", 1.0, 0.0, ends=AT + 9.0, kept=AT + 9.0)], at=AT)
    store.put_points(other, [point("a", 1.0, 0.0)], at=AT)

    open_store(f"redis://127.0.0.1:{modern.port}", timeout=20.0, log_timeout=20.0).clear(INDEX.space)

    assert "*0" == modern.ask("KEYS", f"{INDEX.physical}*")
    assert ["a"] == [found.point.id for found in store.nearest(other, point("", 1.0, 0.0).vector, 9, at=AT)]


@needs_vector_sets
def test_indexes_are_listed_as_logs_are(program: Program, modern: Server) -> None:
    """Whoever looks what a store holds sees an index, with its points for bodies, until it is cleared."""
    url = f"redis://127.0.0.1:{modern.port}"
    store, other = open_store(url, timeout=20.0, log_timeout=20.0, vectors="native"), key("more", kind=Kind.VECTORS)
    store.put_points(
        INDEX,
        [point("a", 1.0, 0.0, ends=AT + 9.0, kept=AT + 9.0), point("b", 1.0, 1.0, ends=AT + 1.0, kept=AT + 9.0)],
        at=AT,
    )
    store.put_points(other, [point("a", 1.0, 0.0, 0.0)], at=AT)
    listed, uses = store.scan(INDEX.space), store.spaces()
    store.clear(INDEX.space)

    assert [(INDEX, 2, 16), (other, 1, 12)] == [(one.key, one.length, one.body_bytes) for one in listed]
    assert [True, False] == [one.ttl is not None and 0.0 < one.ttl <= 9.0 for one in listed]
    assert [(INDEX.space, 2, 28)] == [(use.space, use.entries, use.body_bytes) for use in uses]
    assert ([], []) == (store.scan(INDEX.space), store.spaces())


@needs_vector_sets
def test_points_that_nobody_keeps_are_removed_by_the_next_write(program: Program, modern: Server) -> None:
    """What is forgotten takes no memory, and an index of which nothing is kept ends by itself."""
    store = opened(modern)
    store.put_points(INDEX, [point(f"{n}", 1.0, 1.0 + n, ends=AT + 1.0, kept=AT + 2.0) for n in range(20)], at=AT)
    before = modern.ask("VCARD", f"{INDEX.physical}:v")
    expires = int(modern.ask("PTTL", f"{INDEX.physical}:v").removeprefix(":"))
    store.put_points(INDEX, [point("new", 1.0, 0.0)], at=AT + 2.0)

    assert (":20", ":1") == (before, modern.ask("VCARD", f"{INDEX.physical}:v"))
    assert 3_500_000 < expires <= 3_602_000
    assert [":-1"] * 2 == [modern.ask("PTTL", f"{INDEX.physical}:{part}") for part in "hv"]


@needs_vector_sets
def test_dimensions_of_an_index_are_said_by_its_first_point(program: Program, modern: Server) -> None:
    """Others are refused with both numbers, and change nothing."""
    store = opened(modern)
    store.put_points(INDEX, [point("a", 1.0, 0.0)], at=AT)

    with pytest.raises(UsageError, match="3 dimensions where the index has 2"):
        store.put_points(INDEX, [point("a", 1.0, 0.0, 0.0)], at=AT)
    with pytest.raises(UsageError, match="3 dimensions where the index has 2"):
        store.nearest(INDEX, point("", 1.0, 0.0, 0.0).vector, 1, at=AT)


@needs_vector_sets
def test_index_keeps_numbers_as_it_was_begun(program: Program, modern: Server) -> None:
    """Who opens the store with the other word does not put what is less exact than it says."""
    opened(modern).put_points(INDEX, [point("a", 1.0, 0.0)], at=AT)

    with pytest.raises(StoreRefused, match="begun with another word"):
        opened(modern, vectors="native-int8").put_points(INDEX, [point("b", 1.0, 0.0)], at=AT)


@needs_vector_sets
def test_points_from_before_there_were_versions_have_the_empty_one(program: Program, modern: Server) -> None:
    """They are read, and replaced and deleted over that version alone."""
    store = opened(modern)
    store.put_points(INDEX, [point("a", 1.0, 0.0, n=1), point("b", 1.0, 0.0)], at=AT)
    for name in "ab":
        modern.ask("VSETATTR", f"{INDEX.physical}:v", name, """'{"e":9e99,"k":null,"f":{"n":1}}'""")

    assert [""] * 2 == [found.version for found in store.get_points(INDEX, ["a", "b"], at=AT) if found]
    assert ["", ""] == [found.point.version for found in store.nearest(INDEX, point("", 1.0, 0.0).vector, 9, at=AT)]
    store.put_points(INDEX, [point("a", 1.0, 0.0, n=2), point("b", 1.0, 0.0, n=2)], at=AT, over=["", "other"])
    store.delete_points(INDEX, ["b"], at=AT, over=[""])
    assert [{"n": 2}, None] == [found and found.facts for found in store.get_points(INDEX, ["a", "b"], at=AT)]


@needs_vector_sets
@pytest.mark.parametrize(("before", "after"), [("?vectors=native", ""), ("", "?vectors=native")])
def test_an_index_that_lies_elsewhere_is_said_and_not_passed_over(
    program: Program, modern: Server, before: str, after: str
) -> None:
    """Who drops the option from the URL, or adds it, would find an empty collection; what a clearing leaves is begun anew."""
    url, kept = f"redis://127.0.0.1:{modern.port}", [Document("one", "a")]
    with llmcache.open(url + before) as cache:
        cache.vectors("docs").upsert(kept, [[1.0, 0.0]])
        cache.vectors("other").upsert(kept, [[1.0, 0.0]])
    with llmcache.open(url + after) as cache:
        shelf = cache.vectors("docs")
        for refused in (
            lambda: shelf.search([1.0, 0.0]),
            lambda: shelf.get(["one"]),
            lambda: shelf.upsert(kept, [[1.0, 0.0]]),
            shelf.refresh,
        ):
            with pytest.raises(StoreRefused, match=r"kept with(out)? `vectors=native`; open the store with"):
                refused()
        shelf.clear()
        assert [] == shelf.search([1.0, 0.0])
        shelf.upsert(kept, [[1.0, 0.0]])
        assert kept == shelf.get(["one"])
    with llmcache.open(url + before) as cache:
        assert kept == cache.vectors("other").get(["one"])


def test_server_without_vector_sets_refuses_and_says_what_to_do(server: Server) -> None:
    """The first point finds it out: nothing is kept somewhere else in silence."""
    store = opened(server)

    with pytest.raises(StoreRefused, match="vectors=native needs Redis 8"):
        store.put_points(INDEX, [point("a", 1.0, 0.0)], at=AT)


def test_without_the_option_there_are_no_vectors(server: Server) -> None:
    """The index in the logs is what everybody gets who does not ask for another."""
    store = open_store(f"redis://127.0.0.1:{server.port}")

    assert not store.capabilities.vectors
    with pytest.raises(UnsupportedError, match="vectors=native"):
        store.nearest(INDEX, point("", 1.0, 0.0).vector, 1, at=AT)


def test_what_is_declared_is_what_can_be_had() -> None:
    """A graph is not exact, and numbers of a byte are further off."""
    native, small = (open_store("redis://localhost", vectors=one).capabilities for one in ("native", "native-int8"))

    assert (True, False, True, False) == (native.vectors, native.exact_vectors, small.vectors, small.exact_vectors)
    assert native.limits.vector_error < small.limits.vector_error < 0.01
