"""Room: the bound on bytes, and how it is kept.

Room is made *before* anything is written, in the same transaction, and only from entries that were there when it
began. So no write can drop what it just wrote, whatever its size. What goes first: what is out of reach already, then
the entries stored longest ago, except that one that was read since then gets a second round: it is stored again at the
end (FIFO with reinsertion, also called CLOCK). Which were read is remembered in memory and written down a few at a time with
later writes, never by a read; a process that only reads is not heard.

Counted are the pages in use, the ballast, and the write-ahead log as long as it may get.
"""

import sqlite3
from contextlib import suppress
from typing import Final

from llmcache.errors import StoreLimit
from llmcache.protocols.deed import Deed
from llmcache_sqlite import ballast
from llmcache_sqlite.errors import NAME
from llmcache_sqlite.health import Tally
from llmcache_sqlite.open_file import Folded
from llmcache_sqlite.place import Place
from llmcache_sqlite.purging import purge
from llmcache_sqlite.schema import PAGE_BYTES
from llmcache_sqlite.transaction import Transaction

MIN_BYTES: Final = 2**20
_LOG_SHARE: Final = 128
_LONGEST_LOG: Final = 2 * 2**20
_SHORTEST_LOG: Final = 64 * 2**10
_LEAST_LOGGED: Final = 8 * PAGE_BYTES
"""About what a transaction adds to the log beside what the file grows by."""
_LEAST_FACTOR: Final = 0.25
_MOST_FACTOR: Final = 8.0
_PINNED_LOG_SHARE: Final = 4
"""The log is at most this part of the bound, or eight times its usual length: longer it gets only where another
program stays in a read transaction, and then growing writes are refused rather than the disk filled."""
_SMALL_FILES: Final = 64 * 2**10
"""The index of the log, and the lock."""

_TIDY_EVERY: Final = 16
"""Transactions between two steps of tidying; none, while a step finds more than it may delete."""
_TIDY_ROWS: Final = 16
_TIDY_MARKS: Final = 32
_TIDY_PAGES: Final = 64
_MOST_FREE_PAGES: Final = 512
"""Fewer free pages than these are kept for the next writes instead of being given back to the disk."""

_OLDEST: Final = "SELECT id, used, length(body) FROM entry WHERE id BETWEEN 0 AND ? ORDER BY id LIMIT ?"
_SECOND_ROUND: Final = "UPDATE entry SET id = (SELECT max(id) FROM entry) + 1, used = 0 WHERE id = ?"

_MOST_MARKS: Final = 16_384
_EVICT_ROWS: Final = 32
_MOST_SECOND_ROUNDS: Final = 512 * 2**10
"""Bytes stored again in one transaction; where more were read, some that were read go too."""
_EVICT_AHEAD: Final = 256 * 2**10
_EVICT_AHEAD_SHARE: Final = 256
"""More is evicted than is needed now, so that not every write does; little in a small store, whose log must stay short."""
_MOST_EVICTED: Final = 2**20
"""A transaction evicts at most this much more than it needs: a store that was opened with a smaller bound shrinks
over many writes instead of holding one up for seconds."""


