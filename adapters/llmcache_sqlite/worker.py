"""One thread, started when it is first needed, that sees writes of the async colour through."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from llmcache_sqlite.job import AnyJob

_JOIN: Final = 10.0


class Worker:
    """Hands jobs to a function, one after the other, in a thread of its own.

    The thread is a daemon: a program that ends without closing the store does not hang.
    """

    def __init__(self, see_through: Callable[[AnyJob], None], name: str) -> None:
        self._see_through = see_through
        self._name = name
        self.renew()

    def renew(self) -> None:
        """Start anew without a thread: in a child process, where the parent's does not exist."""
        self._jobs: SimpleQueue[AnyJob | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._is_stopped = False

    def send(self, job: AnyJob) -> None:
        """Have `job` seen through soon."""
        self._jobs.put(job)
        if self._thread is None:
            self._start()
        if self._is_stopped:
            # Sent while the store was being closed: the thread just started tells so, and ends.
            self._jobs.put(None)

    def stop(self) -> None:
        """End the thread, after the jobs that were sent."""
        with self._starting:
            self._is_stopped = True
            thread, self._thread = self._thread, None
            if thread is not None:
                self._jobs.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._see_through(job)
            except Exception as error:  # noqa: BLE001 -- told to who waits; the thread must go on for the others
                job.fail(error)
            del job  # holds a caller's bodies while the thread is idle
