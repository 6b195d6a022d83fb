"""What a store does with vectors: indexes of points, searched by direction.

An index lives under a `Key` of a kind for logs ("vectors" or "question"); clearing the space drops it. It comes into being with its
first point, which says how many dimensions it has. The numbers (VEC-1 ...) are clauses of the conformance suite.

Time is the caller's: a point ends by the `at` that a search is given, so that a cache with its own clock, as tests have one, finds
what it should.

A store that has no index of its own but keeps logs gets one by `drivers.indexed`, under which it obeys the same contract.
"""

from collections.abc import Sequence
from typing import Protocol, cast

from llmcache.errors import UnsupportedError
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore


class VectorStore(Protocol):
    """Keeps indexes of vectors, blocking; declared by `capabilities.vectors`. Safe to call from several threads at once."""

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        """Add points, or replace those of the same id whole (VEC-1); of one id twice in a call the later one holds (VEC-2).

        When it returns, every handle finds them (VEC-3). Each point is put atomically, the set is not. All are checked before
        the first is put (VEC-4). No points change nothing.

        With `over` each point is put only while the point of its id is of the version that stands there, or is missing where that is
        None; what others put or delete meanwhile is never replaced by it (VEC-18). Of several over one version that are put at once,
        one holds for all. Ids are different then; which points were put is seen by reading them.

        Args:
            at: Now.
            over: None puts all; else one version for each.

        Raises:
            UsageError: A vector has other dimensions than the index, is no whole number of float32, has length zero, or holds
                NaN or an infinity (VEC-4); an id is empty; a point ends after it is forgotten.
            StoreLimit: The medium is full, or an index takes no more.
            StoreUnavailable: Nothing was put; safe to repeat.
            StoreTimeout: Some may have been put; safe to repeat.
        """
        ...

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        """Make points missing; one that is missing already is no error (VEC-5).

        With `over`, each only while it is of that version (VEC-19).
        """
        ...

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        """Return one slot per id, in order, None where there is no point (VEC-6); also points that have ended and are kept.

        A vector comes back at length 1, within `limits.vector_error` of what was put (VEC-7), facts and times as they were.
        """
        ...

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
        """Return the points nearest to `vector` by the cosine, the nearest first (VEC-8), at most `count` (VEC-9).

        None that has ended at `at` is among them, also at that very instant (VEC-10), nor one below `least` (VEC-11), nor one whose
        facts do not fit `where` (VEC-12); a missing index gives none (VEC-13). What a deletion or replacement made missing is not
        found by any search that begins after it returned (VEC-14). A search that is exact, as `capabilities.exact_vectors` says, leaves out
        nothing that is nearer than what it returns (VEC-15). Found points come with their vectors, as from `get_points`, if
        `with_vectors` is true, and with none at all, b"", if it is not (VEC-17).

        Raises:
            UsageError: `vector` has other dimensions than the index, or no direction; `count` is under 1.
        """
        ...

    def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> Sequence[Point]:
        """Return at most `count` points that end at or before `until` and are still kept at `at`, the first to end first (VEC-16)."""
        ...


class AsyncVectorStore(Protocol):
    """The same contract, awaited."""

    async def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        """As in `VectorStore`."""
        ...

    async def delete_points(
        self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None
    ) -> None:
        """As in `VectorStore`."""
        ...

    async def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        """As in `VectorStore`."""
        ...

    async def nearest(
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
        """As in `VectorStore`."""
        ...

    async def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> Sequence[Point]:
        """As in `VectorStore`."""
        ...


def vector_store(store: KeyValueStore) -> VectorStore:
    """Return `store` as one that keeps vectors; UnsupportedError where it does not declare that."""
    _check(store)
    return cast(VectorStore, store)


def async_vector_store(store: AsyncKeyValueStore) -> AsyncVectorStore:
    """As `vector_store`, awaited."""
    _check(store)
    return cast(AsyncVectorStore, store)


def _check(store: KeyValueStore | AsyncKeyValueStore) -> None:
    if not store.capabilities.vectors:
        raise UnsupportedError(f"the {store.name} store keeps no vectors; choose another store, for example sqlite:")
