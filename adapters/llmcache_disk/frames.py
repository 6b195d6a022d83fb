"""Frames: a body as a row keeps it, with its deadline and a sum over both and over the row's key.

Layout, little-endian: the format (one byte, 1), the deadline (float64, seconds since the epoch, infinity for none), the CRC-32
of key, deadline and body, the body. The deadline stands here and not in diskcache's `expire_time` alone, because
diskcache compares that with a clock of its own. The sum finds damage and rows that were moved to another key; it is no
seal against somebody who can write the file.
"""

import struct
from math import inf
from typing import Final
from zlib import crc32

from llmcache.model.units import Instant

FORMAT: Final = 1

_HEAD: Final = struct.Struct("<BdI")
_DEADLINE: Final = struct.Struct("<d")
HEAD_BYTES: Final = _HEAD.size
NEVER: Final[Instant] = inf


class DamagedError(Exception):
    """These bytes are no frame of this row; never leaves this package."""


def framed(row: str, body: bytes, deadline: Instant) -> bytes:
    """Return the frame of `body` for the row with the key `row`."""
    return _HEAD.pack(FORMAT, deadline, _sum(row, deadline, body)) + body


def opened(row: str, frame: bytes) -> tuple[bytes, Instant]:
    """Return the body and its deadline; DamagedError where `framed` cannot have made it for `row`."""
    deadline = deadline_of(frame[:HEAD_BYTES])
    body = frame[HEAD_BYTES:]
    if _HEAD.unpack_from(frame)[2] != _sum(row, deadline, body):
        raise DamagedError
    return body, deadline


def deadline_of(head: object) -> Instant:
    """Return the deadline in the first `HEAD_BYTES` bytes of a frame; DamagedError for anything else."""
    if not isinstance(head, bytes) or len(head) != HEAD_BYTES or head[0] != FORMAT:
        raise DamagedError
    deadline: Instant = _HEAD.unpack(head)[1]
    if deadline != deadline:  # NaN, which no comparison with the time would end  # noqa: PLR0124 -- that is the test for it
        raise DamagedError
    return deadline


def _sum(row: str, deadline: Instant, body: bytes) -> int:
    return crc32(body, crc32(_DEADLINE.pack(deadline), crc32(row.encode())))
