"""The in-process store: the near tier, the store of tests and of programs that keep nothing.

Both colours share one `Contents` behind one lock. The lock is held for microseconds and never across an await, so the
async colour works inline: there is nothing to wait for that would be worth a thread.
"""

import heapq
import time
from collections.abc import Callable, Sequence

from llmcache.errors import ClosedError, UsageError
from llmcache.memory.contents import Contents
from llmcache.memory.deadlines import NEVER
from llmcache.memory.forking import lock_across_forks
from llmcache.memory.shelf import Log, Shelf, Slot
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.checks import check_append, check_body, check_puts, check_scan
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Listening, News, Watcher
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.whole import StorePair

MiB = 1 << 20
MIN_BYTES = 1 << 16
# A share of the whole, so that one entry never drives out most of the others.
LARGEST_BODY_SHARE = 8
# An instant as a float, this century, is exact to a quarter of a microsecond.
CLOCK_ROUNDING = 1e-6


def open_pair(
    *, max_bytes: int = 256 * MiB, max_entries: int = 100_000, clock: Callable[[], Instant] = time.time
) -> StorePair:
    """Open an empty in-process store and return both of its colours.

    Args:
        max_bytes: Bound of what it holds: bodies, names, and a constant for the objects around each; at least 64 KiB.
            The largest body is an eighth of it.
        max_entries: Bound of the number of entries, logs not counted; at least 1.
        clock: Tells the time of day, by which entries expire.

    Raises:
        UsageError: A bound is not an integer or too small.
    """
    blocking = MemoryStore(max_bytes=max_bytes, max_entries=max_entries, clock=clock)
    return StorePair(blocking, AsyncMemoryStore(blocking))


class MemoryStore:
    """Keeps entries and logs in this process, blocking; obeys `Store`. Arguments as for `open_pair`.

    Evicts the least recently used answers and embeddings; other kinds, and logs, are never evicted, and where
    they fill the store a write is refused with `StoreLimit`. Expired things are given back a few with every operation.
    After `os.fork` the child has a copy of its own.
    """

    __slots__ = ("_capabilities", "_clock", "_contents", "_is_closed", "_lock", "_watchers")

    def __init__(
        self, *, max_bytes: int = 256 * MiB, max_entries: int = 100_000, clock: Callable[[], Instant] = time.time
    ) -> None:
        _check_bound("max_bytes", max_bytes, MIN_BYTES)
        _check_bound("max_entries", max_entries, 1)
        self._capabilities = Capabilities(
            log=True,
            scan=True,
            news=True,
            inline_reads=True,
            finds_damage=True,  # nobody else can reach its bytes
            limits=Limits(max_body_bytes=max_bytes // LARGEST_BODY_SHARE, ttl_resolution=CLOCK_ROUNDING),
        )
        self._clock = clock
        self._contents = Contents(self.name, max_bytes, max_entries)
        self._is_closed = False
        self._lock = lock_across_forks()
        self._watchers: list[Watcher] = []

    @property
    def name(self) -> str:
        return "memory"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        with self._lock:
            if self._is_closed:
                raise self._closed("get_many")
            return self._contents.read(keys, self._clock())

    def put_many(self, puts: Sequence[Put]) -> None:
        puts = self._checked(puts, "put_many")
        with self._lock:
            self._open("put_many").write(puts, self._clock())
        if self._watchers:
            self._tell(Changed([put.key for put in puts]))

    def put_if_absent(self, put: Put) -> bool:
        puts = self._checked((put,), "put_if_absent")
        with self._lock:
            contents, now = self._open("put_if_absent"), self._clock()
            if contents.peek(put.key, now) is not None:
                return False
            contents.write(puts, now)
        if self._watchers:
            self._tell(Changed((put.key,)))
        return True

    def delete_many(self, keys: Sequence[Key]) -> None:
        with self._lock:
            contents = self._open("delete_many")
            for key in keys:
                contents.delete(key)
        if self._watchers:
            self._tell(Changed(keys))

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        check_body(key, body, self.name, "delete_if_equal")
        with self._lock:
            contents = self._open("delete_if_equal")
            if contents.peek(key, self._clock()) != body:
                return False
            contents.delete(key)
        if self._watchers:
            self._tell(Changed((key,)))
        return True

    def clear(self, space: Space) -> None:
        with self._lock:
            self._open("clear").delete_space(space)
        if self._watchers:
            self._tell(Changed(spaces=(space,)))

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        bodies = tuple(bodies)
        limits = self._capabilities.limits
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=limits, store=self.name)
        with self._lock:
            return self._open("append").append(log, bodies, max_length, ttl, self._clock())

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        with self._lock:
            held = self._open("read_log").log(log, self._clock())
            return [] if held is None else held.cut(start, stop)

    def log_length(self, log: Key) -> int:
        with self._lock:
            held = self._open("log_length").log(log, self._clock())
            return 0 if held is None else held.length

    def delete_log(self, log: Key) -> None:
        with self._lock:
            self._open("delete_log").delete_log(log)

    def spaces(self) -> list[SpaceUse]:
        with self._lock:
            shelves, now = self._open("spaces").shelves(), self._clock()
            uses = [_use_of(shelf, now) for shelf in shelves]
        return [use for use in uses if use.entries]

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        check_scan(space, after, count, self.name)
        behind = "" if after is None else after.physical
        with self._lock:
            shelf, now = self._open("scan").shelf_of(space), self._clock()
            if shelf is None:
                return []
            found = [(physical, held) for physical, held in _alive(shelf, now) if physical > behind]
            return [_listed(*pair, now) for pair in heapq.nsmallest(count, found, key=lambda pair: pair[0])]

    def watch(self, watcher: Watcher) -> None:
        with self._lock:
            self._open("watch")
            self._watchers.append(watcher)
        watcher(Listening())

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            self._watchers = []
            self._contents = Contents(self.name, 0, 0)

    def _tell(self, news: News) -> None:
        # Without the lock: by now everybody can see the change, and a watcher has locks of its own.
        for watcher in tuple(self._watchers):
            watcher(news)

    def _checked(self, puts: Sequence[Put], op: str) -> tuple[Put, ...]:
        # A copy, so that a list that another thread changes meanwhile is written as it was checked.
        puts = tuple(puts)
        check_puts(puts, self._capabilities.limits, self.name, op)
        return puts

    def _open(self, op: str) -> Contents:
        if self._is_closed:
            raise self._closed(op)
        return self._contents

    def _closed(self, op: str) -> ClosedError:
        return ClosedError(f"{self.name} refused {op}: the store is closed; open the cache again")


