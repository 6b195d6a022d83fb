"""`codec.envelope`: any bytes under any key give an entry or DataError, and an entry comes back when packed again."""

import zlib

from llmcache.codec.envelope import Header, pack, peek, unpack
from llmcache.codec.squeeze import squeeze
from llmcache.errors import DataError
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.fuzz.feed import Feed

_KEY = Key(Space(Namespace.of("shop/prod"), Kind.RESPONSE), "9f86d081884c7d659a2feaa0c55ad015")
_LIMIT = 1 << 16
_REST = b'"kind":"response","type":"json","made_at":0,'

SEEDS = (
    b"\x00" + pack(Entry({"answer": "four"}, made_at=1.5), _KEY),
    b"\x01" + _REST + b'"value":null}',
    b"\x02"
    + _REST
    + b'"tags":["faq"],"model":"m","cost":0.5,"input_tokens":1,"output_tokens":2,"seconds":1,"value":[]}',
    b"\x01" + _REST + b'"stale_at":1,"expires_at":2,"marked":[{"$llmcache":"float","v":"nan"}]}',
    b"\x01" + _REST + b'"marked":[{"$llmcache":"int","v":"0x10000000000000000"},{"$llmcache":"bytes","v":"AAEC"}]}',
    b"\x01" + _REST + b'"marked":{"$llmcache":"dict","=$llmcache":1,"=o":{"$llmcache":"str","v":"%uD83D%25"}}}',
)


def check(data: bytes) -> None:
    """Read one body: as it stands, with a check that fits, or squeezed besides."""
    feed = Feed(data)
    way, body = feed.byte() % 3, feed.rest()
    if way:
        body = b'{"llmcache":1,"check":"%08x",%b' % (zlib.crc32(body, zlib.crc32(_KEY.physical.encode())), body)
    if way == 2:
        body = squeeze(body, above=0)
    header = _peeked(body)
    try:
        entry = unpack(body, _KEY, max_bytes=_LIMIT)
    except DataError:
        return
    assert header is not None
    assert header.made_at == entry.made_at
    assert header.tags == entry.tags
    again = pack(entry, _KEY)
    assert again == pack(unpack(again, _KEY), _KEY)


def _peeked(body: bytes) -> Header | None:
    try:
        return peek(body, max_bytes=_LIMIT)
    except DataError:
        return None
