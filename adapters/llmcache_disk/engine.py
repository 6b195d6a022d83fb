"""The engine: one connection for reading and one for writing, each behind a lock.

Readers do not wait for a writer that waits for another process: SQLite's write-ahead log lets them by, and so does the second
lock. A file that was removed or exchanged under the store is noticed at the next call, and opened or made again; diskcache
goes on with the removed one and reports success.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from llmcache.errors import ClosedError
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.deed import Deed
from llmcache_disk import forking
from llmcache_disk.cache import BytesCache
from llmcache_disk.connecting import connected
from llmcache_disk.errors import FOREIGN, NAME, translated
from llmcache_disk.place import Identity, Place


class Lane:
    """One connection, which is used by one call at a time."""

    def __init__(self, place: Place, timeout: Seconds) -> None:
        self.lock = threading.RLock()
        self.is_closed = False
        self._place = place
        self._timeout = timeout
        self._cache: BytesCache | None = None
        self._opened: Identity | None = None
        self._is_frozen = False
        forking.survive_forks(self)

    def cache(self, op: str) -> BytesCache:
        """Return the cache on the file that is at our path now; with the lock held."""
        if self.is_closed:
            raise ClosedError(f"{NAME} refused {op}: the store is closed; open the cache again")
        found = self._seen()
        if self._cache is None or found is None or found != self._opened:
            self.pause()
            self._cache, self._is_frozen = connected(self._place, self._timeout)
            self._opened = self._seen()
        return self._cache

    def _seen(self) -> Identity | None:
        return self._place.frozen_identity() if self._is_frozen else self._place.identity()

    def pause(self) -> bool:
        """Close the connection until the next call; False where a call of this very thread is in the middle of it."""
        if self._cache is None:
            return True
        if self._cache.connection.in_transaction:
            return False
        self._cache.connection.close()
        self._cache = None
        return True

    def forget(self) -> object:
        """Take a new lock and no connection, in a child; return what must never be finalised."""
        lost, self._cache = self._cache, None
        self.lock = threading.RLock()
        return lost


class Engine:
    """Opens the folder, and gives each call the cache it works on.

    Args:
        place: Where.
        timeout: Longest a call waits for other processes, in seconds.
    """

    def __init__(self, place: Place, timeout: Seconds) -> None:
        self.place = place
        self._reader = Lane(place, timeout)
        self._writer = Lane(place, timeout)
        with self.reading("open"):
            pass

    @contextmanager
    def reading(self, op: str, key: Key | None = None) -> Generator[BytesCache]:
        """Give a cache to read from; foreign errors leave the block as ours."""
        try:
            with self._reader.lock:
                yield self._reader.cache(op)
        except FOREIGN as error:
            raise translated(error, Deed(op, key)) from error

    @contextmanager
    def writing(self, op: str, key: Key | None = None) -> Generator[BytesCache]:
        """Give a cache inside a transaction: all that the block does is kept, or nothing where it raises."""
        try:
            with self._writer.lock:
                cache = self._writer.cache(op)
                with cache.transact():
                    yield cache
        except FOREIGN as error:
            raise translated(error, Deed(op, key)) from error

    def close(self) -> None:
        """Close both connections once the calls in progress are over; again does nothing."""
        for lane in (self._writer, self._reader):
            with lane.lock:
                lane.is_closed = True
                lane.pause()
