"""Everything a memory store holds, within its bounds. Not thread-safe: `MemoryStore` holds the lock.

Invariants:

- `_used` is the weight of everything; `_pinned` the weight of what must not be evicted: logs, and entries of kinds
  that cannot be had again. The same for the counts of entries.
- `_recency` holds exactly the evictable entries, longest unused first.
- What is about to be written is checked against the pinned weight before anything changes. So making room
  afterwards can always end without touching what was just written, which is the newest of `_recency`.

Weight is what the process grows by, nearly: bodies and names, and a measured constant for the objects around each.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from llmcache.errors import StoreLimit
from llmcache.memory.deadlines import NEVER, Deadlines
from llmcache.memory.shelf import Log, Shelf, Slot
from llmcache.model.key import Key, Keys, Space
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.key_value import Put

ENTRY_OVERHEAD = 360
BODY_OVERHEAD = 48
# Expired things given back by each operation, so that none of them ever waits for thousands.
PURGE_STEP = 8


class Contents:
    """Entries and logs, by space.

    Args:
        store: The store's name, for messages.
        max_bytes: Bound of the weight of everything.
        max_entries: Bound of the number of entries; logs are not counted.
    """

    __slots__ = (
        "_deadlines",
        "_entries",
        "_logs",
        "_max_bytes",
        "_max_entries",
        "_pinned",
        "_pinned_entries",
        "_recency",
        "_shelves",
        "_store",
        "_used",
    )

    def __init__(self, store: str, max_bytes: int, max_entries: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._deadlines = Deadlines()
        self._shelves: dict[str, Shelf] = {}
        self._recency: OrderedDict[str, Shelf] = OrderedDict()
        self._used = self._pinned = self._entries = self._pinned_entries = self._logs = 0

    @property
    def used_bytes(self) -> int:
        """Weight of everything held, expired things included until they are purged."""
        return self._used

    @property
    def entries(self) -> int:
        """Number of entries held, expired ones included until they are purged."""
        return self._entries

    def read(self, keys: Sequence[Key], now: Instant) -> list[bytes | None]:
        """Return one slot per key, and make what was found the most recently used."""
        if self._deadlines.is_due(now):
            self.purge(now, PURGE_STEP)
        if type(keys) is Keys:  # `isinstance` would ask an abstract class, which takes half as long as a read
            shelf = self._shelves.get(keys.space.prefix)
            return [self._touched(shelf, physical, now) for physical in keys.physicals]
        found: list[bytes | None] = []
        for key in keys:
            found.append(  # noqa: PERF401 -- a comprehension is a call before Python 3.12, and most reads are of one key
                self._touched(self._shelves.get(key.space.prefix), key.physical, now)
            )
        return found

    def peek(self, key: Key, now: Instant) -> bytes | None:
        """Return the body under `key`, leaving its turn to be evicted as it is."""
        shelf = self._shelves.get(key.space.prefix)
        slot = None if shelf is None else shelf.entries.get(key.physical)
        return None if slot is None or slot.expires_at <= now else slot.body

    def write(self, puts: Sequence[Put], now: Instant) -> None:
        """Keep every put, or none and StoreLimit; then make room."""
        self.purge(now, PURGE_STEP + 2 * len(puts))
        last = {put.key.physical: put for put in puts}
        if not self._has_room(last, now):
            self.purge(now, self._deadlines.records)
            if not self._has_room(last, now):
                raise StoreLimit(
                    f"{self._store} refused {len(puts):,} puts: beside what must be kept they do not fit into "
                    f"{self._max_bytes:,} bytes and {self._max_entries:,} entries; raise max_bytes or max_entries"
                )
        for physical, put in last.items():
            self._place(physical, put, now)
        self._make_room(now)

    def delete(self, key: Key) -> None:
        """Make `key` missing."""
        shelf = self._shelves.get(key.space.prefix)
        if shelf is not None:
            self._drop_entry(shelf, key.physical)

    def delete_space(self, space: Space) -> None:
        """Make every entry and log of `space` missing."""
        shelf = self._shelves.get(space.prefix)
        if shelf is None:
            return
        for physical in list(shelf.entries):
            self._drop_entry(shelf, physical)
        for physical in list(shelf.logs):
            self._drop_log(shelf, physical)

    def append(
        self, key: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None, now: Instant
    ) -> int:
        """Add `bodies` to a log, all or none and StoreLimit; return its length."""
        self.purge(now, PURGE_STEP)
        log = self.log(key, now)
        if not bodies:
            return 0 if log is None else log.length
        growth = self._growth(key, log, bodies, max_length)
        if self._pinned + growth > self._max_bytes:
            self.purge(now, self._deadlines.records)
            if self._pinned + growth > self._max_bytes:
                raise StoreLimit(
                    f"{self._store} refused append to {key.digest}: {growth:,} bytes more do not fit beside what must "
                    f"be kept into {self._max_bytes:,} bytes; raise max_bytes, or cap or expire conversations"
                )
        if log is None:
            log = self._shelf(key.space).logs[key.physical] = Log(NEVER)
            self._logs += 1
        log.append(bodies, max_length)
        log.expires_at = NEVER if ttl is None else now + ttl
        self._weigh(growth, is_pinned=True)
        self._remember(log.expires_at, key.physical)
        self._make_room(now)
        return log.length

    def log(self, key: Key, now: Instant) -> Log | None:
        """Return the log under `key`, dropping it first where it has expired."""
        shelf = self._shelves.get(key.space.prefix)
        log = None if shelf is None else shelf.logs.get(key.physical)
        if shelf is not None and log is not None and log.expires_at <= now:
            self._drop_log(shelf, key.physical)
            return None
        return log

    def delete_log(self, key: Key) -> None:
        """Drop the log under `key`."""
        shelf = self._shelves.get(key.space.prefix)
        if shelf is not None:
            self._drop_log(shelf, key.physical)

    def shelves(self) -> list[Shelf]:
        """Return the spaces that hold something, expired things included, ordered by prefix."""
        return [self._shelves[prefix] for prefix in sorted(self._shelves)]

    def shelf_of(self, space: Space) -> Shelf | None:
        """Return what lies in `space`; None where it is empty."""
        return self._shelves.get(space.prefix)

    def purge(self, now: Instant, steps: int) -> None:
        """Give back what has expired, looking at no more than `steps` deadlines."""
        deadlines = self._deadlines
        for _ in range(steps):
            if not deadlines.is_due(now):
                return
            instant, physical = deadlines.take()
            shelf = self._shelves.get(physical[: physical.rindex(":") + 1])
            if shelf is None:
                continue
            slot, log = shelf.entries.get(physical), shelf.logs.get(physical)
            if slot is not None and slot.expires_at == instant:
                self._drop_entry(shelf, physical)
            if log is not None and log.expires_at == instant:
                self._drop_log(shelf, physical)

    def _touched(self, shelf: Shelf | None, physical: str, now: Instant) -> bytes | None:
        slot = None if shelf is None else shelf.entries.get(physical)
        if shelf is None or slot is None or slot.expires_at <= now:
            return None
        if shelf.is_evictable:
            self._recency.move_to_end(physical)
        return slot.body

    def _has_room(self, last: dict[str, Put], now: Instant) -> bool:
        weight = sum(_weight(physical, put.body) for physical, put in last.items())
        if self._used + weight <= self._max_bytes and self._entries + len(last) <= self._max_entries:
            return True
        weight += self._pinned
        entries = len(last) + self._pinned_entries
        for physical, put in last.items():
            shelf = self._shelves.get(put.key.space.prefix)
            replaced = None if shelf is None or shelf.is_evictable else shelf.entries.get(physical)
            if replaced is not None:
                weight -= _weight(physical, replaced.body)
                entries -= 1
        return weight <= self._max_bytes and entries <= self._max_entries

    def _make_room(self, now: Instant) -> None:
        while self._recency and (self._used > self._max_bytes or self._entries > self._max_entries):
            if self._deadlines.is_due(now):
                self.purge(now, 1)
            else:
                physical, shelf = next(iter(self._recency.items()))
                self._drop_entry(shelf, physical)

    def _place(self, physical: str, put: Put, now: Instant) -> None:
        shelf = self._shelf(put.key.space)
        self._drop_entry(shelf, physical, is_replaced=True)
        slot = shelf.entries[physical] = Slot(put.body, NEVER if put.ttl is None else now + put.ttl)
        self._weigh(_weight(physical, put.body), 1, is_pinned=not shelf.is_evictable)
        if shelf.is_evictable:
            self._recency[physical] = shelf
        self._remember(slot.expires_at, physical)

    def _drop_entry(self, shelf: Shelf, physical: str, *, is_replaced: bool = False) -> None:
        slot = shelf.entries.pop(physical, None)
        if slot is None:
            return
        self._recency.pop(physical, None)
        self._weigh(-_weight(physical, slot.body), -1, is_pinned=not shelf.is_evictable)
        if not is_replaced:
            self._drop_if_empty(shelf)

    def _drop_log(self, shelf: Shelf, physical: str) -> None:
        log = shelf.logs.pop(physical, None)
        if log is not None:
            self._logs -= 1
            weight = ENTRY_OVERHEAD + len(physical) + log.body_bytes + BODY_OVERHEAD * log.length
            self._weigh(-weight, is_pinned=True)
            self._drop_if_empty(shelf)

    def _weigh(self, weight: int, entries: int = 0, *, is_pinned: bool) -> None:
        self._used += weight
        self._entries += entries
        if is_pinned:
            self._pinned += weight
            self._pinned_entries += entries

    def _shelf(self, space: Space) -> Shelf:
        shelf = self._shelves.get(space.prefix)
        if shelf is None:
            shelf = self._shelves[space.prefix] = Shelf(space)
        return shelf

    def _drop_if_empty(self, shelf: Shelf) -> None:
        if not shelf.entries and not shelf.logs:
            self._shelves.pop(shelf.space.prefix, None)

    def _remember(self, expires_at: Instant, physical: str) -> None:
        self._deadlines.add(expires_at, physical)
        if self._deadlines.is_mostly_stale(self._entries + self._logs):
            self._deadlines.replace(self._all_deadlines())

    def _all_deadlines(self) -> Iterator[tuple[Instant, str]]:
        for shelf in self._shelves.values():
            for physical, slot in shelf.entries.items():
                yield slot.expires_at, physical
            for physical, log in shelf.logs.items():
                yield log.expires_at, physical

    @staticmethod
    def _growth(key: Key, log: Log | None, bodies: Sequence[bytes], max_length: int | None) -> int:
        """How much the weight changes, with what `max_length` drops taken off."""
        held = 0 if log is None else log.length
        surplus = 0 if max_length is None else max(0, held + len(bodies) - max_length)
        stay = bodies[max(0, surplus - held) :]
        growth = sum(map(len, stay)) + BODY_OVERHEAD * (len(bodies) - surplus)
        if log is None:
            return growth + ENTRY_OVERHEAD + len(key.physical)
        return growth - log.weight_of_oldest(min(surplus, held))


def _weight(physical: str, body: bytes) -> int:
    return len(body) + len(physical) + ENTRY_OVERHEAD
