"""Squeezing: bodies above a size are compressed, where that makes them smaller.

A squeezed body is a frame: the byte 0x01, with which no JSON document can begin, the length of the original as eight
bytes (big-endian), and a zlib stream that ends where the frame ends. Anything else is passed through unchanged.

Reading is bounded: a frame whose declared length is above the limit is refused before anything is unpacked, and
unpacking stops one byte behind the declared length, so a small frame cannot unfold into a large one.
"""

import zlib
from struct import Struct

from llmcache.errors import DecodeError

SQUEEZE_ABOVE = 16 * 1024
"""From this many bytes on squeezing is worth its time: answers below stay readable in the store."""

_FRAME = b"\x01"
_LENGTH = Struct(">Q")
_HEAD_BYTES = len(_FRAME) + _LENGTH.size

# Level 1 takes a third of the time of the default and gives up a tenth of the gain, on JSON with prose in it.
_LEVEL = 1


def squeeze(body: bytes, *, above: int | None = SQUEEZE_ABOVE) -> bytes:
    """Return `body` as a frame where it is longer than `above` bytes and the frame is shorter; else `body` itself.

    Args:
        body: Must not begin with the byte 0x01.
        above: None never squeezes.
    """
    if above is None or len(body) <= above:
        return body
    frame = _FRAME + _LENGTH.pack(len(body)) + zlib.compress(body, _LEVEL)
    return frame if len(frame) < len(body) else body


def unsqueeze(body: bytes, *, max_bytes: int) -> bytes:
    """Return what `squeeze` was given.

    Raises:
        DecodeError: The frame is damaged, or the original is longer than `max_bytes`.
    """
    if not body.startswith(_FRAME):
        return body
    if len(body) < _HEAD_BYTES:
        raise DecodeError(f"a squeezed body of {len(body)} bytes is cut off in its head")
    if len(body) > max_bytes:
        raise DecodeError(f"a squeezed body is {len(body):,} bytes, limit {max_bytes:,}")
    (length,) = _LENGTH.unpack_from(body, len(_FRAME))
    if length > max_bytes:
        raise DecodeError(f"a squeezed body declares {length:,} bytes, limit {max_bytes:,}")
    stream = zlib.decompressobj()
    try:
        # One byte more than declared, never 0, which would mean no limit at all.
        original = stream.decompress(memoryview(body)[_HEAD_BYTES:], length + 1)
    except zlib.error as error:
        raise DecodeError(f"a squeezed body does not unpack: {error}") from error
    if len(original) != length or not stream.eof or stream.unused_data:
        raise DecodeError(f"a squeezed body does not hold the {length:,} bytes it declares")
    return original
