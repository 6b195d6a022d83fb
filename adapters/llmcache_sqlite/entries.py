"""Entries: reading and writing, as statements."""

import sqlite3
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.key_value import Put
from llmcache_sqlite.checksums import body_sum, entry_sum
from llmcache_sqlite.health import Tally
from llmcache_sqlite.names import StoredName, stored_name
from llmcache_sqlite.room import Marks
from llmcache_sqlite.schema import PAGE_BYTES
from llmcache_sqlite.transaction import Transaction

# The space is looked up in the same statement, so that a space that another process clears can never be read by its old number.
_FROM: Final = (
    "SELECT e.id, e.used, e.expires, e.sum, e.body{more} FROM space AS s CROSS JOIN entry AS e "
    "WHERE s.prefix = ? AND e.space = s.id AND e.name {match}"
)
_ONE: Final = _FROM.format(more="", match="= ?")
_KEEP: Final = "INSERT OR REPLACE INTO entry (space, name, expires, used, sum, body) VALUES (?, ?, ?, 0, ?, ?)"
# Below every other: see `schema`. A negative number is never looked at by eviction.
_KEEP_APART: Final = (
    "INSERT OR REPLACE INTO entry (id, space, name, expires, used, sum, body) "
    "VALUES (min(coalesce((SELECT id FROM entry ORDER BY id LIMIT 1), 0), 0) - 1, ?, ?, ?, 0, ?, ?)"
)
_DELETE: Final = "DELETE FROM entry WHERE space = ? AND name = ?"

_FEW: Final = 3
"""So many keys are read one by one; more, in one statement."""
_CHUNK: Final = 256
"""Most names in one statement: old builds of SQLite take 999 parameters."""


@dataclass(frozen=True, slots=True)
class Item:
    """A put, with all that can be computed before the writer's turn comes.

    Attributes:
        part: Its `body_sum`.
    """

    put: Put
    name: StoredName
    part: int


def item_of(put: Put) -> Item:
    """Prepare a put for writing."""
    return Item(put, stored_name(put.key), body_sum(put.key, put.body))


def growth_of(put: Put) -> int:
    """Return about how many bytes the file grows by: the row, its places in two indexes, and what its page wastes."""
    row = len(put.body) + 130
    if row <= PAGE_BYTES // 2:
        return row + row // 4
    return PAGE_BYTES + 200 if row <= PAGE_BYTES else row + 700


class Entries:
    """Reads and writes entries.

    Args:
        clock: Tells the time of day.
        tally: Counts damage.
        marks: Remembers what was read.
    """

    def __init__(self, clock: Callable[[], Instant], tally: Tally, marks: Marks) -> None:
        self._clock = clock
        self._tally = tally
        self._marks = marks

    def read(self, cursor: sqlite3.Cursor, keys: Sequence[Key]) -> list[bytes | None]:
        """Return one slot per key, in the order of `keys`."""
        if len(keys) <= _FEW:
            return [self.read_one(cursor, key) for key in keys]
        # By the physical form: hashing the keys themselves would take a fifth of the time of a batch.
        found: dict[str, bytes | None] = {}
        for prefix in {key.space.prefix for key in keys}:
            named = {stored_name(key): key for key in keys if key.space.prefix == prefix}
            names = list(named)
            for start in range(0, len(names), _CHUNK):
                for row in _rows(cursor, prefix, names[start : start + _CHUNK]):
                    key = named[row[-1]]
                    found[key.physical] = self._body(key, row[:-1])
        return [found.get(key.physical) for key in keys]

    def read_one(self, cursor: sqlite3.Cursor, key: Key) -> bytes | None:
        """Return the body under `key`; None where it is missing, expired or damaged."""
        row = cursor.execute(_ONE, (key.space.prefix, stored_name(key))).fetchone()
        return None if row is None else self._body(key, row)

    def write(self, transaction: Transaction, items: Sequence[Item]) -> None:
        """Keep every item, the later of two under one key."""
        for item in items:
            put = item.put
            expires = _expiry(transaction.now, put.ttl)
            transaction.execute(
                _KEEP if put.key.space.kind.is_evictable else _KEEP_APART,
                (
                    transaction.space_made(put.key.space.prefix),
                    item.name,
                    expires,
                    entry_sum(item.part, expires),
                    put.body,
                ),
            )

    def write_if_absent(self, transaction: Transaction, item: Item) -> bool:
        """Keep the item where nothing live is, and return whether it was kept."""
        if self.read_one(transaction.cursor, item.put.key) is not None:
            return False
        self.write(transaction, (item,))
        return True

    def delete(self, transaction: Transaction, keys: Sequence[Key]) -> None:
        """Make every key missing."""
        for key in keys:
            space = transaction.space(key.space.prefix)
            if space is not None:
                transaction.execute(_DELETE, (space, stored_name(key)))

    def delete_if_equal(self, transaction: Transaction, key: Key, body: bytes) -> bool:
        """Delete `key` where its live body equals `body`, and return whether it was deleted."""
        if self.read_one(transaction.cursor, key) != body:
            return False
        self.delete(transaction, (key,))
        return True

    def _body(self, key: Key, row: Sequence[Any]) -> bytes | None:
        """Return the body of a row, if it is live and sound.

        The file may hold anything in any column: what is of the wrong type is damaged.
        """
        number, used, expires, total, body = row
        try:
            if entry_sum(body_sum(key, body), expires) != total:
                self._tally.found_damage()
                return None
        except (TypeError, struct.error):
            self._tally.found_damage()
            return None
        if expires is not None and expires <= self._clock():
            return None
        if not used:
            self._marks.add(number)
        found: bytes = body
        return found


def _rows(cursor: sqlite3.Cursor, prefix: str, names: list[StoredName]) -> list[tuple[Any, ...]]:
    # Padded to a power of two with the last name again, so that few statements serve all lengths.
    width = 1 << (len(names) - 1).bit_length()
    marks = "IN (" + ",".join("?" * width) + ")"
    sql = _FROM.format(more=", e.name", match=marks)
    return cursor.execute(sql, (prefix, *names, *[names[-1]] * (width - len(names)))).fetchall()


def _expiry(now: Instant, ttl: Seconds | None) -> Instant | None:
    return None if ttl is None else now + ttl