class AsyncMemoryStore:
    """The same store, awaited; obeys `AsyncStore`.

    Args:
        blocking: The colour whose contents it shares; closing either closes both.
    """

    __slots__ = ("_blocking",)

    def __init__(self, blocking: MemoryStore) -> None:
        self._blocking = blocking

    @property
    def name(self) -> str:
        return self._blocking.name

    @property
    def capabilities(self) -> Capabilities:
        return self._blocking.capabilities

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return self._blocking.get_many(keys)

    async def put_many(self, puts: Sequence[Put]) -> None:
        self._blocking.put_many(puts)

    async def put_if_absent(self, put: Put) -> bool:
        return self._blocking.put_if_absent(put)

    async def delete_many(self, keys: Sequence[Key]) -> None:
        self._blocking.delete_many(keys)

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return self._blocking.delete_if_equal(key, body)

    async def clear(self, space: Space) -> None:
        self._blocking.clear(space)

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return self._blocking.append(log, bodies, max_length=max_length, ttl=ttl)

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return self._blocking.read_log(log, start, stop)

    async def log_length(self, log: Key) -> int:
        return self._blocking.log_length(log)

    async def delete_log(self, log: Key) -> None:
        self._blocking.delete_log(log)

    async def spaces(self) -> list[SpaceUse]:
        return self._blocking.spaces()

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return self._blocking.scan(space, after=after, count=count)

    def watch(self, watcher: Watcher) -> None:
        self._blocking.watch(watcher)

    async def close(self) -> None:
        self._blocking.close()


def _check_bound(name: str, given: object, smallest: int) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or given < smallest:
        raise UsageError(f"memory: {name} is an integer of at least {smallest:,}, found {given!r:.40}")


def _alive(shelf: Shelf, now: Instant) -> list[tuple[str, Slot | Log]]:
    held: list[tuple[str, Slot | Log]] = [*shelf.entries.items(), *shelf.logs.items()]
    return [(physical, one) for physical, one in held if one.expires_at > now]


def _use_of(shelf: Shelf, now: Instant) -> SpaceUse:
    alive = _alive(shelf, now)
    return SpaceUse(shelf.space, len(alive), sum(held.body_bytes for _, held in alive))


def _listed(physical: str, held: Slot | Log, now: Instant) -> Listed:
    ttl = None if held.expires_at == NEVER else held.expires_at - now
    return Listed(Key.from_physical(physical), held.body_bytes, held.length, ttl)
