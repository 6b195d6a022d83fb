"""The stand-in of Momento: whatever messages arrive, each is answered or refused, and every answer can be sent."""

from contextlib import suppress
from typing import Any

from google.protobuf.message import DecodeError as WireError
from google.protobuf.message_factory import GetMessageClass
from momento_wire_types import cacheclient_pb2, controlclient_pb2

from llmcache_momento.local.caches import CACHES
from llmcache_momento.local.dictionaries import DICTIONARIES
from llmcache_momento.local.keep import Keep, Limits
from llmcache_momento.local.lists import LISTS
from llmcache_momento.local.rejection import RejectionError
from llmcache_momento.local.scalars import SCALARS
from llmcache_momento.local.sets import SETS
from llmcache_momento.local.sorted_sets import SORTED_SETS
from tests.fuzz.feed import Feed

_CACHE = "shop"
_METHODS: dict[str, Any] = {
    method.name: method
    for module in (cacheclient_pb2, controlclient_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
_HANDLERS = {**SCALARS, **LISTS, **DICTIONARIES, **SETS, **SORTED_SETS, **CACHES}
_NAMES = sorted(_HANDLERS)
_READERS = {name: GetMessageClass(_METHODS[name].input_type).FromString for name in _NAMES}


def _said(name: str, **fields: Any) -> bytes:
    message = GetMessageClass(_METHODS[name].input_type)(**fields)
    return bytes([_NAMES.index(name)]) + bytes(message.SerializeToString())


SEEDS = (
    b"\xff".join(
        (
            _said("Set", cache_key=b"k", cache_body=b"1", ttl_milliseconds=1000),
            _said("Get", cache_key=b"k"),
            _said("Increment", cache_key=b"k", amount=2, ttl_milliseconds=1000),
        )
    ),
    b"\xff".join(
        (
            _said("ListPushBack", list_name=b"l", value=b"v", ttl_milliseconds=1000),
            _said("ListFetch", list_name=b"l", inclusive_start=-1),
            _said("ListRetain", list_name=b"l", inclusive_start=0, ttl_milliseconds=1000),
        )
    ),
    *(_said(name) for name in _NAMES),
)


def check(data: bytes) -> None:
    """Make up to eight calls on one stand-in."""
    feed, now = Feed(data), [1e9]
    keep = Keep(Limits(), lambda: now[0])
    keep.caches[_CACHE] = {}
    for _ in range(8):
        if feed.is_empty:
            return
        name = _NAMES[feed.byte() % len(_NAMES)]
        with suppress(WireError, RejectionError):
            _call(keep, name, _READERS[name](feed.chunk()))
        now[0] += 0.4


def _call(keep: Keep, name: str, request: Any) -> None:
    answer: Any = _HANDLERS[name](keep, _CACHE, request)
    for one in answer if _METHODS[name].server_streaming else (answer,):
        assert isinstance(one.SerializeToString(), bytes)
