"""The layout of the file, format 1 (docs/decisions/0005).

- `space`: one row for each namespace and kind. Clearing takes the prefix from the row; what hangs on the row is
  then out of reach at once and deleted in small steps later.
- `entry`: one body a row, inline. Evictable entries have numbers from 0 up, in the order they were stored, so that the
  oldest are found, and their pages freed, in a row. Entries that must not be evicted have negative numbers.
- `log`: one row a log, with the numbers of its first and of its next body.
- `message`: one body a row, numbered `log * 2**32 + number`, so that a log's bodies lie together in order.

A name that is a SHA-256 digest in hexadecimal is stored as its 32 bytes, any other as its escaped text. No column
names a file, a type or a class, and nothing in the file configures the store: a row that somebody planted can
at worst be an answer, never code and never a path.
"""

import os
import sqlite3
from typing import Final

FORMAT: Final = 1
APPLICATION_ID: Final = int.from_bytes(b"LLMc")

# Measured with bodies of 0.3 to 50 KB: SQLite wastes up to one page on each row that fills more than half of one, and
# a put writes three pages or more to the write-ahead log. Pages of 2 KiB keep that waste under 1 KB and the
# log, with its checkpoints and the tail of `put`, at half; larger bodies spill into full pages (decision 0005).
PAGE_BYTES: Final = 2048

_TABLES: Final = {
    "space": "CREATE TABLE space (id INTEGER PRIMARY KEY, prefix TEXT UNIQUE)",
    "entry": (
        "CREATE TABLE entry (id INTEGER PRIMARY KEY, space INTEGER NOT NULL, name NOT NULL, expires REAL, "
        "used INTEGER NOT NULL, sum INTEGER NOT NULL, body BLOB NOT NULL)"
    ),
    "entry_name": "CREATE UNIQUE INDEX entry_name ON entry (space, name)",
    "entry_expiry": "CREATE INDEX entry_expiry ON entry (expires) WHERE expires IS NOT NULL",
    "log": (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, space INTEGER NOT NULL, name, first INTEGER NOT NULL, "
        "next INTEGER NOT NULL, expires REAL, sum INTEGER NOT NULL)"
    ),
    "log_name": "CREATE UNIQUE INDEX log_name ON log (space, name)",
    "log_expiry": "CREATE INDEX log_expiry ON log (expires) WHERE expires IS NOT NULL",
    "message": "CREATE TABLE message (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL, body BLOB NOT NULL)",
}


def build(path: str, *, write_ahead: bool) -> None:
    """Make a complete, empty file at `path`, which must be empty or missing, and see it on the disk.

    The caller builds under another name and links it into place, so that nobody ever opens half a file.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        execute = connection.execute
        execute(f"PRAGMA page_size = {PAGE_BYTES}")
        # The file gives pages back to the disk after a clear, in steps; it costs a put about 2 µs.
        execute("PRAGMA auto_vacuum = INCREMENTAL")
        execute("PRAGMA synchronous = OFF")
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {FORMAT}")
        execute("BEGIN IMMEDIATE")
        for statement in _TABLES.values():
            execute(statement)
        execute("COMMIT")
        execute(f"PRAGMA journal_mode = {'WAL' if write_ahead else 'DELETE'}")
    finally:
        connection.close()
    # SQLite holds no lock on it any more, so opening it here cannot drop one.
    made = os.open(path, os.O_RDONLY)
    try:
        os.fsync(made)
    finally:
        os.close(made)


def is_ours(cursor: sqlite3.Cursor) -> bool:
    """True where the open file has this layout and nothing in it that runs by itself.

    Tables, indexes and statistics that somebody added do no harm; a trigger or a view could change what our
    statements do.

    Raises:
        sqlite3.Error: The file cannot be read, or is no SQLite file.
    """
    (application,) = cursor.execute("PRAGMA application_id").fetchone()
    (version,) = cursor.execute("PRAGMA user_version").fetchone()
    if (application, version) != (APPLICATION_ID, FORMAT):
        return False
    found = cursor.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    if any(kind not in {"table", "index"} for kind, _, _ in found):
        return False
    return _TABLES.items() <= {name: sql for _, name, sql in found}.items()
