"""What a writer that will be killed writes, so that whoever looks afterwards can tell whole from half."""

import struct

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.vectors import Point

PER_APPEND = 3
ENTRIES = 4
_SIZE = 2_000


def space(root: str, kind: Kind) -> Space:
    """Return the space of `kind` that the writer `root` writes into."""
    return Space(Namespace(("conformance", root)), kind)


def entry(root: str, number: int) -> Key:
    """Return the key that write `number` puts; the writes take a few keys by turns."""
    return Key(space(root, Kind.RESPONSE), f"entry {number % ENTRIES}")


def log(root: str) -> Key:
    """Return the log that every write appends to."""
    return Key(space(root, Kind.HISTORY), "log")


def index(root: str) -> Key:
    """Return the vector index that all writers of a root put into."""
    return Key(space(root, Kind.VECTORS), "index")


def point(writer: int, number: int) -> Point:
    """Return the point that write `number` of a writer puts."""
    return Point(f"{writer} {number}", struct.pack("<3f", 1.0, 1.0 + writer, 1.0 + number))


def body(number: int) -> bytes:
    """Return what write `number` puts: itself, many times, so that a part of it is seen."""
    return (b"%d " % number) * (_SIZE // len(b"%d " % number))


def bodies(number: int) -> tuple[bytes, ...]:
    """Return what write `number` appends."""
    return tuple(b"%d %d" % (number, part) for part in range(PER_APPEND))


def number_of(found: bytes) -> int:
    """Return the number of the write that a body is of; -1 where no write put it."""
    head = found.split(b" ", 1)[0]
    number = int(head) if head.isdigit() else -1
    return number if number >= 0 and found in (body(number), *bodies(number)) else -1
