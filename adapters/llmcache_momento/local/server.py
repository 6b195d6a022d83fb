"""The stand-in's server: gRPC over a pool of threads, one lock, one call after the other.

Not over asyncio: a second event loop in a process that also runs an asyncio client of gRPC shares one completion queue
with it (grpc issue 25364).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Final, NoReturn, Self

import grpc
from google.protobuf.message_factory import GetMessageClass
from momento_wire_types import cacheclient_pb2, cachepubsub_pb2, controlclient_pb2

from llmcache_momento.local.caches import CACHES
from llmcache_momento.local.dictionaries import DICTIONARIES
from llmcache_momento.local.faults import Faults
from llmcache_momento.local.keep import MB, Keep, Limits
from llmcache_momento.local.lists import LISTS
from llmcache_momento.local.rejection import RATE, RejectionError
from llmcache_momento.local.scalars import SCALARS
from llmcache_momento.local.sets import SETS
from llmcache_momento.local.signing_keys import SIGNING_KEYS
from llmcache_momento.local.sorted_sets import SORTED_SETS
from llmcache_momento.local.topics import Topics

_SERVICES: Final = (cacheclient_pb2, controlclient_pb2, cachepubsub_pb2)
_HANDLERS: Final = {**SCALARS, **LISTS, **DICTIONARIES, **SETS, **SORTED_SETS, **CACHES, **SIGNING_KEYS}
_CALLS_KEPT: Final = 100_000
_OPTIONS: Final = (
    # Without this a second server may take the same port, and the kernel splits the connections between them.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 16 * MB),
    ("grpc.max_send_message_length", 16 * MB),
    # Momento's SDK pings every five seconds, without calls, too. A server of default settings answers that with
    # "too many pings", and then one call fails as UNAVAILABLE.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1000),
    ("grpc.keepalive_permit_without_calls", 1),
)


@dataclass(frozen=True, slots=True)
class Called:
    """One call that arrived.

    Attributes:
        rpc: Its name on the wire.
        cache: The cache it is about; "" where it names none.
        metadata: What came with it, the token left out.
    """

    rpc: str
    cache: str
    metadata: Mapping[str, str]


class MomentoLocal:
    """A stand-in for the Momento service on this machine, for developers and tests. Use it in `with`.

    Args:
        caches: Names of caches that are there from the beginning.
        limits: What is refused.
        token: The key that every call must bring; None takes any, and none.
        clock: Tells the time of day, by which items expire.
        host: The address to listen on.
        port: The port to listen on; 0 chooses a free one.
        tls: A certificate chain and its private key, as PEM: answer encrypted connections, and those only. Clients must be
            told to trust it; gRPC's trust what the file named by GRPC_DEFAULT_SSL_ROOTS_FILE_PATH holds.
        workers: Most calls at once; a subscription counts as one while it lasts.
    """

    def __init__(
        self,
        caches: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: tuple[bytes, bytes] | None = None,
        workers: int = 256,
    ) -> None:
        self.host = host
        self.keep = Keep(limits or Limits(), clock)
        self.keep.caches.update((name, {}) for name in caches)
        self.faults = Faults()
        self.calls: deque[Called] = deque(maxlen=_CALLS_KEPT)
        self._token = token
        self._closing = threading.Event()
        self._topics = Topics(self.keep, self._closing)
        self._allowance = _Allowance(self.keep)
        self._server: Any = grpc.server(ThreadPoolExecutor(workers, "momento-local"), options=_OPTIONS)
        self._server.add_generic_rpc_handlers(tuple(self._services()))
        self.port = self._listen(port, tls)

    @property
    def address(self) -> str:
        """Host and port, as a store URL wants them."""
        return f"{self.host}:{self.port}"

    def start(self) -> Self:
        """Begin to answer."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Cut every call and give the port back; a second call does nothing."""
        self._closing.set()
        self._server.stop(None).wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    def count(self, rpc: str) -> int:
        """Return how many calls of this name arrived."""
        return sum(called.rpc == rpc for called in tuple(self.calls))

    def lose_messages(self, cache: str, topic: str) -> None:
        """Drop what is kept of a topic, as where the service moves it: subscribers, also later ones, learn of a discontinuity."""
        self._topics.lose(cache, topic)

    def _listen(self, port: int, tls: tuple[bytes, bytes] | None) -> int:
        address = f"{self.host}:{port}"
        if tls is None:
            return int(self._server.add_insecure_port(address))
        chain, key = tls
        return int(self._server.add_secure_port(address, grpc.ssl_server_credentials([(key, chain)])))

    def _services(self) -> Iterator[Any]:
        for module in _SERVICES:
            for service in module.DESCRIPTOR.services_by_name.values():
                methods = {method.name: self._method(method) for method in service.methods}
                yield grpc.method_handlers_generic_handler(service.full_name, methods)

    def _method(self, method: Any) -> Any:
        read = GetMessageClass(method.input_type).FromString
        write = GetMessageClass(method.output_type).SerializeToString
        if method.name == "Subscribe":
            return grpc.unary_stream_rpc_method_handler(self._subscribed, read, write)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(self._streamed(method.name), read, write)
        return grpc.unary_unary_rpc_method_handler(self._answered(method.name), read, write)

    def _answered(self, rpc: str) -> Callable[[Any, Any], Any]:
        return lambda request, context: self._served(rpc, request, context)

    def _streamed(self, rpc: str) -> Callable[[Any, Any], Iterator[Any]]:
        def stream(request: Any, context: Any) -> Iterator[Any]:
            yield from self._served(rpc, request, context)

        return stream

    def _subscribed(self, request: Any, context: Any) -> Iterator[Any]:
        try:
            self._admit("Subscribe", request, context)
            most, end = self.faults.asked_end(_metadata_of(context))
            with closing(self._topics.deliver(self._topics.subscribe(request), request, context)) as messages:
                for count, message in enumerate(messages):
                    if count >= most:
                        raise end.rejection()
                    yield from self._passed(message)
        except RejectionError as rejection:
            _end(context, rejection)

    def _passed(self, message: Any) -> Iterator[Any]:
        """Give a message of a subscription, if it gets through."""
        for fault in self.faults.take_message(message.WhichOneof("kind").capitalize()):
            if self._closing.wait(fault.delay):
                return
            if fault.code is not None and fault.is_after:
                yield message
            if fault.code is not None:
                raise fault.rejection()
            if fault.is_lost:
                return
        yield message

    def _served(self, rpc: str, request: Any, context: Any) -> Any:
        try:
            cache, lost = self._admit(rpc, request, context)
            with self.keep.lock:
                answer = self._answer(rpc, cache, request)
            if lost is not None:
                raise lost
        except RejectionError as rejection:
            _end(context, rejection)
        return answer

    def _answer(self, rpc: str, cache: str, request: Any) -> object:
        if rpc == "Publish":
            return self._topics.publish(request)
        handler = _HANDLERS.get(rpc)
        if handler is None:
            raise RejectionError(grpc.StatusCode.UNIMPLEMENTED, f"the stand-in does not know {rpc}")
        return handler(self.keep, cache, request)

    def _admit(self, rpc: str, request: Any, context: Any) -> tuple[str, RejectionError | None]:
        """Note the call and let it in, or raise; return its cache, and the error it ends with behind its deed."""
        metadata = _metadata_of(context)
        given = metadata.pop("authorization", None)
        cache = str(metadata.get("cache") or getattr(request, "cache_name", ""))
        self.calls.append(Called(rpc, cache, MappingProxyType(metadata)))
        if self._token is not None and given != self._token:
            raise RejectionError(grpc.StatusCode.UNAUTHENTICATED, "Invalid authentication credentials")
        lost: RejectionError | None = None
        for fault in self.faults.take(rpc, metadata):
            if self._closing.wait(fault.delay):
                raise RejectionError(grpc.StatusCode.UNAVAILABLE, "the stand-in stops")
            if fault.code is not None and not fault.is_after:
                raise fault.rejection()
            if fault.code is not None:
                lost = fault.rejection()
        self._allowance.take()
        return cache, lost


class _Allowance:
    """How many calls may still come: a bucket that fills by the clock."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._left = keep.limits.operations_per_second or 0.0
        self._at = keep.clock()

    def take(self) -> None:
        rate = self._keep.limits.operations_per_second
        if rate is None:
            return
        with self._keep.lock:
            now = self._keep.clock()
            self._left = min(rate, self._left + max(now - self._at, 0.0) * rate)
            self._at = now
            if self._left < 1:
                raise RejectionError(grpc.StatusCode.RESOURCE_EXHAUSTED, "operations rate limit exceeded", RATE)
            self._left -= 1


def _metadata_of(context: Any) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}


def _end(context: Any, rejection: RejectionError) -> NoReturn:
    """End a call with an error."""
    if rejection.err:
        context.set_trailing_metadata((("err", rejection.err),))
    context.abort(rejection.code, rejection.details)
    raise rejection  # not reached: `abort` raises
