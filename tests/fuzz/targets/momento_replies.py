"""What Momento may reply: whatever the messages hold, each operation gives what it promises or a failure that is told."""

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.message import DecodeError as WireError
from google.protobuf.message_factory import GetMessageClass
from grpc import StatusCode
from momento_wire_types import cacheclient_pb2

from llmcache.errors import LLMCacheError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_momento import entries, logs
from llmcache_momento.errors import Failure, translated
from llmcache_momento.generations import Generations
from llmcache_momento.layout import unframed
from llmcache_momento.outside import OutsideBodies
from llmcache_momento.rounds import Rounds
from llmcache_momento.rpcs import Call, Concatenate, Pause, SdkCall, WireCall
from tests.fuzz.feed import Feed

_SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
_KEYS = tuple(Key(_SPACE, name) for name in ("a", "b"))
_LOG = Key(Space(Namespace(("shop",)), Kind.HISTORY), "s")
_LEASE = Key(Space(Namespace(("shop",)), Kind.LEASE), "l")
_CODES = tuple(StatusCode)
_MOST_ROUNDS = 50
_OUTPUTS = {
    method.name: GetMessageClass(method.output_type).FromString
    for service in cacheclient_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def _said(**fields: Any) -> bytes:
    return bytes(cacheclient_pb2._GetResponse(**fields).SerializeToString())


_TOKEN = _said(result=cacheclient_pb2.Hit, cache_body=b"0123456789abcdef")
_FOUND = bytes(
    cacheclient_pb2._ListFetchResponse(
        found=cacheclient_pb2._ListFetchResponse._Found(values=[b"+a.0:x", b"*a.1:"])
    ).SerializeToString()
)

SEEDS = (
    b"\x00\x00" + _TOKEN + b"\xff\x00" + _said(result=cacheclient_pb2.Hit, cache_body=b"+x"),
    b"\x01\x00" + _TOKEN + b"\xff\x00" + _FOUND,
    b"\x02\x00" + _TOKEN + b"\xff\x00\xff\x05",
    b"\x08+a.0:x\xff*a.1:\xff+a.0:x",
    b"\x03\x00" + _TOKEN + b"\xff\x81",
)


def check(data: bytes) -> None:
    """Do one operation, answered by the messages in the data."""
    feed = Feed(data)
    way = feed.byte() % (len(_OPERATIONS) + 1)
    if way == len(_OPERATIONS):
        _frames(feed)
        return
    generations = Generations(0.0, lambda: 1e9, lambda: 1.0)
    steps, is_right = _OPERATIONS[way](generations)
    try:
        found = _run(steps, feed)
    except LLMCacheError:
        return
    except Failure as failure:
        translated(failure, Deed("op", _LOG, changes=True), "shop", "host:443")
        return
    assert is_right(found)


def _frames(feed: Feed) -> None:
    elements: list[bytes] = []
    while not feed.is_empty:
        elements.append(feed.chunk())
    try:
        assert len(unframed(_LOG, elements)) <= len(elements)
    except ValueError:
        return


def _run(steps: Rounds[Any], feed: Feed) -> object:
    try:
        calls = next(steps)
        for _ in range(_MOST_ROUNDS):
            answers = [_answer(call, feed) for call in calls]
            failures = [answer for answer in answers if isinstance(answer, Failure)]
            calls = steps.throw(failures[0]) if failures else steps.send(answers)
    except StopIteration as finished:
        return finished.value
    raise AssertionError("the service is asked without end")


def _answer(call: Call, feed: Feed) -> Any:
    if isinstance(call, Pause):
        return None
    if isinstance(call, SdkCall):
        # The SDK reads its own messages; what it is asked must be something that it takes.
        call.on(_Client(), "shop")
    way = feed.byte()
    if way & 128:
        return Failure(_CODES[way % len(_CODES)], "socket closed" if way & 64 else "")
    if isinstance(call, SdkCall):
        return way if isinstance(call, Concatenate) else None
    assert isinstance(call, WireCall)
    call.request().SerializeToString()
    read = _OUTPUTS[call.method]
    try:
        replies = [read(feed.chunk()) for _ in range(way % 4 if call.streams else 1)]
        return call.answer(replies if call.streams else replies[0])
    except WireError:
        return Failure(StatusCode.INTERNAL)  # what gRPC makes of it
    except Failure as failure:
        return failure


class _Client:
    """Takes what the SDK's client takes."""

    def list_concatenate_back(self, cache: str, name: str, values: Sequence[bytes], **_: object) -> None:
        """Check the types: the SDK writes the name as UTF-8."""
        assert name.encode()
        assert all(isinstance(value, bytes) for value in values)

    def delete(self, cache: str, key: bytes) -> None:
        """Check the type."""
        assert isinstance(key, bytes)


_Made = tuple[Rounds[Any], Callable[[Any], bool]]


def _are_bodies(found: Any) -> bool:
    return isinstance(found, list) and all(body is None or isinstance(body, bytes) for body in found)


def _nothing(found: Any) -> bool:
    return found is None


def _get(generations: Generations) -> _Made:
    return entries.get_many(generations, _KEYS), lambda found: _are_bodies(found) and len(found) == len(_KEYS)


def _read(generations: Generations) -> _Made:
    return logs.read_log(generations, _LOG, -20, None), _are_bodies


def _append(generations: Generations) -> _Made:
    outside = OutsideBodies(lambda: 1e9)
    steps = logs.append(generations, outside, _LOG, [b"x", bytes(130_000)], max_length=None, ttl=60.0)
    return steps, lambda found: isinstance(found, int) and found >= 0


def _put(generations: Generations) -> _Made:
    return entries.put_many(generations, [Put(key, b"x") for key in (*_KEYS, _LEASE)]), _nothing


def _claim(generations: Generations) -> _Made:
    return entries.put_if_absent(generations, Put(_LEASE, b"x", 5.0)), lambda found: isinstance(found, bool)


def _release(generations: Generations) -> _Made:
    return entries.delete_if_equal(generations, _LEASE, b"x"), lambda found: isinstance(found, bool)


def _length(generations: Generations) -> _Made:
    return logs.log_length(generations, _LOG), lambda found: isinstance(found, int) and found >= 0


def _drop(generations: Generations) -> _Made:
    return logs.delete_log(generations, OutsideBodies(lambda: 1e9), _LOG), _nothing


_OPERATIONS = (_get, _read, _append, _put, _claim, _release, _length, _drop)
