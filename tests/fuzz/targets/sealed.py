"""`codec.seal`: any bytes are an entry that was sealed under that key, or DataError; and any text is a secret or UsageError."""

from llmcache.codec.seal import SealedEnvelopes
from llmcache.errors import DataError, UsageError
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.seal import SECRET_BYTES, Seal, read_secret
from tests.fuzz.feed import Feed

_SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
_KEYS = tuple(Key(_SPACE, name) for name in ("a", "b"))
_ENTRY = Entry({"answer": "four"}, made_at=1.5)
# The nonce is a constant, so that an input is judged the same way again.
_SEALED = SealedEnvelopes(Seal(b"k" * SECRET_BYTES, b"o" * SECRET_BYTES, names=b"n" * SECRET_BYTES), bytes)
_BODY = _SEALED.pack(_ENTRY, _KEYS[0])

SEEDS = (
    b"\x00" + _BODY,
    b"\x00llmcache-sealed:2:3f2a91bc:",
    b"\x00llmcache-sealed:1:3f2a91bc:" + bytes(40),
    b"\x01\x05\x01",
    b"\x02" + b"A" * 43,
    b"\x03session 1",
)


def _refusal() -> str:
    """Return what is said about a text that is no secret: always the same, because the text might nearly be one."""
    try:
        read_secret("")
    except UsageError as error:
        return str(error)
    raise AssertionError("an empty secret was taken")


_REFUSED = _refusal()


def check(data: bytes) -> None:
    """Open a body, one that was changed in a place, read a secret, or hide a name."""
    feed = Feed(data)
    (_any_body, _changed_body, _secret, _name)[feed.byte() % 4](feed)


def _any_body(feed: Feed) -> None:
    body = feed.rest()
    for key in _KEYS:
        try:
            entry = _SEALED.unpack(body, key)
        except DataError:
            continue
        assert body == _BODY
        assert (entry, key) == (_ENTRY, _KEYS[0])


def _changed_body(feed: Feed) -> None:
    place, change = feed.byte() % len(_BODY), feed.byte()
    changed = _BODY[:place] + bytes([_BODY[place] ^ change]) + _BODY[place + 1 :] + feed.rest()
    _any_body(Feed(changed))


def _secret(feed: Feed) -> None:
    text = feed.text()
    try:
        secret = read_secret(text)
    except UsageError as error:
        said = str(error)
    else:
        assert len(secret) == SECRET_BYTES
        return
    assert said == _REFUSED


def _name(feed: Feed) -> None:
    try:
        key = Key(_SPACE, feed.text())
    except UsageError:
        return
    named = _SEALED.named(key)
    assert named.space == key.space
    assert named.name != key.name
    assert named == _SEALED.named(Key(_SPACE, key.name))
