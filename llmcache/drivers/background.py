"""Work behind the caller's back: a few threads for blocking callers, tasks of the running loop for the others.

It is bounded, because a model that hangs must not gather threads and questions without end: what is not taken on costs
nothing but a later refresh. Whoever closes the cache waits for what runs, which was paid for, and drops what has not begun.
"""

import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.memory.forking import lock_across_forks
from llmcache.model.key import Key
from llmcache.protocols.steps import Steps
from llmcache.protocols.world import AsyncWorld, World

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

Make = Callable[[], Steps[Any]]


class LocalBackground:
    """Obeys `Background`.

    Args:
        threads: Most blocking calls at once; more wait their turn.
        most: Most work of either colour that runs or waits; more is refused.
    """

    def __init__(self, *, threads: int = 4, most: int = 64) -> None:
        self._threads = threads
        self._most = most
        self._lock = lock_across_forks()
        self._process = os.getpid()
        self._is_closed = False
        self._busy: set[Key] = set()
        self._pool: ThreadPoolExecutor | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._here = threading.local()

    def start(self, key: Key, steps: Make, world: World, /) -> bool:
        """Do the steps in a thread; see `Background.start`."""
        if not self._takes(key):
            return False
        try:
            # Without our lock: the pool takes one that a fork waits for before it waits for ours.
            self._started_pool().submit(copy_context().run, self._run, key, steps, world)
        except RuntimeError:
            # No thread is to be had, or the pool was shut down since. A refresh is not worth more.
            self._ended(key)
            return False
        return True

    def start_async(self, key: Key, steps: Make, world: AsyncWorld, /) -> bool:
        """Do the steps in a task; see `Background.start_async`."""
        import asyncio  # noqa: PLC0415 -- blocking users never need it

        if not self._takes(key):
            return False

        async def awaited() -> None:
            await run_async(steps(), world)

        def ended(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            self._ended(key)
            if not task.cancelled():
                task.exception()  # asked for, or asyncio would complain that nobody did

        # Referred to from here, because a loop refers to its tasks only weakly.
        task = asyncio.get_running_loop().create_task(awaited())
        self._tasks.add(task)
        task.add_done_callback(ended)
        return True

    def close(self) -> None:
        """Take on nothing more, and wait for the threads; tasks are cancelled, as a blocking caller cannot await them."""
        pool = self._closing()
        for task in tuple(self._tasks):
            _cancel(task)
        if pool is not None:
            # A call that closes its own cache cannot wait for itself.
            pool.shutdown(wait=not self._is_here(), cancel_futures=True)

    async def close_async(self) -> None:
        """As `close`, but the tasks of this loop are awaited; where that is cancelled, so are they."""
        import asyncio  # noqa: PLC0415 -- as above

        pool = self._closing()
        loop, current = asyncio.get_running_loop(), asyncio.current_task()
        mine = [task for task in tuple(self._tasks) if task.get_loop() is loop and task is not current]
        for task in self._tasks.difference(mine):
            if task is not current:
                _cancel(task)
        await asyncio.gather(*mine, return_exceptions=True)
        if pool is not None:
            await loop.run_in_executor(None, lambda: pool.shutdown(wait=True, cancel_futures=True))

    def _takes(self, key: Key) -> bool:
        with self._lock:
            if self._process != os.getpid():
                # A child process inherits no threads, and no loop that runs.
                self._process, self._pool, self._busy, self._tasks = os.getpid(), None, set(), set()
            if self._is_closed or key in self._busy or len(self._busy) >= self._most:
                return False
            self._busy.add(key)
            return True

    def _ended(self, key: Key) -> None:
        with self._lock:
            self._busy.discard(key)

    def _run(self, key: Key, steps: Make, world: World) -> None:
        self._here.runs = True
        try:
            run(steps(), world)
        finally:
            self._here.runs = False
            self._ended(key)

    def _is_here(self) -> bool:
        return getattr(self._here, "runs", False)

    def _started_pool(self) -> "ThreadPoolExecutor":
        """Return the threads; RuntimeError where they were ended since the work was taken on."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 -- most caches never need it

        with self._lock:
            if self._is_closed:
                raise RuntimeError("closed")
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="llmcache-background")
            return self._pool

    def _closing(self) -> "ThreadPoolExecutor | None":
        with self._lock:
            self._is_closed = True
            pool, self._pool = self._pool, None
            return pool if self._process == os.getpid() else None


def _cancel(task: "asyncio.Task[None]") -> None:
    try:
        task.get_loop().call_soon_threadsafe(task.cancel)
    except RuntimeError:
        return  # its loop is closed, and the task with it
