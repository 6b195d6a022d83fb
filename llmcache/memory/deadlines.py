"""When what expires: a heap of instants, for giving memory back without anybody reading.

A record is not removed when its entry is overwritten or deleted. It is recognised as stale when its time comes,
by comparing instants, and all records are made anew when most of them must be stale.
"""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from llmcache.model.units import Instant

NEVER = float("inf")
_SPARE = 256


class Deadlines:
    """Instants with the physical keys they belong to, soonest first. Not thread-safe."""

    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, str]] = []

    @property
    def records(self) -> int:
        """How many records there are, stale ones included."""
        return len(self._heap)

    def add(self, instant: Instant, physical: str) -> None:
        """Remember that `physical` is gone from `instant` on; NEVER is not remembered."""
        if instant != NEVER:
            heappush(self._heap, (instant, physical))

    def is_due(self, now: Instant) -> bool:
        """True where at least one record has come."""
        heap = self._heap
        return bool(heap) and heap[0][0] <= now

    def take(self) -> tuple[Instant, str]:
        """Remove the soonest record and return it."""
        return heappop(self._heap)

    def is_mostly_stale(self, alive: int) -> bool:
        """True where at most `alive` records can still be true and they are the smaller part."""
        return len(self._heap) > 2 * alive + _SPARE

    def replace(self, records: Iterable[tuple[Instant, str]]) -> None:
        """Forget all records and remember these."""
        self._heap = [record for record in records if record[0] != NEVER]
        heapify(self._heap)
