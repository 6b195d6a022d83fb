"""The calls this store makes, as frozen values: what to send, and what the answer means.

Two families. `WireCall`s go over a channel of our own, by the public wire types that Momento's SDK is made of, because the
SDK has no method for them. `SdkCall`s are methods of the SDK's client, blocking or async.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from momento.requests import CollectionTtl
from momento.responses import CacheDelete, CacheListConcatenateBack
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from llmcache.model.units import Seconds
from llmcache_momento.errors import Failure, failure_of_response
from llmcache_momento.layout import milliseconds

_LEAST: Final = -(2**31)
_MOST: Final = 2**31 - 1


class Call:
    """Something to ask the service.

    Attributes:
        is_repeatable: Doing it twice is the same as doing it once.
        writes: It changes what somebody reads.
    """

    __slots__ = ()
    is_repeatable: ClassVar[bool] = True
    writes: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Pause(Call):
    """Ask nothing for a while; alone in its round."""

    seconds: Seconds


class WireCall(Call):
    """A call over our own channel.

    Attributes:
        method: Its name in the service.
        streams: The answer is a sequence of messages.
    """

    __slots__ = ()
    method: ClassVar[str]
    streams: ClassVar[bool] = False

    def request(self) -> Any:
        """Return the message to send."""
        raise NotImplementedError

    def answer(self, reply: Any) -> Any:
        """Return what the reply means."""
        raise NotImplementedError


class SdkCall(Call):
    """A method of the SDK's client."""

    __slots__ = ()

    def on(self, client: Any, cache: str) -> Any:
        """Call it; the async client gives something to await."""
        raise NotImplementedError

    def answer(self, response: Any) -> Any:
        """Return what the response means, or raise the Failure that it tells of."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class GetBatch(WireCall):
    """Read scalars; the answer has one slot per key."""

    method = "GetBatch"
    streams = True
    keys: Sequence[bytes]

    def request(self) -> Any:
        return pb._GetBatchRequest(items=[pb._GetRequest(cache_key=key) for key in self.keys])

    def answer(self, reply: Sequence[Any]) -> list[bytes | None]:
        found = [one.cache_body if one.result == pb.Hit else None for one in reply]
        if len(found) != len(self.keys):
            raise Failure.unexpected(f"{len(found)} answers for {len(self.keys)} keys")
        return found


@dataclass(frozen=True, slots=True)
class Get(WireCall):
    """Read one scalar; the answer has one slot, as that of a batch."""

    method = "Get"
    keys: Sequence[bytes]

    def request(self) -> Any:
        return pb._GetRequest(cache_key=self.keys[0])

    def answer(self, reply: Any) -> list[bytes | None]:
        return [reply.cache_body if reply.result == pb.Hit else None]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar to write."""

    key: bytes
    value: bytes
    ttl_ms: int


@dataclass(frozen=True, slots=True)
class SetBatch(WireCall):
    """Write scalars."""

    method = "SetBatch"
    streams = True
    writes = True
    scalars: Sequence[Scalar]

    def request(self) -> Any:
        items = [
            pb._SetRequest(cache_key=one.key, cache_body=one.value, ttl_milliseconds=one.ttl_ms) for one in self.scalars
        ]
        return pb._SetBatchRequest(items=items)

    def answer(self, reply: Sequence[Any]) -> None:
        if any(one.result != pb.Ok for one in reply) or len(reply) != len(self.scalars):
            raise Failure.unexpected("not every scalar was written")


ABSENT: Final = {"absent": common.Absent()}
PRESENT: Final = {"present": common.Present()}


def equal(value: bytes) -> Mapping[str, Any]:
    """The condition that the value is this one."""
    return {"equal": common.Equal(value_to_check=value)}


def absent_or_equal(value: bytes) -> Mapping[str, Any]:
    """The condition that nothing is there, or this value."""
    return {"absent_or_equal": common.AbsentOrEqual(value_to_check=value)}


