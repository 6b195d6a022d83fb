r"""Blocks: some points of a vector index, or some ids that were deleted, as one body of a log.

    llmcache-points:1 <crc32> <length of the head>\n{"d":384,"u":1763800000.5,"p":[["id",ends,kept,{facts},stamp,"version"],...]}<float32 ...>
    llmcache-points:1 <crc32> <length of the head>\n{"u":1763800000.5,"x":[["id",stamp],...]}

The head is JSON, and behind it lie the vectors in the order of the points, little-endian float32 at length 1. Many points in a
block is what makes an index quick to read: a thousand vectors are one copy.

Behind the blocks of one append stands a *tick*, a few bytes that no other append has: who reads on from there sees by it whether
this is still the log that was read before, and not one that was cleared and begun anew.

A *stamp* orders what was done to one id, wherever it is read: the greater one holds. `u` says until when the log lives that the
block stands in, by its writer's wish; None means for ever.

The check finds accidents; against people there is the seal (`codec.seal`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar
from zlib import crc32

import orjson

from llmcache.errors import DecodeError, UsageError, VersionError
from llmcache.model.units import Instant
from llmcache.model.vectors import Point

_MAGIC: Final = b"llmcache-points:"
_TICK: Final = b"llmcache-tick:"
_HEAD: Final = _MAGIC + b"1 %08x %d\n"
_LONGEST_LINE: Final = 64
FLOAT_BYTES: Final = 4

BLOCK_BYTES: Final = 256 * 1024
_BLOCK_POINTS: Final = 1_024

_WITHOUT_VERSION: Final = 5
"""Columns of a row that was written before points had versions; its version is the empty one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A point and the stamp of its putting."""

    point: Point
    stamp: int


@dataclass(frozen=True, slots=True)
class Block:
    """What one body of a log says.

    Attributes:
        until: Until when the log lives; None means for ever.
        dimensions: Of every vector; 0 where there is none.
        rows: One for each point: id, ends at, kept until, facts, stamp, version.
        vectors: Theirs, one behind the other.
        removed: Ids that were deleted, with stamps.
        is_carried: True where they were deleted in an older log.
        head_bytes: How many bytes say all that but the vectors.
    """

    until: Instant | None = None
    dimensions: int = 0
    rows: Sequence[tuple[str, Instant | None, Instant | None, dict[str, Any], int, str]] = ()
    vectors: memoryview = field(default=memoryview(b""), repr=False)
    removed: Sequence[tuple[str, int]] = ()
    is_carried: bool = False
    head_bytes: int = 0


def pack_points(stamped: Sequence[Stamped], until: Instant | None) -> bytes:
    """Return the block of points, whose vectors are of one size and at length 1.

    Raises:
        UsageError: Facts are not JSON-like.
    """
    rows = [
        [one.id, one.ends_at, one.kept_until, one.facts, put.stamp, one.version]
        for put in stamped
        for one in (put.point,)
    ]
    head = {"d": len(stamped[0].point.vector) // FLOAT_BYTES if stamped else 0, "u": until, "p": rows}
    return _body(head, b"".join(put.point.vector for put in stamped))


def pack_tick(token: bytes) -> bytes:
    """Return the body that ends an append."""
    return _TICK + token.hex().encode()


def is_tick(body: bytes) -> bool:
    """True for the end of an append."""
    return body.startswith(_TICK)


def pack_removed(removed: Sequence[tuple[str, int]], until: Instant | None, *, is_carried: bool = False) -> bytes:
    """Return the block that says which ids were deleted, with stamps; without any it says only how long the log lives."""
    return _body({"u": until, "x": removed, **({"c": True} if is_carried else {})}, b"")


def _body(head: dict[str, Any], vectors: bytes) -> bytes:
    try:
        text = orjson.dumps(head)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise UsageError(
            "ids and facts of points are JSON-like, facts with text as keys; found something else"
        ) from error
    rest = text + vectors
    return _HEAD % (crc32(rest), len(text)) + rest


def blocks_of(stamped: Sequence[Stamped], until: Instant | None) -> list[bytes]:
    """Return blocks of a few hundred KiB, so that none is too large for a store, nor too small to be quick."""
    if not stamped:
        return []
    at_once = min(_BLOCK_POINTS, max(1, BLOCK_BYTES // len(stamped[0].point.vector)))
    parts = [stamped[first : first + at_once] for first in range(0, len(stamped), at_once)]
    return [raw for part in parts for raw in packed(pack_points, part, until)]


def packed(
    pack: Callable[[Sequence[T], Instant | None], bytes], given: Sequence[T], until: Instant | None
) -> list[bytes]:
    """Return blocks: one, or as many as long ids and facts need."""
    raw, half = pack(given, until), len(given) // 2
    if len(raw) <= 2 * BLOCK_BYTES or not half:
        return [raw]
    return [*packed(pack, given[:half], until), *packed(pack, given[half:], until)]


def unpack_block(body: bytes) -> Block:
    """Return the block that was packed into `body`; DataError, and nothing else, for any other bytes."""
    end = body.find(b"\n", 0, _LONGEST_LINE)
    words = body[:end].split(b" ")
    if end < 0 or len(words) != 3 or not words[0].startswith(_MAGIC):
        raise DecodeError("these bytes are no block of points")
    if words[0] != _MAGIC + b"1":
        raise VersionError("a newer release wrote this block of points")
    rest = memoryview(body)[end + 1 :]
    try:
        length = int(words[2])
        # As it would be written: the same number may be written in several ways, and one of them is right.
        if _HEAD % (crc32(rest), length) != body[: end + 1]:
            raise DecodeError("a block of points is damaged")
        return replace(_read(orjson.loads(rest[:length]), rest[length:]), head_bytes=length)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DecodeError("a block of points is damaged") from error


def _read(head: dict[str, Any], vectors: memoryview) -> Block:
    until = _instant(head["u"])
    if "x" in head:
        removed = [(_text(one), _number(stamp)) for one, stamp in head["x"]]
        return Block(until, removed=removed, is_carried=head.get("c") is True)
    dimensions = _number(head["d"])
    given: list[Any] = head["p"]
    if given and len(given[0]) == _WITHOUT_VERSION:
        given = [[*row, ""] for row in given]
    versions: dict[str, str] = {}  # one text for the many points that were put together
    rows = [
        (
            _text(one),
            _instant(ends),
            _instant(kept),
            dict(facts),
            _number(stamp),
            versions.setdefault(version, _text(version)),
        )
        for one, ends, kept, facts, stamp, version in given
    ]
    if dimensions < (1 if rows else 0) or len(vectors) != len(rows) * dimensions * FLOAT_BYTES:
        raise DecodeError("a block of points has not as many numbers as it says")
    return Block(until, dimensions, rows, vectors)


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found


def _number(found: object) -> int:
    # A larger one is no stamp of ours, and has no place in 64 bits.
    if type(found) is not int or not 0 <= found < 2**63:
        raise TypeError
    return found


def _instant(found: object) -> Instant | None:
    if found is None:
        return None
    if type(found) not in {int, float} or not math.isfinite(found):  # type: ignore[arg-type]  # a number by the first half
        raise TypeError
    return float(found)  # type: ignore[arg-type]  # a number
