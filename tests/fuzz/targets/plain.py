"""`codec.plain` and its markers: any document is plain data or DecodeError, and plain data comes back as it was."""

from llmcache.codec.plain import copy_plain, decode_plain, encode_plain
from llmcache.errors import DecodeError

_LIMIT = 1 << 16

SEEDS = (
    b'{"a":[1,1.5,true,null,"x"],"b":{}}',
    b'[{"$llmcache":"float","v":"-inf"},{"$llmcache":"int","v":"-0x8000000000000001"}]',
    b'{"$llmcache":"dict","=$llmcache":1,"=a%uD83D":[]}',
    b'{"$llmcache":"str","v":"%uDC00%25"}',
    b'{"$llmcache":"bytes","v":"AAEC"}',
    b'{"\\u0024llmcache":"bytes","v":""}',
)


def check(data: bytes) -> None:
    """Decode, encode and copy."""
    try:
        value = decode_plain(data, max_bytes=_LIMIT)
    except DecodeError:
        return
    again = encode_plain(value)
    assert again == encode_plain(decode_plain(again, max_bytes=len(again)))
    assert again == encode_plain(copy_plain(value))
