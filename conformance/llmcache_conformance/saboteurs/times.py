"""Saboteurs that take time wrongly."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from llmcache.memory import MemoryStore
from llmcache.memory.contents import Contents
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.saboteur import Prepared, Rewriting, Saboteur

_MONTH = 30 * 86_400


class NeverForgets(Rewriting):
    """Checks a time to live and drops it."""

    def rewrite(self, put: Put) -> Put:
        self._checked((put,), "put_many")
        return replace(put, ttl=None)


class CountsInMilliseconds(Rewriting):
    """Takes seconds for milliseconds."""

    def rewrite(self, put: Put) -> Put:
        return put if put.ttl is None or isinstance(put.ttl, str) else replace(put, ttl=put.ttl / 1_000)


class RoundsTimesUp(Rewriting):
    """Counts in whole seconds and does not say so."""

    def rewrite(self, put: Put) -> Put:
        is_whole = not isinstance(put.ttl, float) or not math.isfinite(put.ttl) or put.ttl <= 0
        return put if is_whole else replace(put, ttl=float(math.ceil(cast(float, put.ttl))))


class TakesLongTimesForDates(Rewriting):
    """Takes a time to live over thirty days for an instant, as memcached does."""

    def rewrite(self, put: Put) -> Put:
        if not isinstance(put.ttl, float) or not _MONTH < put.ttl < math.inf:
            return put
        return replace(put, ttl=max(1.0, put.ttl - self._clock()))


class TakesZeroForEver(Rewriting):
    """Takes a time to live of zero for none."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, ttl=None) if put.ttl == 0 else put


class TakesPastForGone(MemoryStore):
    """Takes a negative time to live for an entry that is gone already."""

    def put_many(self, puts: Sequence[Put]) -> None:
        gone = [put.key for put in puts if isinstance(put.ttl, int | float) and put.ttl < 0]
        self.delete_many(gone)
        super().put_many([put for put in puts if put.key not in gone])


class TakesNanForEver(Rewriting):
    """Never asks whether a time to live is a number."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, ttl=None) if put.ttl is not None and put.ttl != put.ttl else put


class TakesTruthForOne(Rewriting):
    """Takes True for a second."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, ttl=1.0) if put.ttl is True else put


class GivesAllOneTime(MemoryStore):
    """Gives all entries of a call the time to live of the first."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        super().put_many([replace(put, ttl=puts[0].ttl) for put in puts])


class KeepsTheOldTime(MemoryStore):
    """Replaces a body and leaves its time to live."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        kept = [(put, self._left(put)) for put in puts]
        super().put_many([put if left is None else replace(put, ttl=left) for put, left in kept])

    def _left(self, put: Put) -> Seconds | None:
        return next((listed.ttl for listed in self.scan(put.key.space, count=10_000) if listed.key == put.key), None)


class LengthensByReading(MemoryStore):
    """Starts the time to live anew with every read."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        with self._lock:
            for key, body in zip(keys, found, strict=True):
                shelf = self._contents.shelf_of(key.space)
                if shelf is not None and body is not None:
                    slot = shelf.entries[key.physical]
                    slot.expires_at = max(slot.expires_at, self._clock() + 4.5)
        return found


class _ObeysOldDeadlines(Contents):
    def purge(self, now: Instant, steps: int) -> None:
        while self._deadlines.is_due(now):
            _, physical = self._deadlines.take()
            self.delete(Key.from_physical(physical))


class ForgetsByOldDeadlines(Prepared):
    """Drops an entry when an earlier writing of it would have expired."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._contents = _ObeysOldDeadlines(self.name, max_bytes, max_entries)


class ForgetsTheFuture(Prepared):
    """Takes an entry that was made after now for damaged."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._made: dict[Key, Instant] = {}

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        self._made.update((put.key, self._clock()) for put in puts)

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        now, found = self._clock(), super().get_many(keys)
        return [None if self._made.get(key, now) > now else body for key, body in zip(keys, found, strict=True)]


class LeavesItToAJanitor(MemoryStore):
    """Answers expired entries until somebody sweeps them."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        with self._lock:
            contents = self._open("get_many")
            shelves = [contents.shelf_of(key.space) for key in keys]
            slots = [shelf and shelf.entries.get(key.physical) for key, shelf in zip(keys, shelves, strict=True)]
            return [slot.body if slot else None for slot in slots]


TIME_SABOTEURS = (
    Saboteur(NeverForgets, ("KV-7",)),
    Saboteur(CountsInMilliseconds, ("KV-7",)),
    Saboteur(RoundsTimesUp, ("KV-7",)),
    Saboteur(TakesLongTimesForDates, ("KV-7",)),
    Saboteur(TakesZeroForEver, ("KV-8",)),
    Saboteur(TakesPastForGone, ("KV-8",)),
    Saboteur(TakesNanForEver, ("KV-8",)),
    Saboteur(TakesTruthForOne, ("KV-8",)),
    Saboteur(GivesAllOneTime, ("KV-5",)),
    Saboteur(KeepsTheOldTime, ("KV-5",)),
    Saboteur(LengthensByReading, ("KV-7",)),
    Saboteur(ForgetsByOldDeadlines, ("KV-5", "KV-7")),
    Saboteur(ForgetsTheFuture, ("KV-7",)),
    Saboteur(LeavesItToAJanitor, ("KV-2", "KV-7")),
)
