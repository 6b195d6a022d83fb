"""Foreign errors: each becomes the class that says what to do, with its cause, and without content."""

import errno
import sqlite3

import pytest

from llmcache.errors import StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed
from llmcache_sqlite.errors import Fault, Foreign, MovedError, fault_of, translated
from tests.sqlite.things import key, log


def sqlite_error(code: int | None, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    """Return an error as SQLite's module raises it."""
    error = kind("a text with a secret")
    if code is not None:
        error.sqlite_errorcode = code
        error.sqlite_errorname = "SQLITE_SOMETHING"
    return error


CASES: list[tuple[Foreign, Fault, type[StoreError]]] = [
    (sqlite_error(sqlite3.SQLITE_BUSY), Fault.BUSY, StoreTimeout),
    (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), Fault.BUSY, StoreTimeout),
    (sqlite_error(sqlite3.SQLITE_BUSY_RECOVERY), Fault.BUSY, StoreTimeout),
    (sqlite_error(sqlite3.SQLITE_LOCKED), Fault.BUSY, StoreTimeout),
    (sqlite_error(sqlite3.SQLITE_PROTOCOL), Fault.BUSY, StoreTimeout),
    (sqlite_error(sqlite3.SQLITE_FULL), Fault.FULL, StoreLimit),
    (sqlite_error(sqlite3.SQLITE_IOERR_SHMSIZE), Fault.FULL, StoreLimit),
    (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), Fault.FULL, StoreLimit),
    (sqlite_error(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), Fault.DAMAGED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_CORRUPT_INDEX, sqlite3.DatabaseError), Fault.DAMAGED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_NOTADB, sqlite3.DatabaseError), Fault.DAMAGED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_IOERR_SHORT_READ), Fault.DAMAGED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_READONLY), Fault.READ_ONLY, StoreRefused),
    (sqlite_error(sqlite3.SQLITE_READONLY_DIRECTORY), Fault.READ_ONLY, StoreRefused),
    (sqlite_error(sqlite3.SQLITE_READONLY_DBMOVED), Fault.MOVED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_CANTOPEN), Fault.MOVED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_IOERR_READ), Fault.MOVED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_ERROR), Fault.MOVED, StoreUnavailable),
    (sqlite_error(sqlite3.SQLITE_TOOBIG, sqlite3.DataError), Fault.TOO_LARGE, StoreLimit),
    (sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.IntegrityError), Fault.FAILED, StoreUnavailable),
    (sqlite_error(None, sqlite3.ProgrammingError), Fault.MOVED, StoreUnavailable),
    (sqlite_error(None), Fault.FAILED, StoreUnavailable),
    (OSError(errno.ENOSPC, "secret"), Fault.FULL, StoreLimit),
    (OSError(errno.EDQUOT, "secret"), Fault.FULL, StoreLimit),
    (PermissionError(errno.EACCES, "secret"), Fault.READ_ONLY, StoreRefused),
    (OSError(errno.EROFS, "secret"), Fault.READ_ONLY, StoreRefused),
    (FileNotFoundError(errno.ENOENT, "secret"), Fault.MOVED, StoreUnavailable),
    (OSError(errno.EIO, "secret"), Fault.FAILED, StoreUnavailable),
    (OSError("secret"), Fault.FAILED, StoreUnavailable),
    (MovedError(), Fault.MOVED, StoreUnavailable),
]


@pytest.mark.parametrize(("error", "fault", "ours"), CASES)
def test_each_foreign_error_has_its_class(error: Foreign, fault: Fault, ours: type[StoreError]) -> None:
    """Every code and errno is sorted, and the message shows the store, the op and the digest, and nothing of the text."""
    told = translated(error, Deed("put_many", key("a")))

    assert fault is fault_of(error)
    assert ours is type(told)
    assert f"sqlite could not do put_many of {key('a').name[:12]}: " in str(told)
    assert "secret" not in str(told)


def test_deed_of_a_conversation_shows_no_name() -> None:
    """The name of a conversation may be personal."""
    assert ("append of history", "spaces") == (str(Deed("append", log("ada@example.com"))), str(Deed("spaces")))
