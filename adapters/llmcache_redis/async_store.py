"""The async colour: native, without a thread."""

import asyncio
from collections.abc import Callable, Sequence

from llmcache.drivers.reads import Reads
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Watcher
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.vector_ops import Nearest
from llmcache_redis.awaiting_wire import AwaitingWire
from llmcache_redis.commands import T, Wire
from llmcache_redis.core import Core
from llmcache_redis.errors import NAME, closed


class AsyncRedisStore:
    """The same store, awaited; obeys `AsyncStore`. Made by `open_pair`.

    Usable in several event loops, each with connections of its own. Cancelling a call costs its connection and
    nothing else: no answer is left behind for the next caller.

    Args:
        core: What both colours share.
        wire: Carries round trips.
        close_other: Closes the other colour.
    """

    __slots__ = ("_close_other", "_core", "_reads", "_wire")

    def __init__(self, core: Core, wire: AwaitingWire, close_other: Callable[[], None]) -> None:
        self._core = core
        self._wire = wire
        self._close_other = close_other
        self._reads = Reads(lambda keys: wire.run(core.entries.get_many(keys)))

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._core.capabilities

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        if self._core.is_closed:
            raise closed("get_many")
        keys = tuple(keys)
        return await self._reads.get(keys) if keys else []

    async def put_many(self, puts: Sequence[Put]) -> None:
        await self._run("put_many", self._core.entries.put_many(puts))

    async def put_if_absent(self, put: Put) -> bool:
        return await self._run("put_if_absent", self._core.entries.put_if_absent(put))

    async def delete_many(self, keys: Sequence[Key]) -> None:
        await self._run("delete_many", self._core.entries.delete_many(keys))

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return await self._run("delete_if_equal", self._core.entries.delete_if_equal(key, body))

    async def clear(self, space: Space) -> None:
        await self._run("clear", self._core.spaces.clear(space))

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return await self._run("append", self._core.logs.append(log, bodies, max_length, ttl))

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return await self._run("read_log", self._core.logs.read(log, start, stop))

    async def log_length(self, log: Key) -> int:
        return await self._run("log_length", self._core.logs.length(log))

    async def delete_log(self, log: Key) -> None:
        await self._run("delete_log", self._core.logs.delete(log))

    async def spaces(self) -> list[SpaceUse]:
        return await self._run("spaces", self._core.spaces.uses())

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return await self._run("scan", self._core.spaces.scan(space, after, count))

    async def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        await self._run("put_points", self._core.vectors.put(index, points, at, over))

    async def delete_points(
        self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None
    ) -> None:
        await self._run("delete_points", self._core.vectors.delete(index, ids, at, over))

    async def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> list[Point | None]:
        return await self._run("get_points", self._core.vectors.get(index, ids, at))

    async def nearest(
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
        return await self._run("nearest", self._core.vectors.nearest(asked))

    async def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> list[Point]:
        return await self._run("ended_points", self._core.vectors.ended(index, until, at, count))

    def watch(self, watcher: Watcher) -> None:
        self._core.watch(watcher)

    async def close(self) -> None:
        self._core.is_closed = True
        if self._core.listener.has_begun:
            await asyncio.to_thread(self._core.listener.close)
        await self._wire.close()
        self._close_other()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'closed' if self._core.is_closed else 'open'})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same URL in the other process")

    async def _run(self, op: str, steps: Wire[T]) -> T:
        if self._core.is_closed:
            raise closed(op)
        return await self._wire.run(steps)
