"""Saboteurs that make room wrongly."""

from collections.abc import Sequence

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


ROOM_SABOTEURS = tuple(
    Saboteur(store, ("KV-19",))
    for store in (EvictsTheNewest, EvictsAnyEntry, EvictsLogs, WritesWhatFits, CountsTheDeleted, LosesTheLast)
)
