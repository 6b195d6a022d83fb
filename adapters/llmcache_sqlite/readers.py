"""The pool of reading connections, which is also half of the fork gate.

A reader belongs to one call at a time: taken from the end of a list that needs no lock, put back at its end, so that the one
with the warmest cache is used most. There are never more than calls at once.

Whoever must have all of them closed (a fork, a file that was exchanged, the end) *holds* the pool: no new one is
opened, and those in use are closed as they come back. An empty pool is the gate; a read pays nothing for it.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from llmcache.errors import StoreTimeout
from llmcache_sqlite.connections import close
from llmcache_sqlite.errors import NAME, NotNowError
from llmcache_sqlite.waiting import Deadline

_MOST_IDLE: Final = 8
_PATIENCE: Final = 30.0
"""Whoever holds the pool has a deadline of its own; this is for what should not happen, such as a signal handler that
reads in the middle of an opening of the same thread."""
_POLL: Final = 0.0002


class Readers:
    """Cursors for reading.

    Args:
        open_one: Opens another; whatever it raises passes unchanged.
    """

    def __init__(self, open_one: Callable[[], sqlite3.Cursor]) -> None:
        self._open_one = open_one
        self._idle: deque[sqlite3.Cursor] = deque()
        self._all: set[sqlite3.Cursor] = set()
        self._changing = threading.Lock()

    def take(self, *, may_wait: bool) -> sqlite3.Cursor:
        """Return a reader for the caller alone.

        Raises:
            NotNowError: That would mean to wait, and `may_wait` is False.
            StoreTimeout: Somebody holds the pool and does not let go of it.
        """
        try:
            return self._idle.pop()
        except IndexError:
            pass
        if not self._changing.acquire(blocking=False):
            if not may_wait:
                raise NotNowError
            if not self._changing.acquire(timeout=_PATIENCE):
                raise StoreTimeout(f"{NAME} waited for the file to be opened again; wait, or raise timeout")
        try:
            reader = self._open_one()
            self._all.add(reader)
        finally:
            self._changing.release()
        return reader

    def give_back(self, reader: sqlite3.Cursor) -> None:
        """Put a reader back that is in no transaction."""
        self._idle.append(reader)
        if len(self._idle) > _MOST_IDLE:
            self._shrink()

    def discard(self, reader: sqlite3.Cursor) -> None:
        """Close a reader after which nobody knows what state it is in."""
        # Closed first: whoever holds the pool must not go on while a connection is open.
        close(reader)
        self._all.discard(reader)

    def add(self, reader: sqlite3.Cursor) -> None:
        """Take over a reader that was opened elsewhere; only while the pool is held."""
        self._all.add(reader)
        self._idle.append(reader)

    def hold(self, deadline: Deadline) -> bool:
        """Close every reader and let none be opened until `let_go`; return False, and hold nothing, after `deadline`."""
        if not self._changing.acquire(timeout=deadline.left()):
            return False
        while self._all:
            if self._close_one():
                continue
            if not deadline.left():
                self._changing.release()
                return False
            time.sleep(_POLL)  # a read is in progress
        return True

    def let_go(self) -> None:
        """Let readers be opened again."""
        self._changing.release()

    def abandoned(self) -> list[sqlite3.Cursor]:
        """Return every reader there is and forget it; for a child process, which must neither use nor close them."""
        left = list(self._all)
        self._all.clear()
        self._idle.clear()
        return left

    def _shrink(self) -> None:
        if self._changing.acquire(blocking=False):
            try:
                self._close_one()
            finally:
                self._changing.release()

    def _close_one(self) -> bool:
        try:
            reader = self._idle.popleft()
        except IndexError:
            return False
        self.discard(reader)
        return True
