"""The engine: one open file, shared by every store of this process that was opened on it with the same settings."""

import sqlite3
from collections.abc import Sequence
from typing import Final, TypeVar

from llmcache.errors import LLMCacheError
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key
from llmcache.protocols.deed import Deed
from llmcache_sqlite import ballast
from llmcache_sqlite.connections import Opening
from llmcache_sqlite.entries import Entries
from llmcache_sqlite.errors import FOREIGN, Fault, Foreign, fault_of, translated
from llmcache_sqlite.health import Health, Tally
from llmcache_sqlite.job import AnyJob, Job
from llmcache_sqlite.mending import Attempts, closed
from llmcache_sqlite.open_file import OpenFile
from llmcache_sqlite.place import Place
from llmcache_sqlite.room import Marks, Room, log_bytes
from llmcache_sqlite.settings import Settings
from llmcache_sqlite.transaction import Transaction
from llmcache_sqlite.waiting import Deadline
from llmcache_sqlite.work import Read, Write
from llmcache_sqlite.worker import Worker
from llmcache_sqlite.writing import Writing

T = TypeVar("T")

_LARGEST_BODY_SHARE: Final = 8
"""So that one entry never drives out most of the others."""
_CLOCK_ROUNDING: Final = 1e-6
"""An instant as a float, this century, is exact to a quarter of a microsecond."""
_TIDY_ROWS: Final = 256


class Engine:
    """Reads, writes and mends one file.

    Args:
        place: Where.
        settings: How.
        write_ahead: Whether the file system is one that a write-ahead log works on.

    Raises:
        StoreError: The file could not be opened.
    """

    def __init__(self, place: Place, settings: Settings, *, write_ahead: bool) -> None:
        self.place = place
        self.settings = settings
        self.write_ahead = write_ahead
        self.tally = Tally()
        self.marks = Marks()
        self.is_closed = False
        self.limits = Limits(
            max_body_bytes=settings.max_bytes // _LARGEST_BODY_SHARE,
            ttl_resolution=_CLOCK_ROUNDING,
            timeout=settings.timeout,
        )
        # Without a write-ahead log readers wait for writers, and a read of a network file for the network.
        self.capabilities = Capabilities(
            log=True,
            scan=True,
            persistent=True,
            shared=True,
            inline_reads=write_ahead,
            finds_damage=True,  # by the sum in each row
            limits=self.limits,
        )
        self.entries = Entries(settings.clock, self.tally, self.marks)
        opening = Opening(place, write_ahead, settings.durable, log_bytes(settings.max_bytes))
        try:
            self.file = OpenFile(opening, self.tally, Deadline(settings.timeout))
        except FOREIGN as error:
            raise translated(error, Deed("open")) from error
        self._room = Room(place, settings.max_bytes, self.tally, self.marks)
        self._writing = Writing(self, self._room, settings.clock)
        self._worker = Worker(self._writing.see_through, "llmcache-sqlite")

    def get(self, keys: Sequence[Key], *, may_wait: bool) -> list[bytes | None]:
        """Read entries without preparing for failure; raises one of `FOREIGN`, or NotNowError, where there is one.

        The quick way for the one call in which a microsecond counts; `read_again` goes on from the exception.
        """
        file = self.file
        reader = file.take_reader(may_wait=may_wait)
        try:
            found = self.entries.read(reader, keys)
        except BaseException:
            file.discard(reader)
            raise
        file.give_back(reader)
        return found

    def read_now(self, read: Read[T]) -> T:
        """Do a read at once, or raise why that cannot be: one of `FOREIGN`, or NotNowError."""
        return self._read(read, may_wait=False)

    def read(self, read: Read[T]) -> T:
        """Do a read; wait, and mend what is broken, where that must be."""
        try:
            return self._read(read, may_wait=True)
        except FOREIGN as error:
            return self.read_again(read, error)

    def read_again(self, read: Read[T], error: Foreign) -> T:
        """Go on with a read that failed with `error`."""
        attempts = Attempts(self, read.deed, Deadline(self.settings.timeout))
        while True:
            attempts.after(error)
            attempts.begin()
            try:
                return self._read(read, may_wait=True)
            except FOREIGN as another:
                error = another

    def write(self, write: Write[T]) -> T:
        """Do a write, in this thread or by another that is writing anyway."""
        return self._writing.run(self.job(write))

    def job(self, write: Write[T]) -> Job[T]:
        """Return a write that waits to be done, see `Job`; ClosedError where none can be done any more."""
        if self.is_closed:
            raise closed(write.deed)
        return Job(write, Deadline(self.settings.timeout))

    def send(self, job: AnyJob) -> None:
        """Have a job done in the worker thread; it tells by `job.notify` when it is."""
        self._writing.enqueue(job)
        self._worker.send(job)

    def withdraw(self, job: AnyJob) -> bool:
        """Take back a job that nobody has begun; False where somebody has."""
        return self._writing.withdraw(job)

    def tidy(self, transaction: Transaction) -> bool:
        """Delete a good part of what is out of reach; return whether there may be more."""
        return self._room.tidy(transaction, rows=_TIDY_ROWS)

    def free_medium(self, deed: Deed, deadline: Deadline) -> None:
        """Make room on a full disk: drop the ballast, evict, and give the log's bytes back. See `mending`."""
        self.tally.full += 1
        ballast.drop(self.place)
        if not self.file.gate.acquire(timeout=deadline.left()):
            return
        try:
            # First, while there is the ballast's room: this alone gives the log's back.
            self.file.cut_log()
            self._shrink(self.file.writer())
        finally:
            self.file.gate.release()

    def health(self) -> Health:
        """Return counts and sizes."""
        tally = self.tally
        return Health(
            evicted=tally.evicted,
            purged=tally.purged,
            damaged=tally.damaged,
            set_aside=tally.set_aside,
            full=tally.full,
            set_aside_files=tuple(path.name for path in self.place.set_aside_files()),
            file_bytes=self.place.file_bytes(),
            log_bytes=self.place.wal_bytes(),
            max_bytes=self.settings.max_bytes,
        )

    def close(self) -> None:
        """Close the file, after the calls that are running; waiting ones fail with ClosedError."""
        self.is_closed = True
        self._worker.stop()
        self.file.close(Deadline(self.settings.timeout))

    def start_anew_in_child(self) -> list[object]:
        """Forget every lock, thread and queue of the parent; return what must never be finalised here."""
        left = self.file.forget()
        self.tally.renew_lock()
        self.marks.clear()
        self._writing.renew()
        self._worker.renew()
        return left

    def _read(self, read: Read[T], *, may_wait: bool) -> T:
        file = self.file
        reader = file.take_reader(may_wait=may_wait)
        try:
            answer = read.work(reader)
        except LLMCacheError:
            file.give_back(reader)
            raise
        except BaseException:
            file.discard(reader)
            raise
        file.give_back(reader)
        return answer

    def _shrink(self, cursor: sqlite3.Cursor) -> None:
        try:
            cursor.execute("BEGIN IMMEDIATE")
            self._room.shrink(Transaction(cursor, self.settings.clock()))
            cursor.execute("COMMIT")
        except BaseException as error:
            self._room.rolled_back()
            self.file.drop_writer()
            if isinstance(error, sqlite3.Error) and fault_of(error) in {Fault.FULL, Fault.BUSY}:
                return  # the attempt that follows tells
            raise
        self._room.committed(cursor)
        self.file.cut_log()
