"""Logs: a row that says which places are filled, and a row for each body.

The first has the log's physical key and says the oldest place and the next one. A body's row has that key, a "#", and the place
in hexadecimal, so that a log's bodies lie together, in order, and a slice is one range. Physical keys are escaped and
hold no "#". Places only grow: dropping the oldest moves the first place, and no place is used twice in a log's life.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llmcache.errors import DecodeError
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache_disk.bytes_disk import ForeignRowError
from llmcache_disk.cache import BytesCache
from llmcache_disk.errors import NAME
from llmcache_disk.frames import NEVER, DamagedError, framed, opened
from llmcache_disk.rows import keep

SEPARATOR: Final = "#"
BEHIND: Final = "$"
"""The character after the separator: a key and this one is greater than all of that log's rows, and than nothing else's."""

_PLACES: Final = struct.Struct("<QQ")


@dataclass(frozen=True, slots=True)
class Places:
    """Which places of a log are filled.

    Attributes:
        first: The oldest.
        following: The one that the next body gets.
    """

    first: int = 0
    following: int = 0

    @property
    def length(self) -> int:
        """How many bodies the log has."""
        return self.following - self.first


def places_of(cache: BytesCache, log: Key, now: Instant, op: str) -> Places | None:
    """Return the places of a log; None where it is missing or expired.

    Raises:
        DecodeError: Its row is damaged; a new log in its place would hide the conversation.
    """
    row = log.physical
    try:
        frame = cache.frame(row)
        if frame is None:
            return None
        body, deadline = opened(row, frame)
        first, following = _PLACES.unpack(body)
    except (ForeignRowError, DamagedError, struct.error) as error:
        raise _damaged(log, op) from error
    return Places(first, following) if now < deadline else None


def read(cache: BytesCache, log: Key, places: range) -> list[bytes]:
    """Return the bodies in `places`; DecodeError unless every one of them is there and whole."""
    if not places:
        return []
    low, high = _row(log, places.start), _row(log, places.stop)
    try:
        found = cache.frames(low, high, len(places))
        bodies = [opened(row, frame)[0] for row, frame in found]
    except (ForeignRowError, DamagedError) as error:
        raise _damaged(log, "read_log") from error
    if [row for row, _ in found] != [_row(log, place) for place in places]:
        raise _damaged(log, "read_log")
    return bodies


def append(
    cache: BytesCache, log: Key, bodies: Sequence[bytes], max_length: int | None, *, now: Instant, deadline: Instant
) -> int:
    """Add bodies, at least one, inside a transaction, and return the length afterwards."""
    old = places_of(cache, log, now, "append")
    if old is None:
        delete(cache, log)  # its bodies may be there, expired
        old = Places()
    end = old.following + len(bodies)
    start = old.first if max_length is None else max(old.first, end - max_length)
    if old.first < start and old.length:
        cache.drop_range(_row(log, old.first), _row(log, min(start, old.following)))
    # Of more bodies than the cap, the first are never written.
    for place in range(max(old.following, start), end):
        row = _row(log, place)
        keep(cache, row, framed(row, bodies[place - old.following], NEVER), log.space.kind)
    keep(cache, log.physical, framed(log.physical, _PLACES.pack(start, end), deadline), log.space.kind, deadline)
    return end - start


def delete(cache: BytesCache, log: Key) -> None:
    """Delete a log whole, inside a transaction."""
    cache.drop_range(log.physical, log.physical + BEHIND)


def _row(log: Key, place: int) -> str:
    return f"{log.physical}{SEPARATOR}{place:016x}"


def _damaged(log: Key, op: str) -> DecodeError:
    return DecodeError(f"{NAME} could not do {op} of {log.digest}: the log is damaged; delete it, or restore the file")
