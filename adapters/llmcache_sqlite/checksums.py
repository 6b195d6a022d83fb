"""Checksums: a damaged row is noticed, and so is a row that stands under a key it was not written for.

CRC-32, because it guards against accidents, not against people: 1 µs for an answer of 2.8 KB. Each sum covers
everything that decides what a reader is told: the key, the body, and when it expires; in a log also the place in it.
"""

import struct
from typing import Final
from zlib import crc32

from llmcache.model.key import Key
from llmcache.model.units import Instant

_ENDLESS: Final = b"-"
_pack_instant: Final = struct.Struct("<d").pack
_pack_number: Final = struct.Struct("<q").pack
_pack_place: Final = struct.Struct("<qq").pack


def body_sum(key: Key, body: bytes) -> int:
    """Return the part of an entry's sum that does not depend on when it is written."""
    return crc32(body, crc32(key.physical.encode("ascii")))


def entry_sum(body_part: int, expires: Instant | None) -> int:
    """Return the sum of an entry, given its `body_sum`."""
    return crc32(_ENDLESS if expires is None else _pack_instant(expires), body_part)


def log_sum(log: Key, first: int, following: int, expires: Instant | None) -> int:
    """Return the sum of a log's own row; `following` is the number its next body gets."""
    return entry_sum(crc32(_pack_place(first, following), crc32(log.physical.encode("ascii"))), expires)


def message_sum(body_crc: int, number: int) -> int:
    """Return the sum of a body in a log, given the CRC of its bytes and its number in the whole file."""
    return crc32(_pack_number(number), body_crc)
