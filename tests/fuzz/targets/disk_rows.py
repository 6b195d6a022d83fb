"""Rows of the disk store: any bytes under any row are a frame or damage, and what was framed comes back."""

from llmcache.errors import DecodeError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache_disk.bytes_disk import BytesDisk, ForeignRowError
from llmcache_disk.frames import NEVER, DamagedError, deadline_of, framed, opened
from tests.fuzz.feed import Feed

_LOG = Key(Space(Namespace(("shop",)), Kind.HISTORY), "s")
_ROW = _LOG.physical
_DISK = BytesDisk()
_COLUMNS: tuple[object, ...] = (0, 1, 2, 3, 4, None, "x", b"x", 1.5)

SEEDS = (
    b"\x00" + framed(_ROW, b"body", 1.5),
    b"\x00" + framed(_ROW, bytes(16), NEVER),
    b"\x01\x01\x05\x05body",
    b"\x02body",
)


def check(data: bytes) -> None:
    """Open a frame, read a row, or frame and open."""
    feed = Feed(data)
    way = feed.byte() % 3
    try:
        (_frame, _row, _framed)[way](feed)
    except (DamagedError, ForeignRowError, DecodeError):
        return


def _frame(feed: Feed) -> None:
    frame = feed.rest()
    body, deadline = opened(_ROW, frame)
    assert deadline == deadline_of(frame[: -len(body)] if body else frame)
    assert frame == framed(_ROW, body, deadline)


def _row(feed: Feed) -> None:
    mode, filename, read = (_COLUMNS[feed.byte() % len(_COLUMNS)] for _ in range(3))
    value: object = feed.text() if read == "x" else feed.rest()
    found = _DISK.fetch(mode, filename, value, read)
    assert found == value


def _framed(feed: Feed) -> None:
    body = feed.rest()
    assert (body, NEVER) == opened(_ROW, framed(_ROW, body, NEVER))