def not_equal(value: bytes) -> Mapping[str, Any]:
    """The condition that nothing is there, or another value than this one."""
    return {"not_equal": common.NotEqual(value_to_check=value)}


@dataclass(frozen=True, slots=True)
class SetIf(WireCall):
    """Write a scalar where a condition holds; the answer is whether it was written."""

    method = "SetIf"
    is_repeatable = False
    writes = True
    scalar: Scalar
    condition: Mapping[str, Any]

    def request(self) -> Any:
        one = self.scalar
        return pb._SetIfRequest(cache_key=one.key, cache_body=one.value, ttl_milliseconds=one.ttl_ms, **self.condition)

    def answer(self, reply: Any) -> bool:
        return bool(reply.WhichOneof("result") == "stored")


@dataclass(frozen=True, slots=True)
class Lengthen(WireCall):
    """Let an item live at least so long from now on; the answer is whether there is one."""

    method = "UpdateTtl"
    key: bytes
    ttl_ms: int

    def request(self) -> Any:
        return pb._UpdateTtlRequest(cache_key=self.key, increase_to_milliseconds=self.ttl_ms)

    def answer(self, reply: Any) -> bool:
        return bool(reply.WhichOneof("result") != "missing")


def bound(place: int) -> int:
    """Return a bound of a slice as the wire holds it; no list is longer."""
    return min(max(place, _LEAST), _MOST)


@dataclass(frozen=True, slots=True)
class Fetch(WireCall):
    """Read a slice of a list, with the meaning of a Python slice; a missing list is empty."""

    method = "ListFetch"
    list_key: bytes
    start: int = 0
    stop: int | None = None

    def request(self) -> Any:
        bounds: dict[str, Any] = {}
        if self.start == 0:
            bounds["unbounded_start"] = common._Unbounded()
        else:
            bounds["inclusive_start"] = bound(self.start)
        if self.stop is None:
            bounds["unbounded_end"] = common._Unbounded()
        else:
            bounds["exclusive_end"] = bound(self.stop)
        return pb._ListFetchRequest(list_name=self.list_key, **bounds)

    def answer(self, reply: Any) -> list[bytes]:
        return list(reply.found.values) if reply.WhichOneof("list") == "found" else []


@dataclass(frozen=True, slots=True)
class Concatenate(SdkCall):
    """Add elements at the end of a list and cap it from the front; the answer is its length."""

    is_repeatable = False
    writes = True
    list_key: bytes
    elements: Sequence[bytes]
    ttl: Seconds
    max_length: int | None

    def on(self, client: Any, cache: str) -> Any:
        cap = None if self.max_length is None else min(self.max_length, _MOST)
        return client.list_concatenate_back(
            cache,
            self.list_key.decode(),
            self.elements,
            ttl=CollectionTtl.of(timedelta(milliseconds=milliseconds(self.ttl))),
            truncate_front_to_size=cap,
        )

    def answer(self, response: Any) -> int:
        if isinstance(response, CacheListConcatenateBack.Success):
            return response.list_length
        raise failure_of_response(response)


@dataclass(frozen=True, slots=True)
class Length(WireCall):
    """Tell how many elements a list has; 0 where there is none. Not by the SDK, which cannot ask for a consistent answer."""

    method = "ListLength"
    list_key: bytes

    def request(self) -> Any:
        return pb._ListLengthRequest(list_name=self.list_key)

    def answer(self, reply: Any) -> int:
        return int(reply.found.length) if reply.WhichOneof("list") == "found" else 0


@dataclass(frozen=True, slots=True)
class Remove(SdkCall):
    """Delete an item of any type."""

    writes = True
    key: bytes

    def on(self, client: Any, cache: str) -> Any:
        return client.delete(cache, self.key)

    def answer(self, response: Any) -> None:
        if not isinstance(response, CacheDelete.Success):
            raise failure_of_response(response)
