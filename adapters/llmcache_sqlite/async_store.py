"""The async colour: reads in the event loop, writes in one worker thread.

A read of a few microseconds is cheaper where it is than sent to a thread, which costs fifty. It waits for nobody; where it
would have to (a lock, a file to be mended), it is sent to a thread after all. A write may wait for the disk or for another
process, so it always goes to the engine's worker, and the loop is free meanwhile.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_sqlite import calls
from llmcache_sqlite.engine import Engine
from llmcache_sqlite.errors import FOREIGN, NAME, NotNowError
from llmcache_sqlite.health import Health
from llmcache_sqlite.job import Job
from llmcache_sqlite.sharing import Handle
from llmcache_sqlite.waiting import Deadline
from llmcache_sqlite.work import Read, Write

T = TypeVar("T")


class AsyncSqliteStore:
    """The same store, awaited; obeys `AsyncStore`. Made by `open_async_store` or `open_pair`.

    Cancelling a write that waits leaves nothing done; one that has begun is waited for, which takes microseconds,
    so that whoever cancelled finds the store after it.
    """

    __slots__ = ("_capabilities", "_handle")

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._capabilities = handle.engine("open").capabilities

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def folder(self) -> Path:
        """Where the file lies."""
        return Path(self._handle.folder)

    def health(self) -> Health:
        """Return what happened to the store since this process opened it, and its size."""
        return self._engine("health").health()

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        engine = self._engine("get_many")
        if self._capabilities.inline_reads:
            with suppress(NotNowError, *FOREIGN):
                return engine.get(keys, may_wait=False)
        return await _in_thread(lambda: engine.read(calls.get_many(engine, keys)))

    async def put_many(self, puts: Sequence[Put]) -> None:
        engine = self._engine("put_many")
        await _written(engine, calls.put_many(engine, puts))

    async def put_if_absent(self, put: Put) -> bool:
        engine = self._engine("put_if_absent")
        return await _written(engine, calls.put_if_absent(engine, put))

    async def delete_many(self, keys: Sequence[Key]) -> None:
        engine = self._engine("delete_many")
        await _written(engine, calls.delete_many(engine, keys))

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        engine = self._engine("delete_if_equal")
        return await _written(engine, calls.delete_if_equal(engine, key, body))

    async def clear(self, space: Space) -> None:
        engine = self._engine("clear")
        await _written(engine, calls.clear(space))
        deadline = Deadline(calls.TIDY_AFTER_CLEAR)
        while await _written(engine, calls.tidy(engine)) and deadline.left():
            pass

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        engine = self._engine("append")
        call = calls.append(engine, log, bodies, max_length, ttl)
        return await (self._read(engine, call) if isinstance(call, Read) else _written(engine, call))

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        engine = self._engine("read_log")
        return await self._read(engine, calls.read_log(engine, log, start, stop))

    async def log_length(self, log: Key) -> int:
        engine = self._engine("log_length")
        return await self._read(engine, calls.log_length(engine, log))

    async def delete_log(self, log: Key) -> None:
        await _written(self._engine("delete_log"), calls.delete_log(log))

    async def spaces(self) -> list[SpaceUse]:
        engine = self._engine("spaces")
        return await _in_thread(lambda: engine.read(calls.spaces(engine)))

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        engine = self._engine("scan")
        return await _in_thread(lambda: engine.read(calls.scan(engine, space, after, count)))

    async def close(self) -> None:
        await _in_thread(self._handle.close)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._handle.folder!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same folder in the other process")

    def _engine(self, op: str) -> Engine:
        return self._handle.engine(op)

    async def _read(self, engine: Engine, read: Read[T]) -> T:
        if self._capabilities.inline_reads:
            with suppress(NotNowError, *FOREIGN):
                return engine.read_now(read)
        return await _in_thread(lambda: engine.read(read))


async def _written(engine: Engine, write: Write[T]) -> T:
    """Have a write done by the worker, and return its answer."""
    job = engine.job(write)
    done = _wake_up_call(job)
    engine.send(job)
    try:
        await done.wait()
    except asyncio.CancelledError:
        if engine.withdraw(job):
            # Whoever sees it through, the worker, would otherwise try again until the deadline, and keep all writers out.
            job.fail(asyncio.CancelledError())
        else:
            await _out_wait(done)
        raise
    return job.answer()


async def _out_wait(done: asyncio.Event) -> None:
    """Wait for the end of a transaction that has begun, however often the caller is cancelled meanwhile."""
    while not done.is_set():
        with suppress(asyncio.CancelledError):
            await done.wait()


def _wake_up_call(job: Job[T]) -> asyncio.Event:
    """Return an event that is set, in this loop, when the job is done or failed."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        # The loop may be closed by now: then nobody waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(done.set)

    job.notify = tell
    return done


async def _in_thread(call: Callable[[], T]) -> T:
    """Do something that may take long in a thread of its own, which goes on to its end if the caller is cancelled."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if answer.cancelled():
            return
        if error is None:
            answer.set_result(result)  # type: ignore[arg-type]  # there is a result where there is no error
        else:
            answer.set_exception(error)

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as caught:  # noqa: BLE001 -- raised again where it is awaited
            error = caught
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="llmcache-sqlite-wait", daemon=True).start()
    return await answer
