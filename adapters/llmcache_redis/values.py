"""What a Redis string or the head of a list says before the body: whose it is, and how long it lives.

    3f9a1c20b7d4e851 {"v":1,...            the stamp, a space, the body
    3f9a1c20b7d4e851@1900000060.0 {...     the same, with its end by a clock of the caller's own

A body counts only while its stamp is the present stamp of its space: clearing a space is taking its stamp away.

Time to live is the server's business, which has one clock for all its clients. A cache that was opened with a clock of its own
(tests do) writes the end by that clock beside it, and lets the server keep the entry longer than that.
"""

import secrets
from collections.abc import Callable
from math import ceil
from typing import Final

from llmcache.model.units import Instant, Seconds

STAMP_BYTES: Final = 16
_BLANK: Final = 0x20
_AT: Final = 0x40
_LONGEST_HEAD: Final = 64
GRACE: Final = 3_600_000
"""Milliseconds that the server keeps an entry beyond its end by a clock that is not the server's."""

LARGEST_BODY: Final = 512 * 2**20 - _LONGEST_HEAD
"""The largest string of Redis, less our head."""

LONGEST_TTL: Final[Seconds] = 9e15
"""Redis counts milliseconds since 1970 in 64 bits."""


def fresh_stamp() -> str:
    """Return a stamp that nobody ever used: 64 random bits as text."""
    return secrets.token_hex(STAMP_BYTES // 2)


def body_of(value: bytes | None, stamp: bytes | None, clock: Callable[[], Instant]) -> bytes | None:
    """Return the body in `value` if it is valid by `stamp` and has not ended; None otherwise."""
    # By its type, and not whether it is there: a broken wire may make a number of it.
    if type(value) is not bytes or value[:STAMP_BYTES] != stamp or len(value) <= STAMP_BYTES:
        return None
    if value[STAMP_BYTES] == _BLANK:
        return value[STAMP_BYTES + 1 :]
    blank = value.find(b" ", STAMP_BYTES, _LONGEST_HEAD)
    if value[STAMP_BYTES] != _AT or blank < 0:
        return None
    try:
        ends = float(value[STAMP_BYTES + 1 : blank])
    except ValueError:
        return None
    return value[blank + 1 :] if clock() < ends else None


class Lifetime:
    """How long one entry or log is to live.

    Attributes:
        px: For the server, in milliseconds, rounded up; "" where it does not expire.
        ends: The part of the head that says when it ends by a clock of the caller's own; "" where the server decides.
    """

    __slots__ = ("ends", "px")

    def __init__(self, ttl: Seconds | None, own_clock: Callable[[], Instant] | None) -> None:
        self.px = "" if ttl is None else str(ceil(ttl * 1000) + (0 if own_clock is None else GRACE))
        self.ends = "" if ttl is None or own_clock is None else f"@{own_clock() + ttl!r}"


def shown_time(instant: Instant) -> str:
    """Return a time of day as scripts read it."""
    return repr(float(instant))
