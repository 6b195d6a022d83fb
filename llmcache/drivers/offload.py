"""Thread offload: an async store made of one that can only block.

Each call runs in a worker thread, which costs about 50 µs; a store that can do better brings a native async
colour. A call that was cancelled goes on in its thread to its end, so the store is before or after it, never half-way.
"""

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

from llmcache.errors import ClosedError
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.whole import Store

T = TypeVar("T")
S = TypeVar("S", bound=Store)


class Offloaded(Generic[S]):
    """Runs every call of a blocking store in its own small pool of threads; obeys `AsyncStore`.

    Args:
        blocking: The store; closed together with this object.
        threads: Most calls at once; more wait their turn.
    """

    def __init__(self, blocking: S, *, threads: int = 8) -> None:
        self._blocking = blocking
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"llmcache-{blocking.name}")

    @property
    def name(self) -> str:
        return self._blocking.name

    @property
    def capabilities(self) -> Capabilities:
        return self._blocking.capabilities

    async def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        return await self._in_thread(lambda: self._blocking.get_many(keys))

    async def put_many(self, puts: Sequence[Put]) -> None:
        await self._in_thread(lambda: self._blocking.put_many(puts))

    async def put_if_absent(self, put: Put) -> bool:
        return await self._in_thread(lambda: self._blocking.put_if_absent(put))

    async def delete_many(self, keys: Sequence[Key]) -> None:
        await self._in_thread(lambda: self._blocking.delete_many(keys))

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return await self._in_thread(lambda: self._blocking.delete_if_equal(key, body))

    async def clear(self, space: Space) -> None:
        await self._in_thread(lambda: self._blocking.clear(space))

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return await self._in_thread(lambda: self._blocking.append(log, bodies, max_length=max_length, ttl=ttl))

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> Sequence[bytes]:
        return await self._in_thread(lambda: self._blocking.read_log(log, start, stop))

    async def log_length(self, log: Key) -> int:
        return await self._in_thread(lambda: self._blocking.log_length(log))

    async def delete_log(self, log: Key) -> None:
        await self._in_thread(lambda: self._blocking.delete_log(log))

    async def spaces(self) -> Sequence[SpaceUse]:
        return await self._in_thread(self._blocking.spaces)

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        return await self._in_thread(lambda: self._blocking.scan(space, after=after, count=count))

    async def close(self) -> None:
        await asyncio.to_thread(self._close_now)

    def _close_now(self) -> None:
        self._pool.shutdown(wait=True)
        self._blocking.close()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        try:
            pending = loop.run_in_executor(self._pool, partial(context.run, call))
        except RuntimeError as error:
            raise ClosedError(f"{self.name} is closed; open the cache again") from error
        return await pending
