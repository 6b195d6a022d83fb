"""The open file: its connections as one thing that can be closed, exchanged and opened again under running calls.

Invariants:

- The writing connection is used only with `gate` held, the reading ones only by whoever took them from the pool. So
  whoever has the gate and holds the pool knows that no call into SQLite is in progress.
- Locks are taken in this order: `_mending`, `gate`, the pool. A thread waits for nothing else while it has the gate.
- `identity` tells which file the connections belong to. It changes only while all of them are closed.
"""

import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from llmcache.errors import StoreTimeout
from llmcache_sqlite import quarantine
from llmcache_sqlite.connections import Opening, close
from llmcache_sqlite.errors import NAME, MovedError
from llmcache_sqlite.health import Tally
from llmcache_sqlite.place import Identity
from llmcache_sqlite.readers import Readers
from llmcache_sqlite.schema import PAGE_BYTES
from llmcache_sqlite.waiting import Deadline

_FRAME_HEADER: Final = 24
_LOOK_EVERY: Final = 1.0
"""Reads notice after at most this many seconds that the file was removed or exchanged; writes notice at once."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What came of folding the log.

    Attributes:
        log_bytes: How much was in the log; the file it is in may be longer.
        is_whole: Nothing is left in it that is not in the file, so the next write begins it anew.
    """

    log_bytes: int
    is_whole: bool


