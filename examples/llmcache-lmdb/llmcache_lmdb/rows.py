"""Rows: what stands in LMDB, and where.

One database holds everything. The first byte of a key tells what it is:

- "r" and the physical key: an entry, or a log's places (its number, its oldest body and its next one);
- "m", a log's number and a place: one body of a log, so that its bodies lie together and in order.

LMDB takes keys of 511 bytes. A longer one is cut and ends in its digest; the value begins with the whole key, which is
compared, and with the deadline.
"""

import hashlib
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import inf
from typing import Final

from llmcache.errors import DecodeError, StoreLimit, UsageError
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache_lmdb.environment import Transaction

NEVER: Final[Instant] = inf

_ROWS: Final = b"r"
_LONGEST: Final = 440
_HEAD: Final = struct.Struct("<dI")
_PLACES: Final = struct.Struct(">QQQ")
_MESSAGE: Final = struct.Struct(">cQQ")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry, or the row of a log.

    Attributes:
        physical: The whole key.
        deadline: When it is gone.
        body: The entry's, or a log's places.
    """

    physical: str
    deadline: Instant
    body: bytes


@dataclass(frozen=True, slots=True)
class Places:
    """Where the bodies of a log are."""

    number: int
    first: int
    end: int


def get(transaction: Transaction, key: Key, now: Instant) -> bytes | None:
    """Return the body in the row of `key`; None where it is missing or expired."""
    value = transaction.get(_row_key(key.physical))
    row = None if value is None else _opened(value)
    return row.body if row is not None and row.physical == key.physical and now < row.deadline else None


def put(transaction: Transaction, key: Key, body: bytes, deadline: Instant) -> None:
    """Write the row of `key`."""
    physical = key.physical.encode()
    transaction.put(_row_key(key.physical), _HEAD.pack(deadline, len(physical)) + physical + body)


def drop(transaction: Transaction, physical: str) -> None:
    """Delete a row, and the bodies of its log if it has any."""
    value = transaction.pop(_row_key(physical))
    row = None if value is None else _opened(value)
    if row is not None and ":history:" in physical and len(row.body) == _PLACES.size:
        drop_messages(transaction, Places(*_PLACES.unpack(row.body)))


def rows(transaction: Transaction, prefix: str, now: Instant) -> Iterator[Row]:
    """Give every row whose key begins with `prefix` and that is there at `now`, in the order of LMDB's keys."""
    begin = _ROWS + prefix.encode()[:_LONGEST]
    cursor = transaction.cursor()
    is_there = cursor.set_range(begin)
    while is_there and cursor.key().startswith(begin):
        row = _opened(cursor.value())
        if row is not None and row.physical.startswith(prefix) and now < row.deadline:
            yield row
        is_there = cursor.next()


def used_bytes(transaction: Transaction) -> int:
    """Return the size of all pages in use, the changes of this transaction included."""
    found = transaction.stat()
    return int(found["psize"] * (found["branch_pages"] + found["leaf_pages"] + found["overflow_pages"]))


def make_room(transaction: Transaction, max_bytes: int, now: Instant, just_put: Collection[str]) -> None:
    """Drop what has expired, and then answers and embeddings in no order, where more than `max_bytes` are in use.

    Raises:
        StoreLimit: Nothing is left to drop but what was just put; the transaction must not be kept.
    """
    if used_bytes(transaction) <= max_bytes:
        return
    # Somewhat more than needed, so that not every write has to look at every row.
    enough = max_bytes * 19 // 20
    found = [
        (row.deadline > now, row.physical) for row in rows(transaction, "", -NEVER) if row.physical not in just_put
    ]
    for is_alive, physical in sorted(found):
        if used_bytes(transaction) <= enough:
            return
        if not is_alive or _is_evictable(physical):
            drop(transaction, physical)
    if used_bytes(transaction) > max_bytes:
        raise StoreLimit(f"lmdb has no room: beside what must be kept it does not fit into {max_bytes:,} bytes")


def places_of(transaction: Transaction, log: Key, now: Instant) -> Places | None:
    """Return where the bodies of a log are; None where it is missing or expired."""
    body = get(transaction, log, now)
    if body is None:
        return None
    try:
        return Places(*_PLACES.unpack(body))
    except struct.error as error:
        raise DecodeError(f"lmdb could not read {log.digest}: the log is damaged; delete it") from error


def put_places(transaction: Transaction, log: Key, places: Places, deadline: Instant) -> None:
    """Write where the bodies of a log are."""
    put(transaction, log, _PLACES.pack(places.number, places.first, places.end), deadline)


def free_number(transaction: Transaction) -> int:
    """Return a number that no log has: one more than that of the last body."""
    cursor = transaction.cursor()
    is_there = (cursor.set_range(_ROWS) and cursor.prev()) or cursor.last()
    is_message = is_there and len(cursor.key()) == _MESSAGE.size and cursor.key().startswith(b"m")
    return int(_MESSAGE.unpack(cursor.key())[1]) + 1 if is_message else 1


def put_message(transaction: Transaction, number: int, place: int, body: bytes) -> None:
    """Write one body of a log."""
    transaction.put(_MESSAGE.pack(b"m", number, place), body)


def messages(transaction: Transaction, number: int, places: range) -> list[bytes]:
    """Return bodies of a log; DecodeError where one is missing."""
    found = [transaction.get(_MESSAGE.pack(b"m", number, place)) for place in places]
    if None in found:
        raise DecodeError("lmdb could not read a log: it is damaged; delete it")
    return [body for body in found if body is not None]


def drop_messages(transaction: Transaction, places: Places) -> None:
    """Delete the bodies in `places`."""
    for place in range(places.first, places.end):
        transaction.delete(_MESSAGE.pack(b"m", places.number, place))


def key_of(row: Row) -> Key | None:
    """Return the key of a row; None where llmcache cannot have made it."""
    try:
        return Key.from_physical(row.physical)
    except UsageError:
        return None


def _is_evictable(physical: str) -> bool:
    try:
        return Key.from_physical(physical).space.kind.is_evictable
    except UsageError:
        return True


def _row_key(physical: str) -> bytes:
    whole = physical.encode()
    # A cut key is longer than any that was not cut, so the two never meet.
    return _ROWS + (whole if len(whole) <= _LONGEST else whole[:_LONGEST] + hashlib.sha256(whole).digest())


def _opened(value: bytes) -> Row | None:
    try:
        deadline, length = _HEAD.unpack_from(value)
        physical = value[_HEAD.size : _HEAD.size + length].decode("ascii")
    except (struct.error, UnicodeError):
        return None
    return Row(physical, deadline, value[_HEAD.size + length :])
