"""One write transaction, as what the work of a call sees of it."""

import sqlite3

from llmcache.model.units import Instant


class Transaction:
    """An open write transaction; nobody else writes until it ends.

    Attributes:
        execute: Runs one statement and returns a cursor with its rows.
        now: The time of day when it began: one for everything done in it.
    """

    __slots__ = ("_spaces", "cursor", "execute", "now")

    def __init__(self, cursor: sqlite3.Cursor, now: Instant) -> None:
        self.cursor = cursor
        self.execute = cursor.execute
        self.now = now
        self._spaces: dict[str, int] = {}

    def space(self, prefix: str) -> int | None:
        """Return the number of a space; None where nothing was ever kept in it, or it was cleared."""
        known = self._spaces.get(prefix)
        if known is not None:
            return known
        row = self.execute("SELECT id FROM space WHERE prefix = ?", (prefix,)).fetchone()
        if row is None:
            return None
        number: int = row[0]
        self._spaces[prefix] = number
        return number

    def space_made(self, prefix: str) -> int:
        """Return the number of a space, which is made where it is missing."""
        known = self.space(prefix)
        if known is None:
            self.execute("INSERT INTO space (prefix) VALUES (?)", (prefix,))
            known = self._spaces[prefix] = self.cursor.lastrowid or 0
        return known

    def forget_space(self, prefix: str) -> None:
        """Put what hangs on a space out of reach, at once; it is deleted later, see `purging`."""
        self.execute("UPDATE space SET prefix = NULL WHERE prefix = ?", (prefix,))
        self._spaces.pop(prefix, None)

    def count(self, sql: str, *parameters: object) -> int:
        """Return the one number that a query gives; NULL counts as 0."""
        row = self.execute(sql, parameters).fetchone()
        return int(row[0] or 0)
