"""The store: every method is one transaction."""

import heapq
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from llmcache.drivers.offload import Offloaded
from llmcache.errors import ConfigError
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.plugins.spec import Target
from llmcache.protocols.checks import check_append, check_body, check_puts, check_scan
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.whole import StorePair
from llmcache_lmdb import rows
from llmcache_lmdb.environment import Handle, Transaction

T = TypeVar("T")

_SMALLEST = 1 << 20
_LARGEST_BODY_SHARE = 8
_THREADS = 4


def open_target(target: Target) -> StorePair:
    """Open the folder that `lmdb:FOLDER` names."""
    options = {name: int(number) for name, number in target.options.items()}
    return open_pair(_folder(target), clock=target.clock, **options)


def is_there(target: Target) -> bool:
    """True where opening would make nothing."""
    return (_folder(target) / "data.mdb").exists()


def _folder(target: Target) -> Path:
    if not target.address or target.address.startswith("//"):
        raise ConfigError("lmdb: names a folder on this machine; write lmdb:FOLDER")
    return Path(target.address).expanduser().resolve()


def open_pair(folder: Path, *, max_bytes: int = 1 << 30, clock: Callable[[], Instant] = time.time) -> StorePair:
    """Open the store in `folder` in both colours.

    Args:
        folder: Made with mode 0700 where it is missing.
        max_bytes: Bound of the pages in use, at least 1 MiB; the same for every opening in a process.
        clock: Tells the time of day, by which entries expire.
    """
    if max_bytes < _SMALLEST:
        raise ConfigError(f"lmdb: max_bytes is at least {_SMALLEST:,}, found {max_bytes:,}")
    blocking = LmdbStore(Handle(folder, max_bytes), max_bytes, clock)
    return StorePair(blocking, Offloaded(blocking, threads=_THREADS))


class LmdbStore:
    """Keeps entries and logs in LMDB, blocking. Made by `open_pair`."""

    def __init__(self, handle: Handle, max_bytes: int, clock: Callable[[], Instant]) -> None:
        self._handle = handle
        self._max_bytes = max_bytes
        self._clock = clock
        limits = Limits(max_body_bytes=max_bytes // _LARGEST_BODY_SHARE, ttl_resolution=1e-6)
        self._capabilities = Capabilities(log=True, scan=True, persistent=True, shared=True, limits=limits)

    @property
    def name(self) -> str:
        """For messages."""
        return "lmdb"

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return self._read("get_many", lambda found: [rows.get(found, key, self._clock()) for key in keys])

    def put_many(self, puts: Sequence[Put]) -> None:
        puts = tuple(puts)
        check_puts(puts, self._capabilities.limits, self.name, "put_many")
        self._write("put_many", partial(self._put, puts))

    def put_if_absent(self, put: Put) -> bool:
        check_puts((put,), self._capabilities.limits, self.name, "put_if_absent")

        def work(transaction: Transaction) -> bool:
            is_absent = rows.get(transaction, put.key, self._clock()) is None
            if is_absent:
                self._put((put,), transaction)
            return is_absent

        return self._write("put_if_absent", work)

    def delete_many(self, keys: Sequence[Key]) -> None:
        def work(transaction: Transaction) -> None:
            for key in keys:
                rows.drop(transaction, key.physical)

        self._write("delete_many", work)

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        check_body(key, body, self.name, "delete_if_equal")

        def work(transaction: Transaction) -> bool:
            is_equal = rows.get(transaction, key, self._clock()) == body
            if is_equal:
                rows.drop(transaction, key.physical)
            return is_equal

        return self._write("delete_if_equal", work)

    def clear(self, space: Space) -> None:
        def work(transaction: Transaction) -> None:
            # What has expired goes, too: no time is before the beginning.
            for row in list(rows.rows(transaction, space.prefix, -rows.NEVER)):
                rows.drop(transaction, row.physical)

        self._write("clear", work)

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        bodies = tuple(bodies)
        limits = self._capabilities.limits
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=limits, store=self.name)
        if not bodies:
            return self.log_length(log)
        return self._write(
            f"append of {log.digest}", lambda found: self._append(found, log, bodies, max_length, self._deadline(ttl))
        )

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        def work(transaction: Transaction) -> list[bytes]:
            places = rows.places_of(transaction, log, self._clock())
            if places is None:
                return []
            return rows.messages(transaction, places.number, range(places.first, places.end)[start:stop])

        return self._read("read_log", work)

    def log_length(self, log: Key) -> int:
        places = self._read("log_length", lambda found: rows.places_of(found, log, self._clock()))
        return 0 if places is None else places.end - places.first

    def delete_log(self, log: Key) -> None:
        self.delete_many((log,))

    def spaces(self) -> list[SpaceUse]:
        uses: dict[str, SpaceUse] = {}
        for listed in self._read("spaces", lambda found: self._listed(found, "llmcache:")):
            space = listed.key.space
            use = uses.get(space.prefix, SpaceUse(space, 0, 0))
            uses[space.prefix] = SpaceUse(space, use.entries + 1, use.body_bytes + listed.body_bytes)
        return [uses[prefix] for prefix in sorted(uses)]

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        check_scan(space, after, count, self.name)
        behind = "" if after is None else after.physical
        found = self._read("scan", lambda found: self._listed(found, space.prefix))
        later = [listed for listed in found if listed.key.physical > behind]
        return heapq.nsmallest(count, later, key=lambda listed: listed.key.physical)

    def close(self) -> None:
        self._handle.close()

    def _read(self, op: str, work: Callable[[Transaction], T]) -> T:
        return self._handle.environment(op).read(op, work)

    def _write(self, op: str, work: Callable[[Transaction], T]) -> T:
        return self._handle.environment(op).write(op, work)

    def _deadline(self, ttl: Seconds | None) -> Instant:
        return rows.NEVER if ttl is None else self._clock() + ttl

    def _put(self, puts: Sequence[Put], transaction: Transaction) -> None:
        for put in puts:
            rows.put(transaction, put.key, put.body, self._deadline(put.ttl))
        rows.make_room(transaction, self._max_bytes, self._clock(), {put.key.physical for put in puts})

    def _append(
        self, transaction: Transaction, log: Key, bodies: Sequence[bytes], max_length: int | None, deadline: Instant
    ) -> int:
        old = rows.places_of(transaction, log, self._clock())
        if old is None:
            rows.drop(transaction, log.physical)  # it may be there, expired
            old = rows.Places(rows.free_number(transaction), 0, 0)
        end = old.end + len(bodies)
        first = old.first if max_length is None else max(old.first, end - max_length)
        rows.drop_messages(transaction, rows.Places(old.number, old.first, min(first, old.end)))
        for place in range(max(old.end, first), end):
            rows.put_message(transaction, old.number, place, bodies[place - old.end])
        rows.put_places(transaction, log, rows.Places(old.number, first, end), deadline)
        rows.make_room(transaction, self._max_bytes, self._clock(), {log.physical})
        return end - first

    def _listed(self, transaction: Transaction, prefix: str) -> list[Listed]:
        now = self._clock()
        found: list[Listed] = []
        for row in rows.rows(transaction, prefix, now):
            key = rows.key_of(row)
            if key is None:
                continue
            ttl = None if row.deadline == rows.NEVER else row.deadline - now
            sizes = [len(row.body)]
            if key.space.kind.is_log:
                places = rows.places_of(transaction, key, now) or rows.Places(0, 0, 0)
                bodies = rows.messages(transaction, places.number, range(places.first, places.end))
                sizes = [len(body) for body in bodies]
            found.append(Listed(key, sum(sizes), len(sizes), ttl))
        return found