class OpenFile:
    """One file and its connections.

    Args:
        opening: How to open.
        tally: Counts files that are set aside.
        deadline: When to give up opening it for the first time.

    Raises:
        StoreTimeout: Other processes were in the way until `deadline`.
        sqlite3.Error, OSError: It can be neither read nor made.
    """

    def __init__(self, opening: Opening, tally: Tally, deadline: Deadline) -> None:
        self.opening = opening
        self.gate = threading.Lock()
        self._tally = tally
        self._mending = threading.Lock()
        self._readers = Readers(self._new_reader)
        self._is_closed = False
        self._writer: sqlite3.Cursor | None = None
        self._folder: sqlite3.Cursor | None = None
        self._is_frozen = False
        self._is_left_open = False
        self._next_look = 0.0
        self.identity: Identity = ()
        self._readers.hold(deadline)
        try:
            self._open(deadline)
        finally:
            self._readers.let_go()

    def take_reader(self, *, may_wait: bool) -> sqlite3.Cursor:
        """Return a reader for the caller alone, on the file that is at our path now or was a second ago.

        Raises:
            MovedError: The file is not the one that was opened.
            NotNowError: The caller must not wait, and would have to.
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            self.look()
        return self._readers.take(may_wait=may_wait)

    def give_back(self, reader: sqlite3.Cursor) -> None:
        """Put back a reader that is in no transaction."""
        self._readers.give_back(reader)

    def discard(self, reader: sqlite3.Cursor) -> None:
        """Close a reader whose state is unknown."""
        self._readers.discard(reader)

    def look(self) -> None:
        """Raise MovedError unless the file at our path is the one that is open."""
        place = self.opening.place
        try:
            found = place.frozen_identity() if self._is_frozen else place.identity()
        except OSError as error:
            raise MovedError from error
        if found != self.identity:
            raise MovedError

    def writer(self) -> sqlite3.Cursor:
        """Return the writing connection, opened where it is not; only with `gate` held."""
        if self._is_closed:
            raise MovedError
        if self._writer is None:
            self._writer = self.opening.writer()
        return self._writer

    def drop_writer(self) -> None:
        """Close the writing connection, and the folding one; only with `gate` held."""
        folder, writer, self._folder, self._writer = self._folder, self._writer, None, None
        for cursor in (folder, writer):
            if cursor is not None:
                close(cursor)

    def fold_log(self) -> Folded | None:
        """Fold the write-ahead log into the file, as far as no reader needs it; only with `gate` held.

        One connection holds the write lock while another folds. SQLite itself lets others commit meanwhile, and up to
        3.51.2 (but for 3.44.6 and 3.50.7) that can lose a commit: sqlite.org/wal.html, "the WAL-reset bug".

        Returns:
            How long the log was and whether all of it was folded; None where somebody was in the way.
        """
        try:
            if self._folder is None:
                self._folder = self.opening.writer()
            writer = self.writer()
            writer.execute("BEGIN IMMEDIATE")
            try:
                row = self._folder.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            finally:
                writer.execute("ROLLBACK")
        except sqlite3.Error:
            return None
        busy, frames, folded = row
        return Folded(frames * (PAGE_BYTES + _FRAME_HEADER), not busy and frames == folded)

    def cut_log(self) -> None:
        """Fold the log and give its bytes back to the disk, if nobody is in the way; only with `gate` held."""
        self.fold_log()
        with suppress(sqlite3.Error):
            self.writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def reopen(self, seen: Identity, deadline: Deadline, *, set_aside: bool = False) -> None:
        """Close every connection and open what is at our path, unless that was done since `seen` was the identity.

        Args:
            set_aside: The file `seen` is damaged: move it away first.
        """
        if not self._hold(deadline):
            raise StoreTimeout(f"{NAME} waited for other calls to open the file again; wait, or raise timeout")
        try:
            # Opened again for a passing reason the file is the same: then nothing tells who was first, and nothing is lost.
            if seen == self.identity:
                if set_aside:
                    self._tally.set_aside += quarantine.set_aside(self.opening.place, seen[:2], deadline)
                self._open(deadline)
        finally:
            self.let_go()

    def hold_for_fork(self, deadline: Deadline) -> None:
        """Close every connection and let none be opened until `let_go`, so that none is open in two processes.

        A child that inherited one would share locks it does not own, and its parent, believing itself alone, would
        delete the log the child writes to. Where calls do not end in time the connections stay open, and the child
        must forget them: see `forget`.
        """
        self._is_left_open = not self._hold(deadline)

    def let_go_in_parent(self) -> None:
        """Go on after a fork."""
        if not self._is_left_open:
            self.let_go()

    def forget(self) -> list[object]:
        """Start anew in a child process; return what must never be closed or finalised there."""
        left: list[object] = [*self._readers.abandoned()]
        left += [cursor for cursor in (self._folder, self._writer) if cursor is not None]
        self._folder = self._writer = None
        self.gate = threading.Lock()
        self._mending = threading.Lock()
        self._readers = Readers(self._new_reader)
        self._next_look = 0.0
        return left

    def close(self, deadline: Deadline) -> bool:
        """Close every connection; the last one to close folds the log into the file. False where calls did not end."""
        if not self._hold(deadline):
            return False
        self._is_closed = True
        self.let_go()
        return True

    def let_go(self) -> None:
        """Let connections be opened again."""
        self._readers.let_go()
        self.gate.release()
        self._mending.release()

    def _new_reader(self) -> sqlite3.Cursor:
        if self._is_closed:
            raise MovedError
        return self.opening.reader()

    def _hold(self, deadline: Deadline) -> bool:
        """Take every lock, in order, and close every connection; False, with nothing taken, after `deadline`."""
        if not self._mending.acquire(timeout=deadline.left()):
            return False
        if not self.gate.acquire(timeout=deadline.left()):
            self._mending.release()
            return False
        if not self._readers.hold(deadline):
            self.gate.release()
            self._mending.release()
            return False
        # The writer last: only a connection that can write folds the log into the file when it is the last to go.
        self.drop_writer()
        return True

    def _open(self, deadline: Deadline) -> None:
        reader, found, set_aside = quarantine.opened(self.opening, deadline)
        self._tally.set_aside += set_aside
        self._is_frozen = not self.opening.place.is_writable()
        self.identity = self.opening.place.frozen_identity() if self._is_frozen else found
        self._next_look = time.monotonic() + _LOOK_EVERY
        self._readers.add(reader)
