"""Thread offload: an async store made of one that can only block.

Each call runs in a worker thread, which costs about 50 µs; a store that can do better brings a native async
colour. A call that was cancelled goes on in its thread to its end, so the store is before or after it, never half-way.

The threads start with the first awaited call, and anew in a child process, which inherits none. What imports them
and asyncio is put off until then, because blocking users never need either.
"""

import contextvars
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from llmcache.errors import ClosedError, StoreUnavailable
from llmcache.memory.forking import lock_across_forks
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Watcher, news_store
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.vectors import vector_store
from llmcache.protocols.whole import Store

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

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
        self._threads = threads
        self._lock = lock_across_forks()
        self._is_closed = False
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

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

    async def put_points(
        self, index: Key, points: Sequence[Point], *, at: Instant, over: Sequence[str | None] | None = None
    ) -> None:
        await self._in_thread(lambda: vector_store(self._blocking).put_points(index, points, at=at, over=over))

    async def delete_points(
        self, index: Key, ids: Sequence[str], *, at: Instant, over: Sequence[str] | None = None
    ) -> None:
        await self._in_thread(lambda: vector_store(self._blocking).delete_points(index, ids, at=at, over=over))

    async def get_points(self, index: Key, ids: Sequence[str], *, at: Instant) -> Sequence[Point | None]:
        return await self._in_thread(lambda: vector_store(self._blocking).get_points(index, ids, at=at))

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
    ) -> Sequence[Neighbour]:
        search = partial(vector_store(self._blocking).nearest, index, vector, count)
        return await self._in_thread(lambda: search(at=at, least=least, where=where, with_vectors=with_vectors))

    async def ended_points(self, index: Key, until: Instant, *, at: Instant, count: int) -> Sequence[Point]:
        return await self._in_thread(
            lambda: vector_store(self._blocking).ended_points(index, until, at=at, count=count)
        )

    def watch(self, watcher: Watcher) -> None:
        news_store(self._blocking).watch(watcher)

    async def close(self) -> None:
        import asyncio  # noqa: PLC0415 -- see above

        try:
            closing = asyncio.get_running_loop().run_in_executor(None, _without_stop, self.close_both)
        except RuntimeError:
            # No thread is to be had. A loop that waits is better than a store that stays open.
            self.close_both()
        else:
            await closing

    def close_both(self) -> None:
        """Close this object and the store under it, blocking; calls that run already get their answers."""
        with self._lock:
            self._is_closed = True
            # In a child process the pool is the parent's: it has no threads here, and perhaps a lock that stays taken.
            pool = self._pool if self._process == os.getpid() else None
        if pool is not None:
            pool.shutdown(wait=True)
        self._blocking.close()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        import asyncio  # noqa: PLC0415 -- see above

        return await asyncio.wrap_future(self._begun(partial(contextvars.copy_context().run, call)))

    def _begun(self, call: Callable[[], T]) -> "Future[T]":
        from concurrent.futures import Future  # noqa: PLC0415 -- see above

        answer: Future[T] = Future()
        with self._lock:
            pool = self._started_pool()
        try:
            # Without the lock: the pool takes one that a fork waits for before it waits for ours.
            pool.submit(_do, call, answer)
        except RuntimeError as error:
            # No thread could be started, but the call waits in the pool, where another one may have begun it already.
            if answer.cancel():
                self._check_open()
                message = f"{self.name} could not be asked: no thread could be started for the call; try again"
                raise StoreUnavailable(message) from error
        return answer

    def _started_pool(self) -> "ThreadPoolExecutor":
        self._check_open()
        if self._pool is None or self._process != os.getpid():
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- see above

            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=f"llmcache-{self.name}")
            self._process = os.getpid()
        return self._pool

    def _check_open(self) -> None:
        if self._is_closed:
            raise ClosedError(f"{self.name} is closed; open the cache again")


def _do(call: Callable[[], T], answer: "Future[T]") -> None:
    """Answer with what `call` returns or raises, unless it was given up before it began."""
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(_without_stop(call))
    except BaseException as error:  # noqa: BLE001 -- raised where the answer is awaited
        answer.set_exception(error)
        # The error's traceback knows this frame: without the name, error and answer do not hold each other.
        del answer


def _without_stop(call: Callable[[], T]) -> T:
    """Do `call`; no future takes a StopIteration, so that whoever awaits it would wait for ever."""
    try:
        return call()
    except StopIteration as error:
        raise RuntimeError("the store raised StopIteration") from error
