"""Vector search: ours on three stores beside the product of matrices that it consists of, and beside its peers.

Every contestant has one thread: NumPy's wait for each other on a machine that does other work, and spin long after their product, in
the time of the next contestant. "vectors" is 1,000 and 10,000 points, "vectors-large" 100,000, which takes some minutes, most of them for the graph.
"""

import itertools
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias

import redis

import llmcache
from benchmarks.redis_answers import PATIENT, server
from benchmarks.timing import Contestant, Prepare, race, table
from benchmarks.vector_peers import (
    DIMENSIONS,
    Floats,
    Points,
    Ready,
    build_times,
    clustered,
    flat_peers,
    graphs,
    in_memory,
)
from llmcache.api.cache import Cache
from llmcache.drivers.indexed import CELLS_FROM, indexed
from llmcache.memory.threads import one_thread
from llmcache.model.document import Document
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain
from llmcache.model.vectors import Neighbour, Point
from llmcache.policy.where import read_filter
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.vectors import VectorStore as Index
from llmcache.protocols.vectors import vector_store
from llmcache.protocols.whole import StorePair
from llmcache_langchain import VectorStore

_BEST = 10
_BATCH = 1_000
_INDEX = Key(Space(Namespace(("bench",)), Kind.VECTORS), "index")
_SINGLY = 200
_FLOOR = "NumPy, columns, and the best of it"
_SLOW = "langchain_core InMemoryVectorStore"
Search: TypeAlias = Callable[[Floats], object]


def run() -> Iterator[str]:
    """Give one text after the other, for 1,000 and for 10,000 points."""
    with one_thread():
        for count, calls, slices in ((1_000, 20, 60), (10_000, 5, 60)):
            yield from _measured(count, calls, slices, has_slow=True)


def run_large() -> Iterator[str]:
    """The same for 100,000 points."""
    with one_thread():
        yield from _measured(100_000, 2, 40, has_slow=False)


def _measured(count: int, calls: int, slices: int, *, has_slow: bool) -> Iterator[str]:
    points = clustered(count)
    title = f"vectors: {count:,} points of {DIMENSIONS} dimensions, the nearest {_BEST}"
    with ExitStack() as stack:
        near = graphs(points)
        peers = {**flat_peers(points), **near}
        ours = _Ours(stack, points)
        searches: dict[str, Search] = {name: peer.search for name, peer in peers.items()}
        yield _raced(title, searches | ours.searches(), points, calls, slices) + _recalls(
            points, {name: peer.search for name, peer in near.items()} | ours.approximate()
        )
        if has_slow:
            # Apart from the others, because its lists of floats drive everything out of the processor's caches.
            peers[_SLOW] = in_memory(points)
            few = {name: search for name, search in searches.items() if name == _FLOOR} | ours.searches(texts=False)
            yield _raced(f"{title}, beside LangChain's store", {**few, _SLOW: peers[_SLOW].search}, points, 1, 20)
        yield build_times(count, peers) + ours.build_times()
        yield ours.sizes()


def _raced(title: str, searches: Mapping[str, Search], points: Points, calls: int, slices: int) -> str:
    contestants = [Contestant(name, asking(search, points.asked), calls) for name, search in searches.items()]
    race(contestants, slices=slices)
    return table(title, contestants, _FLOOR)


def asking(search: Search, asked: Floats) -> Prepare:
    """Return what asks for one vector after the other."""
    turns = itertools.cycle(list(asked))

    def prepare(calls: int) -> Callable[[], None]:
        mine = list(itertools.islice(turns, calls))

        def repeat() -> None:
            for vector in mine:
                search(vector)

        return repeat

    return prepare


def _recalls(points: Points, searches: Mapping[str, Search]) -> str:
    return "".join(f"\n  {name}: recall@{_BEST} {points.recall(search):.3f}" for name, search in searches.items())


