"""Every foreign exception of this store, translated once.

SQLite's codes are first sorted into a few *faults*, because what this store does about a failure depends on no
more than that: wait, make room, open again, set the file aside, or give up. Only what cannot be mended becomes
an error of ours, and its message names the store, the operation and the key's digest, never content.
"""

import errno
import sqlite3
from enum import Enum
from typing import Final

from llmcache.errors import StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed

NAME: Final = "sqlite"


class Fault(Enum):
    """What is the matter, by what can be done about it."""

    BUSY = "another connection holds the lock"
    FULL = "the medium is full"
    DAMAGED = "the file is damaged"
    MOVED = "the file is not the one that was opened"
    READ_ONLY = "the file, its folder or its file system is read-only"
    TOO_LARGE = "a body is larger than SQLite takes"
    FAILED = "SQLite failed"


class MovedError(Exception):
    """The file at our path is no longer the one that was opened; never leaves this package."""


class NotNowError(Exception):
    """Going on would mean to wait, and the caller must not; never leaves this package."""


_BY_EXTENDED_CODE: Final = {
    sqlite3.SQLITE_READONLY_DBMOVED: Fault.MOVED,
    sqlite3.SQLITE_IOERR_SHORT_READ: Fault.DAMAGED,
    sqlite3.SQLITE_IOERR | 33 << 8: Fault.DAMAGED,  # SQLITE_IOERR_CORRUPTFS, a name that old builds lack
    # Linux answers EDQUOT, and a file in shared memory that cannot grow, by these instead of SQLITE_FULL.
    sqlite3.SQLITE_IOERR_WRITE: Fault.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: Fault.FULL,
    sqlite3.SQLITE_IOERR_SHMMAP: Fault.FULL,
}

_BY_CODE: Final = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_PROTOCOL: Fault.BUSY,
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_PERM: Fault.READ_ONLY,
    sqlite3.SQLITE_TOOBIG: Fault.TOO_LARGE,
    # "No such table", "unable to open", an I/O error: opening again finds out what is there now. Not DAMAGED,
    # so that a mistake in our own SQL can never set a good file aside.
    sqlite3.SQLITE_ERROR: Fault.MOVED,
    sqlite3.SQLITE_CANTOPEN: Fault.MOVED,
    sqlite3.SQLITE_IOERR: Fault.MOVED,
    sqlite3.SQLITE_SCHEMA: Fault.MOVED,
}

_BY_ERRNO: Final = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EACCES: Fault.READ_ONLY,
    errno.EPERM: Fault.READ_ONLY,
    errno.EROFS: Fault.READ_ONLY,
    errno.ENOENT: Fault.MOVED,
}

Foreign = sqlite3.Error | OSError | MovedError
FOREIGN: Final = (sqlite3.Error, OSError, MovedError)


def fault_of(error: Foreign) -> Fault:
    """Return what is the matter."""
    if isinstance(error, MovedError):
        return Fault.MOVED
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, Fault.FAILED)
    # Errors that Python's module raises by itself carry no code: above all the use of a connection that was closed.
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return Fault.MOVED if isinstance(error, sqlite3.ProgrammingError) else Fault.FAILED
    return _BY_EXTENDED_CODE.get(code) or _BY_CODE.get(code & 0xFF, Fault.FAILED)


def translated(error: Foreign, deed: Deed) -> StoreError:
    """Return the error of ours to raise `from error`, once nothing more can be done about it."""
    fault = fault_of(error)
    told = f"{NAME} could not do {deed}: {fault.value} ({_code_name(error)})"
    match fault:
        case Fault.BUSY:
            return StoreTimeout(f"{told}; wait, or raise timeout")
        case Fault.FULL:
            return StoreLimit(f"{told}; make room on the disk, or lower max_bytes")
        case Fault.TOO_LARGE:
            return StoreLimit(f"{told}; make it smaller")
        case Fault.READ_ONLY:
            return StoreRefused(f"{told}; choose a folder that can be written")
        case Fault.DAMAGED | Fault.MOVED | Fault.FAILED:
            return StoreUnavailable(f"{told}; nothing was done")


def _code_name(error: Foreign) -> str:
    """Return a name for the foreign error; its text is left out, because it may quote SQL or a path."""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
