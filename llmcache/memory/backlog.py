"""Puts that are accepted and not yet written: in order, one for each key, within bounds.

Only data; whoever shares it among threads brings the lock (`drivers.draining`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put

# What a queued put takes beside its body, about: objects, and the key's text.
OVERHEAD = 500
SHORTEST: Seconds = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One put that waits to be written.

    Attributes:
        put: What, with the time to live that it had when it was accepted.
        since: When that was, on a clock that never jumps.
    """

    put: Put
    since: float

    @property
    def size(self) -> int:
        """What it takes of the bound, in bytes."""
        return len(self.put.body) + OVERHEAD

    def ends_at(self) -> float:
        """Return when its time to live is over, on the same clock."""
        return math.inf if self.put.ttl is None else self.since + self.put.ttl

    def left(self, now: float) -> Put:
        """Return the put with the time to live that is left.

        One whose time is over is written all the same, for a moment: what was there before must not come back.
        """
        if self.put.ttl is None:
            return self.put
        return Put(self.put.key, self.put.body, max(self.ends_at() - now, SHORTEST))


class Backlog:
    """What waits, the oldest first.

    Args:
        max_bytes: Most bytes of bodies, with `OVERHEAD` for each.
        max_count: Most puts.
    """

    __slots__ = ("_bytes", "_max_bytes", "_max_count", "_waiting")

    def __init__(self, max_bytes: int, max_count: int) -> None:
        self._max_bytes = max_bytes
        self._max_count = max_count
        self._bytes = 0
        self._waiting: dict[Key, Waiting] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def takes(self, puts: Sequence[Put]) -> bool:
        """True where so many puts fit in an empty backlog."""
        return len(puts) <= self._max_count and sum(Waiting(put, 0.0).size for put in puts) <= self._max_bytes

    def add(self, puts: Iterable[Put], now: float) -> list[Waiting]:
        """Add puts, each in the place of an older one of its key; return the oldest others, dropped to make room."""
        for put in puts:
            self.take((put.key,))
            self._waiting[put.key] = waiting = Waiting(put, now)
            self._bytes += waiting.size
        dropped: list[Waiting] = []
        while self._bytes > self._max_bytes or len(self._waiting) > self._max_count:
            dropped += self.take((next(iter(self._waiting)),))
        return dropped

    def body(self, key: Key, now: float) -> bytes | None:
        """Return what waits under `key`; None where nothing does, or its time to live is over."""
        waiting = self._waiting.get(key)
        return waiting.put.body if waiting is not None and now < waiting.ends_at() else None

    def __contains__(self, key: Key) -> bool:
        """True where something waits under `key`, its time being over or not."""
        return key in self._waiting

    def oldest(self, most: int) -> list[Waiting]:
        """Return the `most` that have waited longest; they stay until `written`."""
        return [waiting for waiting, _ in zip(self._waiting.values(), range(most), strict=False)]

    def under(self, keys: Iterable[Key]) -> list[Waiting]:
        """Return what waits under `keys`; it stays until `written`."""
        return [waiting for key in keys if (waiting := self._waiting.get(key)) is not None]

    def written(self, batch: Iterable[Waiting]) -> None:
        """Forget what was written, but for keys that have been put anew meanwhile."""
        for waiting in batch:
            if self._waiting.get(waiting.put.key) is waiting:
                self.take((waiting.put.key,))

    def take(self, keys: Iterable[Key]) -> list[Waiting]:
        """Forget what waits under `keys`, and return it."""
        taken = [waiting for key in keys if (waiting := self._waiting.pop(key, None)) is not None]
        self._bytes -= sum(waiting.size for waiting in taken)
        return taken

    def keys(self) -> list[Key]:
        """Return the keys that something waits under."""
        return list(self._waiting)
