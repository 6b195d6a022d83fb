"""Opening connections: always the same way, never creating a file, never writing to one.

No memory map is used: where a file is cut short by somebody else, touching the map would kill the process (SIGBUS),
and at these sizes it gains nothing.
"""

import errno
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llmcache.errors import StoreRefused
from llmcache_sqlite.errors import NAME, Fault, MovedError, fault_of
from llmcache_sqlite.place import Identity, Place
from llmcache_sqlite.schema import is_ours

_READER_CACHE_KIB: Final = 4096
_WRITER_CACHE_KIB: Final = 8192


class ForeignFileError(Exception):
    """The file at our path is not one of ours, or is not whole; never leaves this package."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open connections.

    Attributes:
        place: Where.
        write_ahead: Use the write-ahead log; False only on network file systems.
        durable: Wait for the disk at every commit, so that a power cut loses no acknowledged write.
        log_bytes: The usual length of the write-ahead log.
    """

    place: Place
    write_ahead: bool
    durable: bool
    log_bytes: int

    def reader(self) -> sqlite3.Cursor:
        """Return a cursor that can only read.

        Raises:
            ForeignFileError: There is a file, and it is not ours.
            MovedError: There is none, or it was exchanged meanwhile.
            sqlite3.Error: It cannot be opened now.
        """
        cursor = self._opened("mode=rw") if self.place.is_writable() else self._opened_read_only()
        cursor.execute("PRAGMA query_only = ON")
        cursor.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        return cursor

    def writer(self) -> sqlite3.Cursor:
        """Return a cursor that can write; errors as for `reader`, and OSError where the place is read-only."""
        if Path(self.place.file).exists() and not self.place.is_writable():
            raise OSError(errno.EROFS, "the file or its folder is read-only")
        cursor = self._opened("mode=rw")
        execute = cursor.execute
        execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
        # The log is folded into the file by `OpenFile.fold_log`. Written over from its start it is a third quicker, at the
        # median and at the tail, than cut and made longer again, so it keeps its usual length.
        execute("PRAGMA wal_autocheckpoint = 0")
        execute(f"PRAGMA journal_size_limit = {self.log_bytes}")
        # Debian builds SQLite to overwrite what is deleted with zeros, which doubles the work of evicting.
        execute("PRAGMA secure_delete = OFF")
        wanted = "wal" if self.write_ahead else "delete"
        (mode,) = execute("PRAGMA journal_mode").fetchone()
        if mode != wanted:
            # The file was moved here from the other kind of file system. Busy means: as it is, then.
            execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        return cursor

    def _opened_read_only(self) -> sqlite3.Cursor:
        try:
            return self._opened("mode=ro")
        except sqlite3.Error as error:
            # Without the right to make its shared memory SQLite cannot use a write-ahead log at all.
            if fault_of(error) not in {Fault.READ_ONLY, Fault.MOVED} or not Path(self.place.file).exists():
                raise
            if self.place.wal_bytes():
                raise StoreRefused(
                    f"{NAME} cannot read {self.place.folder}: it is read-only and holds an unfinished write-ahead log; "
                    "open it once where it can be written"
                ) from error
        # Nothing in the file can change under us without its identity changing too, see `Place.frozen_identity`.
        return self._opened("mode=ro&immutable=1")

    def _opened(self, how: str) -> sqlite3.Cursor:
        before = self._identity()
        connection = sqlite3.connect(
            f"{Path(self.place.file).as_uri()}?{how}",
            uri=True,
            timeout=0,  # waiting is done outside SQLite, see `waiting`
            isolation_level=None,
            check_same_thread=False,  # one thread at a time is what the pool and the gate are for
            cached_statements=128,
        )
        connection.text_factory = _forgiving
        cursor = connection.cursor()
        try:
            # Planted functions in indexes do not run, and a damaged page is noticed when it is loaded.
            cursor.execute("PRAGMA trusted_schema = OFF")
            cursor.execute("PRAGMA cell_size_check = ON")
            cursor.execute("PRAGMA temp_store = MEMORY")
            self._inspect(cursor, before)
        except BaseException:
            close(cursor)
            raise
        return cursor

    def _inspect(self, cursor: sqlite3.Cursor, before: Identity) -> None:
        if not is_ours(cursor):
            raise ForeignFileError
        if self._identity() != before:
            raise MovedError

    def _identity(self) -> Identity:
        try:
            return self.place.identity()
        except FileNotFoundError as error:
            raise MovedError from error


def _forgiving(text: bytes) -> str:
    """Decode whatever is stored as text: a flipped bit can make text of a body, and Python's own error would quote it."""
    return text.decode("utf-8", "surrogateescape")


def close(cursor: sqlite3.Cursor) -> None:
    """Close the cursor's connection, whatever is the matter with it.

    The cursor first: as long as it has a statement, and a traceback may hold it for ever, SQLite keeps the file open.
    """
    connection = cursor.connection
    try:
        cursor.close()
        connection.close()
    except sqlite3.Error:
        # Nothing more can be done with it; what it held is let go of with the object.
        connection.close()
