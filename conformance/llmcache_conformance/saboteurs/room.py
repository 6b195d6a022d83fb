"""Saboteurs that make room wrongly."""

from collections.abc import Sequence
from dataclasses import replace

from llmcache.errors import StoreLimit
from llmcache.memory.contents import Contents
from llmcache.memory.shelf import Shelf
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class _EvictsTheNewest(Contents):
    def _make_room(self, now: Instant) -> None:
        while self._recency and self._used > self._max_bytes:
            physical, shelf = next(reversed(self._recency.items()))
            self._drop_entry(shelf, physical)


class _EvictsByName(Contents):
    def _make_room(self, now: Instant) -> None:
        while self._recency and self._used > self._max_bytes:
            physical = self._chosen()
            self._drop_entry(self._recency[physical], physical)

    def _chosen(self) -> str:
        return min(self._recency)


class _EvictsByNameBackwards(_EvictsByName):
    def _chosen(self) -> str:
        return max(self._recency)


class _EvictsAnyEntry(Contents):
    def write(self, puts: Sequence[Put], now: Instant) -> None:
        super().write(puts, now)
        if self._used > self._max_bytes * 3 // 4:
            for shelf in [shelf for shelf in self.shelves() if not shelf.is_evictable]:
                for physical in list(shelf.entries):
                    self._drop_entry(shelf, physical)


class _EvictsLogs(Contents):
    def _make_room(self, now: Instant) -> None:
        if self._used > self._max_bytes:
            for shelf in self.shelves():
                for physical in list(shelf.logs):
                    self._drop_log(shelf, physical)
        super()._make_room(now)


class _WritesWhatFits(Contents):
    def write(self, puts: Sequence[Put], now: Instant) -> None:
        for put in puts:
            super().write((put,), now)
            if self._used > self._max_bytes - (self._max_bytes >> 3):
                raise StoreLimit("memory refused put_many: full")


class _CountsTheDeleted(Contents):
    def _drop_entry(self, shelf: Shelf, physical: str, *, is_replaced: bool = False) -> None:
        used, pinned = self._used, self._pinned
        super()._drop_entry(shelf, physical, is_replaced=is_replaced)
        if not shelf.is_evictable:
            self._used, self._pinned = used, pinned


class Crowded(Prepared):
    """Makes room in a way of its own."""

    contents: type[Contents]

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._contents = self.contents(self.name, max_bytes, max_entries)


class EvictsTheNewest(Crowded):
    """Makes room by dropping what was just put."""

    contents = _EvictsTheNewest


class EvictsTheFirstName(Crowded):
    """Makes room by dropping the name that comes first, which is often the one just put."""

    contents = _EvictsByName


class EvictsTheLastName(Crowded):
    """Makes room by dropping the name that comes last."""

    contents = _EvictsByNameBackwards


class EvictsAnyEntry(Crowded):
    """Drops leases, marks and documents before it is full."""

    contents = _EvictsAnyEntry


class EvictsLogs(Crowded):
    """Makes room by dropping conversations."""

    contents = _EvictsLogs


class WritesWhatFits(Crowded):
    """Writes the puts of a call until it is full, and then says so."""

    contents = _WritesWhatFits


class CountsTheDeleted(Crowded):
    """Never counts room that was given back."""

    contents = _CountsTheDeleted


class LosesTheLast(Prepared):
    """Acknowledges every put and drops the batch's last where it is nearly full."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._limit = max_bytes // 2

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        if self._contents.used_bytes > self._limit and puts:
            self._drop(puts[-1].key)

    def _drop(self, key: Key) -> None:
        super().delete_many((key,))


class Nearly(Prepared):
    """Does something of its own where it is half full."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._limit = max_bytes // 2

    @property
    def _is_nearly_full(self) -> bool:
        return self._contents.used_bytes > self._limit


class CutsToFit(Nearly):
    """Keeps the beginning of a body where it has little room."""

    def put_many(self, puts: Sequence[Put]) -> None:
        kept = [replace(put, body=put.body[:1_000]) for put in puts] if self._is_nearly_full else puts
        super().put_many(kept)


class RefusesAndKeeps(Nearly):
    """Says that it has no room, and has kept the body all the same."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        if self._is_nearly_full:
            raise StoreLimit("memory refused put_many: full")


class RefusesAndDrops(Nearly):
    """Says that it has no room, and has dropped what was there before."""

    def put_many(self, puts: Sequence[Put]) -> None:
        if self._is_nearly_full:
            super().delete_many([put.key for put in puts])
            raise StoreLimit("memory refused put_many: full")
        super().put_many(puts)


ROOM_SABOTEURS = (
    *(
        Saboteur(store, ("KV-19",))
        for store in (
            EvictsTheNewest,
            EvictsTheFirstName,
            EvictsTheLastName,
            EvictsAnyEntry,
            EvictsLogs,
            WritesWhatFits,
            CountsTheDeleted,
            LosesTheLast,
        )
    ),
    *(Saboteur(store, ("KV-26",)) for store in (CutsToFit, RefusesAndKeeps, RefusesAndDrops)),
)
