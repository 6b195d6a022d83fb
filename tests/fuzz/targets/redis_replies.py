"""What a Redis server may reply: whatever it is, each operation gives what it promises or an error of ours."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import hiredis
from redis import exceptions as foreign
from redis._parsers.base import BaseParser

from llmcache.errors import LLMCacheError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.vectors import Point
from llmcache.model.where import Test
from llmcache.protocols.vector_ops import Nearest
from llmcache_redis.commands import Address, Lost, Outcome, Part, Pause, Wire
from llmcache_redis.entries import Entries
from llmcache_redis.errors import GARBLED
from llmcache_redis.layout import Cluster, OneServer
from llmcache_redis.logs import Logs
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.spaces import Spaces
from llmcache_redis.topology import OneAddress, Slots, Topology, Watched
from llmcache_redis.vectors import Vectors
from tests.fuzz.feed import Feed

_SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
_KEYS = tuple(Key(_SPACE, name) for name in ("a", "b"))
_LOG = Key(Space(Namespace(("shop",)), Kind.HISTORY), "s")
_HERE = (Address("h", 1), Address("h", 2))
_INDEX = Key(Space(Namespace(("shop",)), Kind.VECTORS), "i")
_DIRECTION = b"\x00\x00\x80?"
_SETTINGS = Settings.of({"vectors": "native"}, lambda: 1e9)
_STAMP = b"0123456789abcdef"
_MOST_ROUNDS = 200
_VAST = re.compile(rb"[*$%~>][+-]?\d{6}")
_ROW = (
    b'*5\r\n$1\r\na\r\n$33\r\n{"e":9e99,"k":null,"f":{"a":1.0}}\r\n$4\r\n' + _DIRECTION + b"\r\n$0\r\n\r\n$1\r\n1\r\n"
)

SEEDS = (
    b"\x00*3\r\n$18\r\n" + _STAMP + b" x\r\n$-1\r\n$16\r\n" + _STAMP + b"\r\n",
    b"\x01*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    b"\x02:3\r\n",
    b"\x03*2\r\n$1\r\n0\r\n*1\r\n$23\r\nllmcache:1:shop:response:a\r\n*1\r\n*4\r\n:1\r\n:2\r\n:-1\r\n$0\r\n\r\n",
    b"\x04*2\r\n$1\r\n0\r\n*0\r\n",
    b"\x05-WRONGTYPE no\r\n",
    b"\x10*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\nh\r\n:7000\r\n-MOVED 12 h:7001\r\n-ASK 12 h:1\r\n:1\r\n",
    b"\x08*3\r\n:1\r\n:1\r\n*1\r\n" + _ROW,
    b"\x09*2\r\n" + _ROW + b"*0\r\n",
    b"\x0a*1\r\n" + _ROW,
    b"\x0b:-3\r\n",
    b"\x20*2\r\n$1\r\nh\r\n$4\r\n6379\r\n*3\r\n$-1\r\n$-1\r\n$-1\r\n",
)


def check(data: bytes) -> None:
    """Do one operation on one topology, answered by the replies in the data."""
    feed = Feed(data)
    way = feed.byte()
    topology, layout = _TOPOLOGIES[(way >> 4) % len(_TOPOLOGIES)]
    sender = Sender(topology())
    steps, is_right = _OPERATIONS[way % 16 % len(_OPERATIONS)](sender, layout)
    try:
        found = _run(steps, _replies(feed.rest()))
    except LLMCacheError:
        return
    assert is_right(found)


def _run(steps: Wire[Any], replies: Iterator[Outcome]) -> object:
    try:
        request = next(steps)
        for _ in range(_MOST_ROUNDS):
            if isinstance(request, Pause):
                request = steps.send([])
            else:
                request = steps.send([_outcomes(part, replies) for part in request.parts])
    except StopIteration as finished:
        return finished.value
    raise AssertionError("the server is asked without end")


def _outcomes(part: Part, replies: Iterator[Outcome]) -> list[Outcome]:
    return [next(replies, Lost(foreign.ConnectionError(), sent=True)) for _ in part.commands]


def _replies(data: bytes) -> Iterator[Outcome]:
    """Give the replies as redis-py would; what is no reply at all ends the connection, as it does there."""
    if _VAST.search(data):
        return  # hiredis makes room for what a list says it has: a MemoryError, in whatever time that takes
    reader = hiredis.Reader(replyError=BaseParser.parse_error)
    reader.feed(data)
    while True:
        try:
            reply = reader.gets()
        except GARBLED:
            return
        if reply is False:
            return
        yield reply


_Made = tuple[Wire[Any], Callable[[Any], bool]]


def _get(sender: Sender, layout: Any) -> _Made:
    return Entries(sender, layout, _SETTINGS).get_many(
        _KEYS
    ), lambda found: len(found) == len(_KEYS) and all(body is None or isinstance(body, bytes) for body in found)


def _read(sender: Sender, layout: Any) -> _Made:
    return Logs(sender, layout, _SETTINGS).read(
        _LOG, -20, None
    ), lambda found: isinstance(found, list) and all(isinstance(body, bytes) for body in found)


def _length(sender: Sender, layout: Any) -> _Made:
    return Logs(sender, layout, _SETTINGS).length(_LOG), lambda found: isinstance(found, int) and found >= 0


def _append(sender: Sender, layout: Any) -> _Made:
    return Logs(sender, layout, _SETTINGS).append(
        _LOG, [b"x"], None, None
    ), lambda found: isinstance(found, int) and found >= 0


def _spaces(sender: Sender, layout: Any) -> Spaces:
    return Spaces(sender, layout, _SETTINGS, Vectors(sender, layout, _SETTINGS))


def _scan(sender: Sender, layout: Any) -> _Made:
    return _spaces(sender, layout).scan(_SPACE, None, 10), lambda found: all(
        listed.key.space == _SPACE and listed.body_bytes >= 0 for listed in found
    )


def _uses(sender: Sender, layout: Any) -> _Made:
    return _spaces(sender, layout).uses(), lambda found: all(use.entries >= 0 for use in found)


def _clear(sender: Sender, layout: Any) -> _Made:
    return _spaces(sender, layout).clear(_SPACE), lambda found: found is None


def _delete(sender: Sender, layout: Any) -> _Made:
    return Entries(sender, layout, _SETTINGS).delete_if_equal(_KEYS[0], b"x"), lambda found: isinstance(found, bool)


def _nearest(sender: Sender, layout: Any) -> _Made:
    asked = Nearest(_INDEX, _DIRECTION, 3, 0.0, where=Test("a", "$eq", 1))
    return Vectors(sender, layout, _SETTINGS).nearest(asked), lambda found: all(
        isinstance(one.point.id, str) and -1.0 <= one.similarity <= 1.0 for one in found
    )


def _points(sender: Sender, layout: Any) -> _Made:
    return Vectors(sender, layout, _SETTINGS).get(_INDEX, ["a", "b"], 0.0), lambda found: len(found) == 2


def _ended(sender: Sender, layout: Any) -> _Made:
    return Vectors(sender, layout, _SETTINGS).ended(_INDEX, 1.0, 0.0, 3), lambda found: all(
        isinstance(one, Point) for one in found
    )


def _put_points(sender: Sender, layout: Any) -> _Made:
    points = [Point("a", _DIRECTION), Point("b", _DIRECTION)]
    return Vectors(sender, layout, _SETTINGS).put(_INDEX, points, 0.0, None), lambda found: found is None


_OPERATIONS = (
    _get, _read, _length, _scan, _uses, _append, _clear, _delete, _nearest, _points, _ended, _put_points,
)  # fmt: skip
_TOPOLOGIES: tuple[tuple[Callable[[], Topology], Any], ...] = (
    (lambda: OneAddress(_HERE[0]), OneServer()),
    (lambda: Slots(_HERE), Cluster()),
    (lambda: Watched(_HERE, "mymaster"), OneServer()),
)
