"""The vector indexes that a process has at hand; those not used for longest are given up where there is no room."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmcache.memory.forking import lock_across_forks
from llmcache.memory.local_index import LocalIndex, Unwrap
from llmcache.model.key import Key

if TYPE_CHECKING:
    from llmcache.memory.matrix import Matrix


class Indexes:
    """Indexes by their keys. One that was given up is read anew when it is asked for.

    Args:
        make: As in `LocalIndex`, like `unwrap`.
        max_bytes: Most that all take, about; the one in use stays whatever it takes.
    """

    def __init__(self, make: "Callable[[int], Matrix]", unwrap: Unwrap, max_bytes: int) -> None:
        self._make = make
        self._unwrap = unwrap
        self._max_bytes = max_bytes
        self._lock = lock_across_forks()
        self._indexes: OrderedDict[Key, LocalIndex] = OrderedDict()
        self._weights: dict[Key, int] = {}
        self._used = 0
        self._before: Key | None = None

    def of(self, key: Key) -> LocalIndex:
        """Return the index of `key`, empty where it is new here."""
        fresh = None if key in self._indexes else LocalIndex(key, self._make, self._unwrap)
        with self._lock:
            found = self._indexes.get(key)
            if found is None:
                # It may have been given up since.
                found = self._indexes[key] = fresh or LocalIndex(key, self._make, self._unwrap)
            self._indexes.move_to_end(key)
            # To weigh thousands of indexes takes longer than to search one. One grows by being used, so those are weighed.
            for used in (self._before, key):
                self._weigh(used)
            self._before = key
            self._make_room()
            return found

    def _weigh(self, key: Key | None) -> None:
        index = None if key is None else self._indexes.get(key)
        if key is not None and index is not None:
            weight = index.used_bytes
            self._used += weight - self._weights.get(key, 0)
            self._weights[key] = weight

    def _make_room(self) -> None:
        while self._used > self._max_bytes and len(self._indexes) > 1:
            oldest, _ = self._indexes.popitem(last=False)
            self._used -= self._weights.pop(oldest, 0)

    @property
    def used_bytes(self) -> int:
        """About what all indexes take."""
        return sum(one.used_bytes for one in self._indexes.values())
