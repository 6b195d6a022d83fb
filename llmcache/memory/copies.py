"""Copies of bodies within a bound of bytes, and which of them go first: S3-FIFO. Not thread-safe but for `get`.

A copy begins in a small queue, a tenth of the whole. Who was asked for there goes on to the main queue when its turn comes;
who was not is dropped, and its name remembered for a while, so that it goes straight to the main queue if it comes again. In the
main queue a turn costs one of the uses that were counted, at most three. So what is read once, as a scan reads, passes
through the small queue and moves nothing else; least-recently-used drops everything for it.

A read counts a use and moves nothing, so it needs no lock.

Source: Yang, Zhang, Qiu, Yue, Vinayak: "FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1.
Measured beside least-recently-used by `python -m benchmarks near` (docs/decisions/0016).
"""

from collections import OrderedDict
from typing import Final

from llmcache.model.key import Key, Space

OVERHEAD: Final = 300
"""Bytes of the objects around each copy, as measured."""

_SMALL_SHARE: Final = 10
_LARGEST_SHARE: Final = 8
_MOST_USES: Final = 3
_USES_TO_STAY: Final = 1
"""The paper asks for two; with one, more was found on every trace that we measured."""
_LEAST_REMEMBERED: Final = 100


class Copy:
    """One body. Replaced whole, but for the count of its uses."""

    __slots__ = ("body", "is_settled", "until", "uses", "weight")

    def __init__(self, body: bytes, until: float, weight: int, *, is_settled: bool) -> None:
        self.body = body
        self.until = until
        self.weight = weight
        self.uses = 0
        self.is_settled = is_settled


class Copies:
    """Copies by key.

    Args:
        max_bytes: Bound of the weight of all; a body over an eighth of it is not kept.
    """

    __slots__ = ("_main", "_max_bytes", "_remembered", "_shelves", "_small", "_small_bytes", "used_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._remembered: OrderedDict[int, None] = OrderedDict()
        self.drop_all()

    def get(self, key: Key, now: float) -> bytes | None:
        """Return the body under `key` if its time is not over, and count the use; needs no lock."""
        shelf = self._shelves.get(key.space.prefix)
        copy = None if shelf is None else shelf.get(key.physical)
        if copy is None or copy.until <= now:
            return None
        if copy.uses < _MOST_USES:
            copy.uses += 1
        return copy.body

    def keep(self, key: Key, body: bytes, until: float, now: float) -> None:
        """Keep `body`, and make room for it."""
        physical = key.physical
        weight = len(body) + len(physical) + OVERHEAD
        was_settled = self._taken(key.space.prefix, physical)
        if weight > self._max_bytes // _LARGEST_SHARE:
            return
        name = hash(physical)
        is_settled = was_settled or name in self._remembered
        self._remembered.pop(name, None)
        copy = Copy(body, until, weight, is_settled=is_settled)
        self._shelves.setdefault(key.space.prefix, {})[physical] = copy
        self._queue(physical, copy)
        self.used_bytes += weight
        while self.used_bytes > self._max_bytes:
            self._make_room(now)

    def drop(self, key: Key) -> bool:
        """Drop the copy under `key`; return whether there was one."""
        prefix = key.space.prefix
        had = key.physical in self._shelves.get(prefix, ())
        self._taken(prefix, key.physical)
        return had

    def drop_space(self, space: Space) -> bool:
        """Drop all copies of `space`; return whether there were any."""
        names = list(self._shelves.get(space.prefix, ()))
        for physical in names:
            self._taken(space.prefix, physical)
        return bool(names)

    def drop_all(self) -> None:
        """Drop everything."""
        self._shelves: dict[str, dict[str, Copy]] = {}
        self._small: OrderedDict[str, Copy] = OrderedDict()
        self._main: OrderedDict[str, Copy] = OrderedDict()
        self._small_bytes = self.used_bytes = 0

    def _queue(self, physical: str, copy: Copy) -> None:
        if copy.is_settled:
            self._main[physical] = copy
        else:
            self._small[physical] = copy
            self._small_bytes += copy.weight

    def _taken(self, prefix: str, physical: str) -> bool:
        """Take a copy out of everything; return whether it was in the main queue."""
        shelf = self._shelves.get(prefix)
        copy = None if shelf is None else shelf.pop(physical, None)
        if shelf is None or copy is None:
            return False
        if not shelf:
            del self._shelves[prefix]
        self.used_bytes -= copy.weight
        if copy.is_settled:
            del self._main[physical]
        else:
            del self._small[physical]
            self._small_bytes -= copy.weight
        return copy.is_settled

    def _make_room(self, now: float) -> None:
        """Take one turn: of the small queue where it is over its share, else of the main one."""
        is_small = self._small_bytes > self._max_bytes // _SMALL_SHARE or not self._main
        queue = self._small if is_small else self._main
        physical, copy = next(iter(queue.items()))
        if copy.until <= now or copy.uses < (_USES_TO_STAY if is_small else 1):
            self._taken(physical[: physical.rindex(":") + 1], physical)
            if is_small:
                self._remember(hash(physical))
        elif is_small:
            del self._small[physical]
            self._small_bytes -= copy.weight
            copy.is_settled, copy.uses = True, 0
            self._main[physical] = copy
        else:
            copy.uses -= 1
            self._main.move_to_end(physical)

    def _remember(self, name: int) -> None:
        self._remembered[name] = None
        while len(self._remembered) > max(len(self._main), _LEAST_REMEMBERED):
            self._remembered.popitem(last=False)
