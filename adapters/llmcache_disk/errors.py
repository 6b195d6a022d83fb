"""Every foreign exception of this store, translated once.

diskcache lets SQLite's errors pass, and turns each of them into its `Timeout` where a transaction cannot begin; the cache of
this package begins its own (see `cache`), so SQLite's codes arrive here whole.
"""

import errno
import sqlite3
from typing import Final

from llmcache.errors import StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed

NAME: Final = "disk"
DATABASE: Final = "cache.db"
"""diskcache's name for the one file that everything is in."""


FOREIGN: Final = (sqlite3.Error, OSError)
Foreign = sqlite3.Error | OSError

_Meaning = tuple[type[StoreError], str]

_BUSY: Final[_Meaning] = (StoreTimeout, "another process holds the lock; wait, or raise timeout")
_FULL: Final[_Meaning] = (StoreLimit, "the disk is full; make room on it")
_READ_ONLY: Final[_Meaning] = (StoreRefused, "it is read-only; choose a folder that can be written")
_TOO_LARGE: Final[_Meaning] = (StoreLimit, "a body is larger than SQLite takes; make it smaller")
_DAMAGED: Final[_Meaning] = (
    StoreRefused,
    f"{DATABASE} is damaged, and this store does not mend it; delete the folder, or use sqlite:, which sets a damaged file aside",
)
_FAILED: Final[_Meaning] = (StoreUnavailable, "SQLite failed; nothing was done")

_BY_CODE: Final = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR_WRITE: _FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_TOOBIG: _TOO_LARGE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR_SHORT_READ: _DAMAGED,
}

_BY_ERRNO: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
}


def translated(error: Foreign, deed: Deed) -> StoreError:
    """Return the error of ours to raise `from error`."""
    kind, meaning = _meaning(error)
    return kind(f"{NAME} could not do {deed} ({_code_name(error)}): {meaning}")


def is_busy(error: sqlite3.Error) -> bool:
    """True where only another process was in the way."""
    return _meaning(error) is _BUSY


def _meaning(error: Foreign) -> _Meaning:
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, _FAILED)
    # Errors that Python's module raises by itself carry no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return _BY_CODE.get(code) or _BY_CODE.get(code & 0xFF, _FAILED)


def _code_name(error: Foreign) -> str:
    """Return a name for the foreign error; its text is left out, because it may quote SQL or a path."""
    if isinstance(error, OSError) and error.errno is not None:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return str(getattr(error, "sqlite_errorname", type(error).__name__))
