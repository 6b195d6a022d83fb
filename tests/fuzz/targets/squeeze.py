"""`codec.squeeze`: a frame unfolds to at most the limit or is DecodeError; what was squeezed comes back."""

from llmcache.codec.squeeze import squeeze, unsqueeze
from llmcache.errors import DecodeError
from tests.fuzz.feed import Feed

_LIMIT = 1 << 14

SEEDS = (b"\x00" + squeeze(b"four " * 40, above=0), b"\x01" + b"four " * 40, b"\x00\x01" + bytes(8))


def check(data: bytes) -> None:
    """Unfold the bytes, or fold and unfold them."""
    feed = Feed(data)
    way, body = feed.byte() % 2, feed.rest()
    if way and not body.startswith(b"\x01"):
        assert body == unsqueeze(squeeze(body, above=0), max_bytes=len(body))
        return
    try:
        original = unsqueeze(body, max_bytes=_LIMIT)
    except DecodeError:
        return
    assert original == body or len(original) <= _LIMIT
