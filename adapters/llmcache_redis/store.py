"""The blocking colour."""

from collections.abc import Callable, Sequence

from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Watcher
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.vector_ops import Nearest
from llmcache_redis.blocking_wire import BlockingWire
from llmcache_redis.commands import T, Wire
from llmcache_redis.core import Core
from llmcache_redis.errors import NAME, closed


class RedisStore:
    """Keeps entries and logs on Redis, blocking; obeys `Store`. Made by `open_store` or `open_pair`.

    Safe for several threads at once, and usable after `os.fork`, where the child makes connections of its own.

    Args:
        core: What both colours share.
        wire: Carries round trips.
        close_other: Closes the other colour.
    """

    __slots__ = ("_close_other", "_core", "_wire")

    def __init__(self, core: Core, wire: BlockingWire, close_other: Callable[[], None]) -> None:
        self._core = core
        self._wire = wire
        self._close_other = close_other

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._core.capabilities

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return self._run("get_many", self._core.entries.get_many(keys))

    def put_many(self, puts: Sequence[Put]) -> None:
        self._run("put_many", self._core.entries.put_many(puts))

    def put_if_absent(self, put: Put) -> bool:
        return self._run("put_if_absent", self._core.entries.put_if_absent(put))

    def delete_many(self, keys: Sequence[Key]) -> None:
        self._run("delete_many", self._core.entries.delete_many(keys))

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return self._run("delete_if_equal", self._core.entries.delete_if_equal(key, body))

    def clear(self, space: Space) -> None:
        self._run("clear", self._core.spaces.clear(space))

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return self._run("append", self._core.logs.append(log, bodies, max_length, ttl))

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return self._run("read_log", self._core.logs.read(log, start, stop))

    def log_length(self, log: Key) -> int:
        return self._run("log_length", self._core.logs.length(log))

    def delete_log(self, log: Key) -> None:
        self._run("delete_log", self._core.logs.delete(log))

    def spaces(self) -> list[SpaceUse]:
        return self._run("spaces", self._core.spaces.uses())

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return self._run("scan", self._core.spaces.scan(space, after, count))

    def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        self._run("put_points", self._core.vectors.put(index, points, at, over))

    def delete_points(self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None) -> None:
        self._run("delete_points", self._core.vectors.delete(index, ids, at, over))

    def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> list[Point | None]:
        return self._run("get_points", self._core.vectors.get(index, ids, at))

    def nearest(
        self,
        index: Key,
        vector: bytes,
        count: int,
        *,
        at: Instant,
        least: float = -1.0,
        where: Where | None = None,
        with_vectors: bool = False,
    ) -> list[Neighbour]:
        asked = Nearest(index, vector, count, at, least, where, with_vectors)
        return self._run("nearest", self._core.vectors.nearest(asked))

    def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> list[Point]:
        return self._run("ended_points", self._core.vectors.ended(index, until, at, count))

    def watch(self, watcher: Watcher) -> None:
        self._core.watch(watcher)

    def close(self) -> None:
        self._core.is_closed = True
        self._core.listener.close()
        self._wire.close()
        self._close_other()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'closed' if self._core.is_closed else 'open'})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same URL in the other process")

    def _run(self, op: str, steps: Wire[T]) -> T:
        if self._core.is_closed:
            raise closed(op)
        return self._wire.run(steps)
