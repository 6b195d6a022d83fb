"""Frames: bodies that are no envelope, raw bytes between a short binary head and a check.

An envelope is JSON, in which a vector of floats takes five times its room and thirty times the time to read. A frame has 32
bytes before what it holds and four behind it, all little-endian:

    magic 89 'L' 'L' 'C' | format 1 | form | 2 zero bytes | count u32 | scale f32 | made_at f64 | expires_at f64 | ... | check u32

`expires_at` is infinite where it does not expire. The check is a CRC-32 over the physical key and everything before the check: a body
that was damaged, or lies under another key, does not fit it. It finds accidents; against somebody who can write to the store
there are seals. The first byte is none with which an envelope, squeezed or sealed, can begin (docs/decisions/0022).
"""

import math
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final
from zlib import crc32

from llmcache.codec.envelope import MAX_BYTES
from llmcache.errors import DecodeError, VersionError
from llmcache.model.key import Key
from llmcache.model.units import Instant

FORMAT: Final = 1
MAGIC: Final = b"\x89LLC"
_HEAD: Final = Struct("<4sBBxxIfdd")
_CHECK: Final = Struct("<I")
# A CRC-32 that goes on over itself, in the order in which it is stored, is this number, whatever was before it; and no other four
# bytes give it. So a frame is checked as a whole, without being cut.
_WHOLE: Final = 0x2144DF1C
HEAD_BYTES: Final = _HEAD.size
CHECK_BYTES: Final = _CHECK.size
_OVERHEAD: Final = HEAD_BYTES + CHECK_BYTES


class Form(IntEnum):
    """What a frame holds; the number stands in it."""

    BYTES = 0
    FLOAT32 = 1
    FLOAT16 = 2
    INT8 = 3


WIDTHS: Final = {Form.BYTES: 1, Form.FLOAT32: 4, Form.FLOAT16: 2, Form.INT8: 1}
"""How many bytes one of what a frame holds takes."""

_LETTERS: Final = {Form.FLOAT32: "f", Form.FLOAT16: "e", Form.INT8: "b"}
_FORMS: Final = {form.value: form for form in Form}


@dataclass(frozen=True, slots=True)
class Head:
    """What a frame says about itself.

    Attributes:
        form: What it holds.
        count: How many of them.
        scale: What whole numbers are to be multiplied by; 0 where they are none.
        made_at: When what it holds was made.
        expires_at: From when on it must not be served; infinite where never.
    """

    form: Form
    count: int
    made_at: Instant
    expires_at: Instant = math.inf
    scale: float = 0.0

    def may_serve(self, now: Instant) -> bool:
        """False at and after its end."""
        return now < self.expires_at


def pack(head: Head, raw: bytes, key: Key) -> bytes:
    """Return `raw` in a frame, for keeping under `key`."""
    return framed(start_of(head), raw, key)


def start_of(head: Head) -> bytes:
    """Return the bytes of a head, for `framed`."""
    return _HEAD.pack(MAGIC, FORMAT, head.form, head.count, head.scale, head.made_at, head.expires_at)


def framed(start: bytes, raw: bytes, key: Key) -> bytes:
    """Return `raw` in a frame behind the bytes of its head, which may be those of many frames."""
    body = start + raw
    return body + _CHECK.pack(crc32(body, _begun(key)))


def unpack(body: bytes, key: Key, *, is_proven: bool = False) -> tuple[Head, memoryview]:
    """Return the head of `body`, and what it holds.

    Args:
        is_proven: It is known to be as it was written, and under this key: its check is not computed.

    Raises:
        VersionError: A newer release wrote it.
        DecodeError: It is damaged, too long, no frame, or was written under another key.
    """
    if type(body) is not bytes or not _OVERHEAD <= len(body) <= MAX_BYTES:
        raise DecodeError(f"a frame is bytes from {_OVERHEAD} to {MAX_BYTES:,}, found {_shown(body)}")
    magic, number, form, count, scale, made_at, expires_at = _HEAD.unpack_from(body)
    if magic != MAGIC or number < FORMAT:
        raise DecodeError(f"the body under {key.digest} is no frame")
    if number > FORMAT:
        raise VersionError(f"the body under {key.digest} is a frame of format {number}, this release reads {FORMAT}")
    known, raw = _FORMS.get(form), memoryview(body)[HEAD_BYTES:-CHECK_BYTES]
    if known is None or len(raw) != count * WIDTHS[known]:
        raise DecodeError(f"the frame under {key.digest} does not hold what it declares")
    if not (math.isfinite(made_at) and math.isfinite(scale)) or math.isnan(expires_at):
        raise DecodeError(f"the frame under {key.digest} has a number that is not finite")
    if not is_proven and not fits(body, key):
        raise DecodeError(f"the frame under {key.digest} does not fit its check: damaged, or written under another key")
    return Head(known, count, made_at, expires_at, scale), raw


def content(head: Head, raw: memoryview) -> bytes | list[float]:
    """Return what a frame holds as plain data, for people: bytes, or numbers. It takes its time, and no numpy."""
    if head.form is Form.BYTES:
        return bytes(raw)
    numbers = Struct(f"<{head.count}{_LETTERS[head.form]}").unpack(raw)
    return [number * head.scale for number in numbers] if head.form is Form.INT8 else list(numbers)


def fits(frame: bytes, key: Key) -> bool:
    """True where the check of a frame is that of its bytes and of `key`."""
    return crc32(frame, _begun(key)) == _WHOLE


def _begun(key: Key) -> int:
    return crc32(key.physical.encode("ascii"))


def _shown(body: object) -> str:
    return f"{len(body):,} bytes" if isinstance(body, bytes) else type(body).__name__