class _Ours:
    """The points on our stores, put in batches."""

    def __init__(self, stack: ExitStack, points: Points) -> None:
        self._points = points
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(server())
        self._redis = redis.Redis(port=port)
        urls = {
            "memory": "memory:?max_bytes=2GiB",
            "sqlite": f"sqlite:{self._folder}?max_bytes=2GiB",
            "redis": f"redis://127.0.0.1:{port}?{PATIENT}",
        }
        self._caches = {name: stack.enter_context(llmcache.open(url)) for name, url in urls.items()}
        self._indexes = {name: _index(cache) for name, cache in self._caches.items()}
        self._lines: list[str] = []
        self._bytes = {name: -self._stored(name) for name in urls}
        for name in urls:
            self._build(name)

    def _build(self, name: str) -> None:
        index, rows = self._indexes[name], self._points.rows
        points = [Point(f"{place}", row.tobytes(), None, None, {"topic": place % 10}) for place, row in enumerate(rows)]
        taken = timed(partial(_put_all, index, points))
        self._bytes[name] += self._stored(name)
        # Each in the place of one that is there, so that the index stays as it is.
        singly = timed(partial(_put_all, index, points[:_SINGLY], at_once=1)) / _SINGLY
        fresh = _index(self._caches[name], anew=True)
        caught_up = timed(partial(fresh.nearest, _INDEX, self._points.asked[0].tobytes(), 1, at=time.time()))
        again = taken / len(points) * 1e6, singly * 1e6, caught_up * 1e3
        self._lines.append("  llmcache on {:32}{:12.1f}{:12.1f}{:14.1f}".format(name, *again))

    def searches(self, *, texts: bool = True) -> dict[str, Search]:
        """Return a search of each kind on each store; those of texts put them there, too."""
        found: dict[str, Search] = {}
        for name, index in self._indexes.items():
            found[f"llmcache nearest, {name}"] = partial(_nearest, index, where=None)
        found["llmcache nearest, memory, a filter, 1 of 10 fits"] = partial(
            _nearest, self._indexes["memory"], where={"topic": 3}
        )
        for name, cache in self._caches.items() if texts else ():
            if name == "memory" or len(self._points.rows) < CELLS_FROM:
                found[f"llmcache VectorStore, {name}"] = partial(_documents, self._shelf(cache))
        return found | self.approximate()

    def approximate(self) -> dict[str, Search]:
        """Return a search that may leave something out, where there are enough points for that; gives their places."""
        if len(self._points.rows) < CELLS_FROM:
            return {}
        index = vector_store(_blocking(self._caches["memory"]._setup.with_approximate_vectors.pair))
        _nearest(index, self._points.asked[0], None)
        while index._shared.layer._indexes.of(_INDEX)._known.wants_cells:  # type: ignore[attr-defined]  # waits for what the layer does behind
            time.sleep(0.05)  # they are made behind our back
        return {"llmcache nearest, memory, approximate": lambda vector: _places(_nearest(index, vector, None))}

    def _shelf(self, cache: Cache) -> VectorStore:
        """Return LangChain's door to the same points, with a text to each."""
        texts, rows = cache.vectors("texts", model="ready"), self._points.rows
        for first in range(0, len(rows), _BATCH):
            places = range(first, min(first + _BATCH, len(rows)))
            texts.upsert([Document(f"{place}", f"{place}") for place in places], rows[first : first + _BATCH])
        return VectorStore(Ready(rows), cache, name="texts", model="ready")

    def build_times(self) -> str:
        """Return lines for the table of building."""
        head = f"\n  {'':44}{'in batches':>12}{'one by one':>12}{'caught up, ms':>14}"
        return "\n".join([head, *self._lines, "  caught up: the first search of a process that knew nothing"])

    def sizes(self) -> str:
        """Return what a vector takes in the store, and in a process."""
        count, dimensions = self._points.rows.shape
        lines = [f"vectors: bytes a vector, of which {4 * dimensions:,} are its numbers; {count:,} points"]
        lines += [f"  {f'in the store, {name}':44}{size / count:9.0f}" for name, size in self._bytes.items()]
        for name in ("a process that caught up", "a process that put one batch after the other"):
            kept, most = self._traced(is_putting="put" in name)
            lines.append(f"  {name:44}{kept / count:9.0f}, at most {most / count:.0f} on the way")
        return "\n".join(lines)

    def _traced(self, *, is_putting: bool) -> tuple[int, int]:
        cache = self._caches["sqlite"]
        fresh = _index(cache, anew=True)
        index = Key(_INDEX.space, "again") if is_putting else _INDEX
        tracemalloc.start()
        if is_putting:
            for first in range(0, len(self._points.rows), _BATCH):
                rows = self._points.rows[first : first + _BATCH]
                batch = [Point(f"{first + place}", row.tobytes()) for place, row in enumerate(rows)]
                fresh.put_points(index, batch, at=time.time())
                del batch
        else:
            fresh.nearest(index, self._points.asked[0].tobytes(), 1, at=time.time())
        kept, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept, most

    def _stored(self, name: str) -> int:
        if name == "redis":
            return int(self._redis.info("memory")["used_memory"])
        if name == "sqlite":
            return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())
        return sum(one.body_bytes for one in self._caches[name].spaces())


def _index(cache: Cache, *, anew: bool = False) -> Index:
    """Return the index of an open cache; anew as a process has it that knows nothing yet."""
    setup = cache._setup
    return vector_store(_blocking(indexed(setup.pair, setup._around) if anew else setup.with_vectors.pair))


def _blocking(pair: StorePair) -> KeyValueStore:
    assert pair.blocking is not None
    return pair.blocking


def _places(found: Sequence[Neighbour]) -> list[int]:
    return [int(one.point.id) for one in found]


def _put_all(index: Index, points: Sequence[Point], at_once: int = _BATCH) -> None:
    for first in range(0, len(points), at_once):
        index.put_points(_INDEX, points[first : first + at_once], at=time.time())


def _nearest(index: Index, vector: Floats, where: Mapping[str, Plain] | None) -> Sequence[Neighbour]:
    condition = None if where is None else read_filter(where)
    return index.nearest(_INDEX, vector.tobytes(), _BEST, at=time.time(), where=condition)


def _documents(shelf: VectorStore, vector: Floats) -> object:
    return shelf.similarity_search_by_vector(vector, _BEST)  # type: ignore[arg-type]  # any sequence of numbers will do


def timed(work: Callable[[], object]) -> float:
    """Return how long it takes, in seconds of wall time."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
