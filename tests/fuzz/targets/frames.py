"""Frames and vectors: any bytes are what was kept under that key, or DataError; and what was kept comes back."""

from llmcache.codec.floats import pack_vectors, rows_of, unpack_vectors
from llmcache.codec.frames import CHECK_BYTES, HEAD_BYTES, WIDTHS, Form, Head, content, pack, unpack
from llmcache.errors import DataError
from llmcache.model.embedder import PRECISIONS
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.fuzz.feed import Feed

_SPACE = Space(Namespace(("shop",)), Kind.EMBEDDING)
_KEYS = tuple(Key(_SPACE, name) for name in ("a", "b"))
_ROWS = rows_of([[1.0, -2.0, 0.5], [0.0, 3.0, 1e-9]], 2, whole=True, dimensions=3)
_BODIES = {
    body: key
    for one in PRECISIONS
    for key, body in zip(_KEYS, pack_vectors(_ROWS, _KEYS, precision=one, made_at=1.5), strict=True)
}

SEEDS = (
    *(b"\x00" + body for body in _BODIES),
    b"\x00" + pack(Head(Form.BYTES, 4, 1.5, 2.5), b"four", _KEYS[0]),
    b"\x01\x05\x01",
    b"\x02\x01" + bytes(16),
    b"\x02\x03\x7f\x80\x00",
)


def check(data: bytes) -> None:
    """Read bytes, those of a vector that were changed in a place, or any bytes that somebody framed."""
    feed = Feed(data)
    (_any, _changed, _framed)[feed.byte() % 3](feed)


def _any(feed: Feed) -> None:
    body = feed.rest()
    for key in _KEYS:
        batch = unpack_vectors([body], [key])
        assert len(batch.rows) + len(batch.wrong) == 1
        try:
            head, raw = unpack(body, key)
        except DataError:
            assert batch.wrong
            continue
        assert len(raw) == len(body) - HEAD_BYTES - CHECK_BYTES
        assert len(content(head, raw)) == head.count


def _changed(feed: Feed) -> None:
    whole = list(_BODIES)[feed.byte() % len(_BODIES)]
    place, change = feed.byte() % len(whole), feed.byte()
    changed = whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :] + feed.rest()
    batch = unpack_vectors([changed, whole], [_BODIES[whole]] * 2) if len(changed) == len(whole) else None
    assert batch is None or (changed == whole) is (not batch.wrong)
    _any(Feed(changed))


def _framed(feed: Feed) -> None:
    form, raw = list(Form)[feed.byte() % len(Form)], feed.rest()
    raw = raw[: len(raw) // WIDTHS[form] * WIDTHS[form]]
    body = pack(Head(form, len(raw) // WIDTHS[form], 1.0, scale=float(feed.byte())), raw, _KEYS[0])
    head, found = unpack(body, _KEYS[0])
    assert (form, raw) == (head.form, bytes(found))
    _any(Feed(body))
