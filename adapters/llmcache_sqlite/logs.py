"""Logs: reading and appending, as statements inside a transaction.

A body's number in the file is the log's number times 2**32 plus its place, so that a log's bodies lie together, in
order, and a slice is one range. Places only grow: dropping the oldest moves the first place, and no place is used twice.
"""

import sqlite3
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from llmcache.errors import DecodeError, StoreLimit
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache_sqlite.checksums import log_sum, message_sum
from llmcache_sqlite.errors import NAME
from llmcache_sqlite.health import Tally
from llmcache_sqlite.names import stored_name
from llmcache_sqlite.transaction import Transaction

NUMBERS: Final = 2**32
"""How many bodies a log takes in its whole life."""
_NOT_YET: Final = 0
"""In place of the number of a log that is not there; SQLite's own begin at 1."""

_ROW: Final = (
    "SELECT l.id, l.first, l.next, l.expires, l.sum FROM space AS s CROSS JOIN log AS l "
    "WHERE s.prefix = ? AND l.space = s.id AND l.name = ?"
)
_MADE: Final = "INSERT INTO log (space, name, first, next, expires, sum) VALUES (?, ?, ?, ?, ?, ?)"
_MOVED: Final = "UPDATE log SET first = ?, next = ?, expires = ?, sum = ? WHERE id = ?"
_BODY: Final = "INSERT INTO message (id, sum, body) VALUES (?, ?, ?)"
_SLICE: Final = "SELECT id, sum, body FROM message WHERE id BETWEEN ? AND ? ORDER BY id"
_DROPPED: Final = "DELETE FROM message WHERE id BETWEEN ? AND ?"
_FORGOTTEN: Final = (
    "UPDATE log SET space = 0, name = NULL, expires = NULL WHERE id IN (SELECT id FROM log WHERE {which} LIMIT ?)"
)


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log that is there.

    Attributes:
        number: The log's own.
        first: Place of its oldest body.
        following: The place its next body gets.
    """

    number: int
    first: int
    following: int

    @property
    def length(self) -> int:
        """How many bodies it has."""
        return self.following - self.first


def find(cursor: sqlite3.Cursor, log: Key, now: Instant, tally: Tally, op: str) -> LogRow | None:
    """Return the log; None where it is missing or expired, DecodeError where its row is damaged."""
    row = cursor.execute(_ROW, (log.space.prefix, stored_name(log))).fetchone()
    if row is None:
        return None
    number, first, following, expires, total = row
    try:
        is_sound = log_sum(log, first, following, expires) == total
    except (TypeError, struct.error):
        is_sound = False
    if not is_sound:
        raise _damaged(log, op, tally)
    if expires is not None and expires <= now:
        return None
    return LogRow(number, first, following)


def read(cursor: sqlite3.Cursor, log: Key, start: int, stop: int | None, *, now: Instant, tally: Tally) -> list[bytes]:
    """Return a slice of a log, as one snapshot."""
    cursor.execute("BEGIN")
    try:
        row = find(cursor, log, now, tally, "read_log")
        if row is None:
            return []
        places = range(row.first, row.following)[start:stop]
        if not places:
            return []
        lowest = row.number * NUMBERS + places.start
        found = cursor.execute(_SLICE, (lowest, lowest + len(places) - 1)).fetchall()
    finally:
        cursor.execute("COMMIT")
    if len(found) != len(places) or not _are_sound(found):
        raise _damaged(log, "read_log", tally)
    return [body for _, _, body in found]


def append(
    transaction: Transaction,
    log: Key,
    bodies: Sequence[tuple[bytes, int]],
    *,
    max_length: int | None,
    ttl: Seconds | None,
    tally: Tally,
) -> int:
    """Add bodies, at least one, each with the CRC of its bytes, and return the length afterwards."""
    found = find(transaction.cursor, log, transaction.now, tally, "append")
    old = LogRow(_NOT_YET, 0, 0) if found is None else found
    end = old.following + len(bodies)
    if end >= NUMBERS:
        raise StoreLimit(
            f"{NAME} refused append of {log.digest}: a log takes {NUMBERS:,} bodies in its life; delete it"
        )
    start = old.first if max_length is None else max(old.first, end - max_length)
    expires = None if ttl is None else transaction.now + ttl
    number = _write_row(transaction, log, LogRow(old.number, start, end), expires)
    base = number * NUMBERS
    if old.first < start and old.length:
        transaction.execute(_DROPPED, (base + old.first, base + min(start, old.following) - 1))
    # Of more bodies than the cap, the first are never written.
    _insert(transaction, base + max(old.following, start), bodies[max(start - old.following, 0) :])
    return end - start


def _write_row(transaction: Transaction, log: Key, row: LogRow, expires: Instant | None) -> int:
    """Write a log's own row, which is made where it has no number yet, and return its number."""
    total = log_sum(log, row.first, row.following, expires)
    if row.number != _NOT_YET:
        transaction.execute(_MOVED, (row.first, row.following, expires, total, row.number))
        return row.number
    delete(transaction, log)  # it may be there, expired
    name, space = stored_name(log), transaction.space_made(log.space.prefix)
    return transaction.execute(_MADE, (space, name, row.first, row.following, expires, total)).lastrowid or _NOT_YET


def delete(transaction: Transaction, log: Key) -> None:
    """Put a log out of reach; its bodies are deleted later, see `purging`."""
    space = transaction.space(log.space.prefix)
    if space is not None:
        transaction.execute(
            "UPDATE log SET space = 0, name = NULL, expires = NULL WHERE space = ? AND name = ?",
            (space, stored_name(log)),
        )


def forget_logs(transaction: Transaction, which: str, parameter: float, limit: int) -> int:
    """Put at most `limit` logs out of reach, by a condition with one parameter; return how many."""
    return transaction.execute(_FORGOTTEN.format(which=which), (parameter, limit)).rowcount


def _insert(transaction: Transaction, lowest: int, bodies: Sequence[tuple[bytes, int]]) -> None:
    if len(bodies) == 1:
        ((body, crc),) = bodies
        transaction.execute(_BODY, (lowest, message_sum(crc, lowest), body))
        return
    transaction.cursor.executemany(
        _BODY, [(place, message_sum(crc, place), body) for place, (body, crc) in enumerate(bodies, lowest)]
    )


def _are_sound(found: Sequence[tuple[int, int, bytes]]) -> bool:
    try:
        return [total for _, total, _ in found] == [message_sum(crc32(body), number) for number, _, body in found]
    except TypeError:
        return False  # something else than bytes


def _damaged(log: Key, op: str, tally: Tally) -> DecodeError:
    tally.found_damage()
    return DecodeError(f"{NAME} could not do {op} of {log.digest}: the log is damaged; delete it, or restore the file")
