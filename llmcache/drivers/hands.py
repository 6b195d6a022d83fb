"""Threads for calls that may never end: their caller waits for so long, and then leaves the thread behind.

Nothing can stop a thread. One that is left behind goes on, and is used again if its call ends after all. Of those that hang at
the same time there are at most so many; then further calls are refused, because a store in which so many hang is away. A thread
that has hung for minutes does not count any more: it may never end, although the store is long back. The threads are daemons, so
that one that hangs for ever does not keep the program from ending.
"""

import contextvars
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar, cast

from llmcache.errors import StoreTimeout, StoreUnavailable
from llmcache.memory.forking import lock_across_forks
from llmcache.model.units import Seconds

T = TypeVar("T")

MOST_LEFT: Final = 16
COUNTED: Final[Seconds] = 600.0
"""How long a thread that hangs counts; so a store that hangs for ever costs at most `MOST_LEFT` threads in that time."""
_MOST_IDLE: Final = 8


class _Job(Generic[T]):
    """One call, and what becomes of it."""

    __slots__ = ("answer", "call", "error", "has_ended", "is_left", "wake")

    def __init__(self, call: Callable[[], T], wake: Callable[[], None]) -> None:
        context = contextvars.copy_context()
        self.call: Callable[[], T] = lambda: context.run(call)
        self.wake = wake
        self.answer: T | None = None
        self.error: BaseException | None = None
        self.has_ended = False
        self.is_left = False

    def do(self) -> None:
        """Do the call, and keep what it returns or raises."""
        try:
            self.answer = self.call()
        except BaseException as error:  # noqa: BLE001 -- raised where the answer is waited for
            self.error = error

    def outcome(self) -> T:
        """Return the answer of the call, or raise its error."""
        try:
            if self.error is not None:
                raise self.error
            return cast(T, self.answer)
        finally:
            # The error's traceback knows this frame: without the name, error and job do not hold each other.
            del self


class Hands:
    """Does calls of one store in threads, each within a time.

    Args:
        name: The store's, for messages and the names of threads.
        most_left: Most threads that are left behind at the same time.
        monotonic: Tells seconds on a clock that never jumps.
    """

    def __init__(self, name: str, most_left: int = MOST_LEFT, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._most_left = most_left
        self._monotonic = monotonic
        self._lock = lock_across_forks()
        self._idle: list[SimpleQueue[_Job[Any] | None]] = []
        self._left: dict[_Job[Any], float] = {}
        self._is_closed = False
        self._process = os.getpid()

    def do(self, call: Callable[[], T], seconds: Seconds, what: str) -> T:
        """Return what `call` returns, or raise what it raises, within `seconds`.

        Args:
            call: Done in another thread, in a copy of the caller's context.
            seconds: How long to wait.
            what: The op, for messages.

        Raises:
            StoreTimeout: It has not ended; it may still be done.
            StoreUnavailable: Too many calls hang already, or no thread could be started; nothing was done.
        """
        waiting = threading.Lock()
        waiting.acquire()
        job = _Job(call, waiting.release)
        self._hand(what).put(job)
        try:
            has_ended = waiting.acquire(timeout=seconds)
        except BaseException:
            self._leave(job)
            raise
        if not has_ended and self._leave(job):
            raise self._late(what, seconds)
        return job.outcome()

    async def do_async(self, call: Callable[[], T], seconds: Seconds, what: str) -> T:
        """As `do`, awaited; whoever is cancelled leaves the call behind, too."""
        import asyncio  # noqa: PLC0415 -- blocking programs never need it

        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not ended.done():
                ended.set_result(None)

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(end)

        job = _Job(call, wake)
        self._hand(what).put(job)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await ended
        except BaseException as error:
            is_left = self._leave(job)
            if not limit.expired():
                raise
            if is_left:
                raise self._late(what, seconds) from error
        return job.outcome()

    def close(self) -> None:
        """End the threads that do nothing; the others end with their calls."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            is_own = self._process == os.getpid()
        for jobs in idle if is_own else ():
            jobs.put(None)

    def _late(self, what: str, seconds: Seconds) -> StoreTimeout:
        return StoreTimeout(f"{self._name} did not end {what} within {seconds:g} s; it may still be done")

    def _hand(self, what: str) -> "SimpleQueue[_Job[Any] | None]":
        with self._lock:
            if self._process != os.getpid():
                # The threads are the parent's: here there are none.
                self._process, self._idle, self._left = os.getpid(), [], {}
            if self._is_full():
                raise StoreUnavailable(
                    f"{self._name} was not asked for {what}: {len(self._left)} calls of it hang already; nothing was done"
                )
            if self._idle:
                return self._idle.pop()
        jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        try:
            threading.Thread(target=self._work, args=(jobs,), name=f"llmcache-{self._name}-hand", daemon=True).start()
        except RuntimeError as error:
            raise StoreUnavailable(f"{self._name} was not asked for {what}: no thread could be started") from error
        return jobs

    def _leave(self, job: _Job[Any]) -> bool:
        """Leave a job behind; False where it has just ended."""
        with self._lock:
            if job.has_ended:
                return False
            job.is_left = True
            self._left[job] = self._monotonic()
            return True

    def _is_full(self) -> bool:
        if len(self._left) < self._most_left:
            return False
        since = self._monotonic() - COUNTED
        self._left = {job: at for job, at in self._left.items() if at > since}
        return len(self._left) >= self._most_left

    def _work(self, jobs: "SimpleQueue[_Job[Any] | None]") -> None:
        while True:
            job = jobs.get()
            if job is None:
                return
            job.do()
            goes_on = self._ended(job, jobs)
            job.wake()
            del job
            if not goes_on:
                return

    def _ended(self, job: _Job[Any], jobs: "SimpleQueue[_Job[Any] | None]") -> bool:
        """Note that a job has ended; False where its thread is not needed any more."""
        with self._lock:
            job.has_ended = True
            self._left.pop(job, None)
            if self._is_closed or len(self._idle) >= _MOST_IDLE:
                return False
            self._idle.append(jobs)
            return True
