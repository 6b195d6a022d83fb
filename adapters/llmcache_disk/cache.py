"""diskcache's `Cache`, on one connection of ours, with its settings taken from here and never from the file.

diskcache opens a connection for every thread and configures it, and itself, by the rows of its table Settings: a row can set
any attribute and run any PRAGMA. It also writes that table at every opening, retries for sixty seconds whatever its
time limit, turns every failure to begin a transaction into `Timeout`, and leaves a transaction open whose commit failed. So
this class replaces how a cache is opened, configured and locked, and keeps the tables, `get`, `set` and `delete`.

Not safe for threads: an `Engine` gives out one cache at a time.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, cast

from diskcache import DEFAULT_SETTINGS, ENOVAL, Cache  # type: ignore[import-untyped]  # diskcache has no types

from llmcache.errors import ConfigError
from llmcache_disk.bytes_disk import MODE_RAW, BytesDisk, ForeignRowError
from llmcache_disk.errors import NAME
from llmcache_disk.frames import HEAD_BYTES

Execute: TypeAlias = Callable[..., sqlite3.Cursor]

_MARK: Final = "llmcache"
"""The row of Settings by which a cache of this package is known; its value is the format of the rows."""
_FORMAT: Final = 1

_SETTINGS: Final[dict[str, Any]] = {
    **DEFAULT_SETTINGS,
    # diskcache evicts ten rows at a time, whatever they are and the row just written included.
    "eviction_policy": "none",
    "cull_limit": 0,
    "statistics": 0,
    "tag_index": 0,
    # Everything stands in the row; see `bytes_disk`.
    "disk_min_file_size": 2**62,
    _MARK: _FORMAT,
}

_EVICTABLE: Final = "tag IN ('embedding', 'response')"
_OUR_INDEX: Final = f"CREATE INDEX IF NOT EXISTS llmcache_evictable ON Cache(store_time) WHERE {_EVICTABLE}"
_OLDEST: Final = (
    f"SELECT rowid, key FROM Cache INDEXED BY llmcache_evictable WHERE {_EVICTABLE} ORDER BY store_time LIMIT ?"  # noqa: S608 -- a constant
)
_EXPIRED: Final = (
    "SELECT rowid, key FROM Cache WHERE expire_time IS NOT NULL AND expire_time < ? ORDER BY expire_time LIMIT ?"
)
_DROP: Final = "DELETE FROM Cache WHERE rowid = ?"
_DROP_RANGE: Final = "DELETE FROM Cache WHERE key >= ? AND key < ?"
_READ_RANGE: Final = (
    "SELECT key, mode, filename, value FROM Cache WHERE key >= ? AND key < ? AND raw = 1 ORDER BY key LIMIT ?"
)
_HEADS: Final = (
    "SELECT key, mode, filename, substr(value, 1, ?), length(value) FROM Cache"
    " WHERE key > ? AND key < ? AND raw = 1 AND typeof(value) = 'blob' ORDER BY key LIMIT ?"
)


class BytesCache(Cache):  # type: ignore[misc]  # diskcache has no types
    """A diskcache whose rows are frames under text keys.

    Args:
        connection: In autocommit mode; used by this object alone.
    """

    _txn_id: int | None

    def __init__(self, connection: sqlite3.Connection) -> None:
        # Not `super().__init__`, which obeys and rewrites Settings; `build` runs it once in the life of a file.
        self.connection = connection
        self._disk = BytesDisk()
        self._txn_id = None
        for name, value in _SETTINGS.items():
            setattr(self, name, value)

    @property
    def _con(self) -> sqlite3.Connection:
        return self.connection

    @property
    def _sql(self) -> Execute:
        return self.connection.execute

    @property
    def _sql_retry(self) -> Execute:
        return self.connection.execute

    def reset(self, key: str, value: object = ENOVAL, update: bool = True) -> None:
        """Do nothing: what stands in the file is never obeyed, and ours is set already. Only `build` comes here."""

    def close(self) -> None:
        """Do nothing: the connection belongs to the engine."""

    def build(self) -> None:
        """Make diskcache's tables and ours, unless they are there; in one transaction, so that nobody sees half of them.

        Raises:
            ConfigError: The file is another program's.
        """
        self._sql("BEGIN IMMEDIATE")
        try:
            if not self.is_built():
                # Its path is expanded and made by diskcache, which then uses it for nothing of ours.
                super().__init__(os.sep, disk=BytesDisk, **_SETTINGS)
                self._sql(_OUR_INDEX)
        except BaseException:
            self._roll_back()
            raise
        self._commit()

    def is_built(self) -> bool:
        """True where the tables are there, False where the file is empty; ConfigError where it is not ours."""
        tables = {name for (name,) in self._sql("SELECT name FROM sqlite_master")}
        if not tables:
            return False
        found = self._sql("SELECT value FROM Settings WHERE key = ?", (_MARK,)) if "Settings" in tables else ()
        formats = [value for (value,) in found]
        if formats != [_FORMAT]:
            kind = "a newer release of llmcache" if formats else "another program"
            raise ConfigError(
                f"{NAME}: the folder holds a diskcache of {kind}, which is left alone; name another folder"
            )
        return True

    @contextmanager
    def _transact(
        self, retry: bool = False, filename: object = None
    ) -> Generator[tuple[Execute, Callable[[Any], None]]]:
        """As diskcache's, which `set` and `delete` run in: a transaction, or part of the one that is open."""
        if self._txn_id == threading.get_ident():
            yield self._sql, self._disk.remove
            return
        self._sql("BEGIN IMMEDIATE")
        self._txn_id = threading.get_ident()
        try:
            yield self._sql, self._disk.remove
        except BaseException:
            self._roll_back()
            raise
        self._commit()

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """Read one state of the file in the whole block, whatever others write meanwhile."""
        if self.connection.in_transaction:
            yield
            return
        self._sql("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def used_bytes(self) -> int:
        """Return how much of the file is in use, the transaction that is open included."""
        pages, free, size = (
            self._sql(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return cast(int, (pages - free) * size)

    def frame(self, row: str) -> bytes | None:
        """Return the frame in the row `row`; None where it is missing, ForeignRowError where it is not ours."""
        return cast("bytes | None", self.get(row))

    def frames(self, low: str, high: str, limit: int) -> list[tuple[str, bytes]]:
        """Return at most `limit` rows from `low` up to and without `high`, in order."""
        found = self._sql(_READ_RANGE, (low, high, limit)).fetchall()
        return [(row, self._disk.fetch(mode, filename, value, False)) for row, mode, filename, value in found]

    def heads(self, after: str, high: str, limit: int) -> list[tuple[str, bytes, int]]:
        """Return row, first bytes and length of at most `limit` frames behind `after` and before `high`, in order."""
        found = self._sql(_HEADS, (HEAD_BYTES, after, high, limit)).fetchall()
        return [(row, head, size) for row, mode, filename, head, size in found if mode == MODE_RAW and filename is None]

    def drop_range(self, low: str, high: str) -> None:
        """Delete every row from `low` up to and without `high`."""
        self._sql(_DROP_RANGE, (low, high))

    def drop(self, numbers: Sequence[int]) -> None:
        """Delete rows by their numbers."""
        self.connection.executemany(_DROP, [(number,) for number in numbers])

    def oldest(self, limit: int) -> list[tuple[int, object]]:
        """Return number and key of the rows that may be evicted, those stored longest ago first."""
        return self._sql(_OLDEST, (limit,)).fetchall()

    def expired(self, now: float, limit: int) -> list[tuple[int, object]]:
        """Return number and key of rows whose time is over."""
        return self._sql(_EXPIRED, (now, limit)).fetchall()

    def _commit(self) -> None:
        self._txn_id = None
        try:
            self._sql("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        self._txn_id = None
        # After a full disk SQLite has rolled back by itself.
        if self.connection.in_transaction:
            self._sql("ROLLBACK")


__all__ = ["BytesCache", "ForeignRowError"]
