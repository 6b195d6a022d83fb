"""The queue of writes: one writer, no thread of its own, many writes in one commit.

A caller puts its job into the queue and takes the *turn*, a lock. Whoever has the turn opens a transaction, does every job
that is waiting, and commits once: callers that queued meanwhile find theirs done when the turn is free. So a
lone write costs no hop to another thread, and a crowd of them costs one commit, not one each. (This is flat combining:
Hendler, Incze, Shavit, Tzafrir, SPAA 2010.)

Where a transaction of several jobs fails it is rolled back, and each of them runs again alone, so that
nobody is told of another's failure.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from llmcache.errors import StoreTimeout
from llmcache.model.units import Instant, Seconds
from llmcache_sqlite.errors import FOREIGN, NAME
from llmcache_sqlite.job import AnyJob, Job
from llmcache_sqlite.mending import Attempts, Mender
from llmcache_sqlite.room import Room
from llmcache_sqlite.transaction import Transaction

T = TypeVar("T")

_MOST_JOBS: Final = 64
_MOST_BYTES: Final = 4 * 2**20
_GRACE: Final[Seconds] = 10.0
"""How long past its deadline a caller waits for the end of a transaction that another thread has its job in."""


class Writing:
    """Does jobs, in the order they came, in as few transactions as there are idle moments."""

    def __init__(self, mender: Mender, room: Room, clock: Callable[[], Instant]) -> None:
        self._mender = mender
        self._room = room
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """Start anew, with nothing waiting: in a child process, where those who wait do not exist."""
        self._queue: deque[AnyJob] = deque()
        self._turn = threading.Lock()

    def run(self, job: Job[T]) -> T:
        """Do the job and return its answer, or raise what failed."""
        self._queue.append(job)
        self.see_through(job)
        return job.answer()

    def enqueue(self, job: AnyJob) -> None:
        """Let whoever writes next do the job; somebody must still `see_through` it."""
        self._queue.append(job)

    def see_through(self, job: AnyJob) -> None:
        """Return when the job is done or failed, by this thread or another; in any case about by its deadline."""
        attempts = Attempts(self._mender, job.deed, job.deadline)
        while not job.is_done and self._take_turn(job):
            try:
                while not job.is_done:
                    self._round(job, attempts)
            except BaseException as error:
                # Also KeyboardInterrupt: a job whose caller has gone must not be done later by somebody else.
                if not job.take():
                    raise
                job.fail(error)
            finally:
                self._turn.release()

    def withdraw(self, job: AnyJob) -> bool:
        """Take the job back; False where somebody is doing it or has done it."""
        if not job.take():
            return False
        with suppress(
            ValueError, IndexError
        ):  # already out of the queue, or the queue is changing: it is skipped there
            self._queue.remove(job)
        return True

    def _take_turn(self, job: AnyJob) -> bool:
        if self._turn.acquire(blocking=False) or self._turn.acquire(timeout=job.deadline.left()):
            return True
        if self.withdraw(job):
            job.fail(StoreTimeout(f"{NAME} could not do {job.deed}: other writes took too long; nothing was done"))
            return False
        if self._turn.acquire(timeout=_GRACE):
            return True
        job.fail(StoreTimeout(f"{NAME} did not finish {job.deed} in time; it may still be done: reread first"))
        return False

    def _round(self, own: AnyJob, attempts: Attempts) -> None:
        """Do `own` and what else is waiting, or find out why not."""
        attempts.begin()
        try:
            with self._mender.file.gate:
                self._transact(own)
        except FOREIGN as error:
            attempts.after(error)

    def _transact(self, own: AnyJob) -> None:
        file = self._mender.file
        cursor = file.writer()
        if self._room.log_is_pinned:
            file.cut_log()
        cursor.execute("BEGIN IMMEDIATE")
        batch: list[AnyJob] = []
        try:
            # Now, and not once a second as for reads: what is acknowledged must be in the file that is there.
            file.look()
            batch += self._taken(own)
            transaction = Transaction(cursor, self._clock())
            self._room.prepare(transaction, sum(job.grows for job in batch), own.deed)
            answers = [job.work(transaction) for job in batch]
            cursor.execute("COMMIT")
        except BaseException as error:
            self._undo(cursor, batch, own)
            if len(batch) > 1 and isinstance(error, Exception):
                return  # the next round does `own` alone
            raise
        for job, answer in zip(batch, answers, strict=True):
            job.finish(answer)
        if self._room.committed(cursor):
            self._room.folded(file.fold_log())
            if self._room.log_is_too_long():
                file.cut_log()

    def _taken(self, own: AnyJob) -> list[AnyJob]:
        """Return the jobs of the next transaction; they are the caller's to finish, fail or put back."""
        batch = [own] if own.take() else []
        if own.alone:
            return batch
        size = own.grows
        set_by: list[AnyJob] = []
        while self._queue and len(batch) < _MOST_JOBS and size < _MOST_BYTES:
            job = self._queue.popleft()
            if job.alone:
                set_by.append(job)  # its own caller does it
            elif job is not own and job.take():
                batch.append(job)
                size += job.grows
        if set_by:
            self._queue.extendleft(reversed(set_by))
        return batch

    def _undo(self, cursor: sqlite3.Cursor, batch: list[AnyJob], own: AnyJob) -> None:
        try:
            # SQLite has rolled back by itself after some failures, such as a full disk.
            if cursor.connection.in_transaction:
                cursor.execute("ROLLBACK")
        except sqlite3.Error:
            self._mender.file.drop_writer()
        self._room.rolled_back()
        for job in batch:
            job.alone = len(batch) > 1 or job.alone
            job.put_back()
        self._queue.extendleft(job for job in reversed(batch) if job is not own)