def log_bytes(max_bytes: int) -> int:
    """Return how long the write-ahead log gets before it is folded into the file of a store of `max_bytes`."""
    return min(_LONGEST_LOG, max(_SHORTEST_LOG, max_bytes // _LOG_SHARE))


class Marks:
    """Which entries were read lately, as their numbers. Any thread may add; the writing one takes away."""

    __slots__ = ("_numbers", "wanted")

    def __init__(self) -> None:
        # As long as the store is not half full nobody asks for them.
        self.wanted = False
        self._numbers: set[int] = set()

    def add(self, number: int) -> None:
        """Remember that an entry was read; numbers below 0 are of entries that are never evicted."""
        if self.wanted and number >= 0 and len(self._numbers) < _MOST_MARKS:
            self._numbers.add(number)

    def take(self, number: int) -> bool:
        """Forget an entry, and return whether it was read."""
        if number in self._numbers:
            self._numbers.discard(number)
            return True
        return False

    def some(self, most: int) -> list[int]:
        """Take away and return at most `most` of them."""
        taken: list[int] = []
        while self._numbers and len(taken) < most:
            taken.append(self._numbers.pop())
        return taken

    def clear(self) -> None:
        """Forget all: the numbers are of another file, or of another process."""
        self._numbers = set()


class Room:
    """Keeps a file within its bound; used only by whoever has the write transaction.

    Attributes:
        log_is_pinned: A write was refused because somebody keeps the log from being folded; see whether it can be now.
    """

    def __init__(self, place: Place, max_bytes: int, tally: Tally, marks: Marks) -> None:
        self._place = place
        self._max_bytes = max_bytes
        self._log_bytes = log_bytes(max_bytes)
        self._ballast_bytes = 2 * self._log_bytes
        self._most_log_bytes = max(8 * self._log_bytes, max_bytes // _PINNED_LOG_SHARE)
        self._tally = tally
        self._marks = marks
        # So many bytes may be written before the file is measured again.
        self._left = -1
        self._until_tidy = _TIDY_EVERY
        self.log_is_pinned = False
        # For pages in use, as it was when the file was last measured.
        self._limit = max_bytes
        # About how much was written since the log was folded, and what part of the truth that is.
        self._logged = 0
        self._log_factor = 1.0
        self._pages_to_give_back = 0
        self._second_rounds = 0
        self._committed = (0, 0)

    def prepare(self, transaction: Transaction, grows: int, deed: Deed) -> None:
        """Make room for `grows` bytes; 0 means that the transaction only deletes, and is never refused.

        Raises:
            StoreLimit: There is no room beside what must be kept.
        """
        self._logged += grows + _LEAST_LOGGED
        self._until_tidy -= 1
        if self._until_tidy <= 0:
            self.tidy(transaction)
        if not grows:
            return
        self._left -= grows
        if self._left < 0:
            self._measure(transaction, grows, deed)

    def tidy(self, transaction: Transaction, rows: int = _TIDY_ROWS) -> bool:
        """Delete a little of what is out of reach, and write down what was read; return whether there may be more."""
        found = purge(transaction, rows, self._tally)
        marks = [(number,) for number in self._marks.some(_TIDY_MARKS)]
        transaction.cursor.executemany("UPDATE entry SET used = 1 WHERE id = ?", marks)
        pages, free = _pages(transaction)
        is_too_long = pages * PAGE_BYTES > self._limit and free > _TIDY_PAGES
        if is_too_long or free > max(_MOST_FREE_PAGES, pages // 4):
            self._pages_to_give_back = rows * _TIDY_PAGES // _TIDY_ROWS
            found += rows
        self._until_tidy = 1 if found >= rows else _TIDY_EVERY
        return found > 0

    def shrink(self, transaction: Transaction) -> None:
        """Evict a sixteenth of what is there, or all that can be, because the disk is full."""
        pages, free = _pages(transaction)
        used = (pages - free) * PAGE_BYTES
        self._free(transaction, used, used - max(used // 16, _EVICT_AHEAD))

    def committed(self, cursor: sqlite3.Cursor) -> bool:
        """Do what can only be done between transactions; return whether the log is long enough to be folded."""
        self._committed = (self._tally.evicted, self._tally.purged)
        if self._pages_to_give_back:
            pages, self._pages_to_give_back = self._pages_to_give_back, 0
            with suppress(sqlite3.Error):
                # As a script, because Python's `execute` does one step of it, which is one page.
                cursor.executescript(f"PRAGMA incremental_vacuum({pages})")
        return self._logged * self._log_factor > self._log_bytes

    def folded(self, folded: Folded | None) -> None:
        """Learn from what came of folding the log how long it gets by what is written.

        Other processes write to it too, so whoever folds may find more than it wrote, and will fold sooner.
        """
        if folded is not None:
            factor = folded.log_bytes / self._logged
            self._log_factor = min(max(factor, _LEAST_FACTOR), _MOST_FACTOR)
        if folded is not None and folded.is_whole:
            self._logged = 0
        else:
            # A reader still needs a part of it, or somebody writes: try again soon, but not with every write.
            self._logged = int(self._log_bytes / self._log_factor) * 7 // 8

    def rolled_back(self) -> None:
        """Take back what was counted, and measure again before the next write."""
        self._tally.evicted, self._tally.purged = self._committed
        self._left = -1

    def log_is_too_long(self) -> bool:
        """True where the log, though it was just folded, takes more room than is kept for it."""
        return self._place.wal_bytes() > 4 * self._log_bytes

    def _measure(self, transaction: Transaction, grows: int, deed: Deed) -> None:
        """See how full the file is, and evict until `grows` bytes fit."""
        self._refuse_pinned_log(deed)
        pages, free = _pages(transaction)
        used, limit = (pages - free) * PAGE_BYTES, self._limit_now(pages, grows)
        self._marks.wanted = used > limit // 2
        if used + grows > limit:
            ahead = min(_EVICT_AHEAD, self._max_bytes // _EVICT_AHEAD_SHARE)
            used = self._free(transaction, used, limit - grows - ahead)
            if used + grows > limit and not transaction.count("SELECT EXISTS (SELECT 1 FROM entry WHERE id >= 0)"):
                raise StoreLimit(
                    f"{NAME} could not do {deed}: {grows:,} bytes more do not fit beside what must be kept into "
                    f"{limit:,} bytes; raise max_bytes, make room on the disk, or cap or expire conversations"
                )
        self._left = min(max(0, limit - used - grows), self._log_bytes) // 4

    def _limit_now(self, pages: int, grows: int) -> int:
        """Return how many bytes of pages may be in use after a transaction that adds `grows`."""
        weight = ballast.load(self._place, self._ballast_bytes)
        log = max(4 * self._log_bytes, 2 * grows)
        self._limit = self._max_bytes - max(weight, self._ballast_bytes) - log - _SMALL_FILES
        if weight:
            return self._limit
        # The disk is full. What the file has on it already can be used: that is more than its pages where some were given
        # back and the log was not folded since.
        return min(self._limit, max(pages * PAGE_BYTES, self._place.file_bytes()))

    def _refuse_pinned_log(self, deed: Deed) -> None:
        log = self._place.wal_bytes()
        self.log_is_pinned = log > self._most_log_bytes
        if self.log_is_pinned:
            raise StoreLimit(
                f"{NAME} could not do {deed}: another program stays in a read transaction, and its log has grown to "
                f"{log:,} bytes, limit {self._most_log_bytes:,}; end that program"
            )

    def _free(self, transaction: Transaction, used: int, target: int) -> int:
        """Delete until at most `target` bytes are in use, or enough for one transaction; return how many are."""
        newest = transaction.count("SELECT max(id) FROM entry")
        self._second_rounds = min(_MOST_SECOND_ROUNDS, 2 * self._log_bytes)
        enough = max(target, min(used - _MOST_EVICTED, target + (used - target) // 2))
        while used > enough and (
            purge(transaction, 4 * _EVICT_ROWS, self._tally) or self._evict(transaction, newest, used - enough)
        ):
            pages, free = _pages(transaction)
            used = (pages - free) * PAGE_BYTES
        return used

    def _evict(self, transaction: Transaction, newest: int, wanted: int) -> int:
        """Evict about `wanted` bytes of the oldest entries, none newer than `newest`; return how many were looked at."""
        going: list[tuple[int]] = []
        staying: list[tuple[int]] = []
        size = 0
        for number, used, body_bytes in transaction.execute(_OLDEST, (newest, _EVICT_ROWS)).fetchall():
            was_read = self._marks.take(number) or used
            weight = body_bytes + PAGE_BYTES // 2
            self._logged += weight if was_read else PAGE_BYTES
            if was_read and self._second_rounds > 0:
                self._second_rounds -= weight
                staying.append((number,))
                continue
            going.append((number,))
            size += weight
            if size >= wanted:
                break
        transaction.cursor.executemany(_SECOND_ROUND, staying)
        transaction.cursor.executemany("DELETE FROM entry WHERE id = ?", going)
        self._tally.evicted += len(going)
        return len(going) + len(staying)


def _pages(transaction: Transaction) -> tuple[int, int]:
    """Return how many pages the file has, and how many of them are free."""
    return transaction.count("PRAGMA page_count"), transaction.count("PRAGMA freelist_count")
