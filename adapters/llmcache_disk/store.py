"""The blocking colour."""

from collections.abc import Sequence
from pathlib import Path

from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.checks import check_append, check_body, check_puts, check_scan
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_disk import listing, logs
from llmcache_disk.bytes_disk import ForeignRowError
from llmcache_disk.cache import BytesCache
from llmcache_disk.engine import Engine
from llmcache_disk.errors import NAME
from llmcache_disk.frames import NEVER, DamagedError, framed, opened
from llmcache_disk.rows import keep, make_room, purge
from llmcache_disk.settings import Settings

# A share of the whole, so that one entry never drives out most of the others.
_LARGEST_BODY_SHARE = 8
# An instant as a float, this century, is exact to a quarter of a microsecond.
_CLOCK_ROUNDING = 1e-6


class DiskStore:
    """Keeps entries and logs in a diskcache, blocking; obeys `Store`. Made by `open_store`.

    Shared by all threads of a process and all processes of a machine, and usable after `os.fork`. Evicts answers and
    embeddings, those stored longest ago first; never other kinds, and never logs.
    """

    __slots__ = ("_capabilities", "_engine", "_settings")

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        limits = Limits(
            max_body_bytes=settings.max_bytes // _LARGEST_BODY_SHARE,
            ttl_resolution=_CLOCK_ROUNDING,
            timeout=settings.timeout,
        )
        self._capabilities = Capabilities(
            log=True, scan=True, persistent=True, shared=True, finds_damage=True, limits=limits
        )

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return Path(self._engine.place.folder)

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        with self._engine.reading("get_many", keys[0] if keys else None) as cache:
            now = self._now()
            return [_body_in(cache, key, now) for key in keys]

    def put_many(self, puts: Sequence[Put]) -> None:
        # A copy, so that a list that another thread changes meanwhile is written as it was checked.
        puts = tuple(puts)
        check_puts(puts, self._capabilities.limits, NAME, "put_many")
        with self._engine.writing("put_many", puts[0].key if puts else None) as cache:
            self._write(cache, puts)

    def put_if_absent(self, put: Put) -> bool:
        check_puts((put,), self._capabilities.limits, NAME, "put_if_absent")
        with self._engine.writing("put_if_absent", put.key) as cache:
            if _body_in(cache, put.key, self._now()) is not None:
                return False
            self._write(cache, (put,))
            return True

    def delete_many(self, keys: Sequence[Key]) -> None:
        with self._engine.writing("delete_many", keys[0] if keys else None) as cache:
            for key in keys:
                cache.drop_range(key.physical, key.physical + "\0")

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        check_body(key, body, NAME, "delete_if_equal")
        with self._engine.writing("delete_if_equal", key) as cache:
            if _body_in(cache, key, self._now()) != body:
                return False
            cache.drop_range(key.physical, key.physical + "\0")
            return True

    def clear(self, space: Space) -> None:
        with self._engine.writing("clear") as cache:
            cache.drop_range(space.prefix, listing.end_of(space))

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        bodies = tuple(bodies)
        limits = self._capabilities.limits
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=limits, store=NAME)
        if not bodies:
            return self._length(log, "append")
        with self._engine.writing("append", log) as cache:
            now = self._now()
            length = logs.append(cache, log, bodies, max_length, now=now, deadline=_deadline(now, ttl))
            self._settle(cache, now, ())
            return length

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        with self._engine.reading("read_log", log) as cache, cache.snapshot():
            places = logs.places_of(cache, log, self._now(), "read_log")
            return [] if places is None else logs.read(cache, log, range(places.first, places.following)[start:stop])

    def log_length(self, log: Key) -> int:
        return self._length(log, "log_length")

    def delete_log(self, log: Key) -> None:
        with self._engine.writing("delete_log", log) as cache:
            logs.delete(cache, log)

    def spaces(self) -> list[SpaceUse]:
        with self._engine.reading("spaces") as cache, cache.snapshot():
            return listing.spaces(cache, self._now())

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        check_scan(space, after, count, NAME)
        with self._engine.reading("scan") as cache, cache.snapshot():
            return listing.scan(cache, space, "" if after is None else after.physical, count, self._now())

    def close(self) -> None:
        self._engine.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._engine.place.folder!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same folder in the other process")

    def _now(self) -> Instant:
        return self._settings.clock()

    def _length(self, log: Key, op: str) -> int:
        with self._engine.reading(op, log) as cache:
            places = logs.places_of(cache, log, self._now(), op)
            return 0 if places is None else places.length

    def _write(self, cache: BytesCache, puts: Sequence[Put]) -> None:
        now = self._now()
        for put in puts:
            row, deadline = put.key.physical, _deadline(now, put.ttl)
            keep(cache, row, framed(row, put.body, deadline), put.key.space.kind, deadline)
        self._settle(cache, now, {put.key.physical for put in puts})

    def _settle(self, cache: BytesCache, now: Instant, just_put: "set[str] | tuple[()]") -> None:
        purge(cache, now)
        make_room(cache, self._settings.max_bytes, just_put)


def _deadline(now: Instant, ttl: Seconds | None) -> Instant:
    return NEVER if ttl is None else now + ttl


def _body_in(cache: BytesCache, key: Key, now: Instant) -> bytes | None:
    """Return the body under `key`; None where it is missing, expired, damaged, or not ours."""
    row = key.physical
    try:
        frame = cache.frame(row)
        if frame is None:
            return None
        body, deadline = opened(row, frame)
    except (ForeignRowError, DamagedError):
        return None
    return body if now < deadline else None
