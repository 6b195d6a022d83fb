"""`model.key` and `model.namespace`: a text is a key, a prefix, a namespace, or UsageError; what is one comes back."""

from llmcache.errors import UsageError
from llmcache.model.key import MAX_PHYSICAL_BYTES, Key, Kind, Space
from llmcache.model.namespace import Namespace, escape, unescape
from llmcache_redis.layout import Cluster, OneServer
from tests.fuzz.feed import Feed

_KINDS = list(Kind)
_LAYOUTS = (OneServer(), Cluster())

SEEDS = (
    b"\x00llmcache:1:shop/prod:response:9f86d081884c7d65",
    b"\x01llmcache:1:shop/prod%20x:history:",
    b"\x02shop/prod/tenant%2Fa",
    b"\x03shop/prod",
    b"\x04%E2%82%AC%ED%A0%80",
    "\x05é\n {}*".encode(),
    b"\x06llmcache:1:shop/prod:response:{1723}9f86d081884c7d65",
    b"\x07\x02shop/pr\xc3\xb6d\xffsession 1",
)


def check(data: bytes) -> None:
    """Read one text in one of the ways there are."""
    feed = Feed(data)
    way = feed.byte() % len(_WAYS)
    try:
        _WAYS[way](feed)
    except UsageError:
        return


def _physical(feed: Feed) -> None:
    text = feed.text()
    assert text == Key.from_physical(text).physical


def _prefix(feed: Feed) -> None:
    text = feed.text()
    assert text == Space.from_prefix(text).prefix


def _path(feed: Feed) -> None:
    text = feed.text()
    assert text == Namespace.from_text(text).text


def _namespace(feed: Feed) -> None:
    within = Namespace.of(feed.text())
    assert within == Namespace.from_text(within.text)
    assert within.child("a").parts[:-1] == within.parts


def _unescaped(feed: Feed) -> None:
    text = feed.text()
    assert text == escape(unescape(text))


def _escaped(feed: Feed) -> None:
    text = feed.text()
    assert text == unescape(escape(text))


def _found(feed: Feed) -> None:
    text = feed.text()
    for layout in _LAYOUTS:
        key = layout.key_of(text)
        assert key is None or layout.entry(key) == text


def _made(feed: Feed) -> None:
    kind = _KINDS[feed.byte() % len(_KINDS)]
    key = Key(Space(Namespace.of(feed.text()), kind), feed.text())
    assert key == Key.from_physical(key.physical)
    assert key.physical.isascii()
    assert len(key.physical) <= MAX_PHYSICAL_BYTES
    assert key.digest.isprintable()
    for layout in _LAYOUTS:
        assert key == layout.key_of(layout.entry(key))


_WAYS = (_physical, _prefix, _path, _namespace, _unescaped, _escaped, _found, _made)
