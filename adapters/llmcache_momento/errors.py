"""Every failure of the service, of gRPC and of the SDK, translated once.

Both ways of calling tell of a failure differently: gRPC by an exception, the SDK by a response. Both become a `Failure`, which
stays inside this package; what cannot be mended becomes an error of ours. Messages name the store, the operation, the key's
digest and the status, never the status's text, because that may quote a key.
"""

from typing import Any, Final

import grpc
from grpc import StatusCode

from llmcache.errors import StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.protocols.deed import Deed

NAME: Final = "momento"

# The service did not do what it answered this to.
_NOT_DONE: Final = frozenset(
    {
        StatusCode.RESOURCE_EXHAUSTED,
        StatusCode.NOT_FOUND,
        StatusCode.ALREADY_EXISTS,
        StatusCode.UNAUTHENTICATED,
        StatusCode.PERMISSION_DENIED,
        StatusCode.INVALID_ARGUMENT,
        StatusCode.FAILED_PRECONDITION,
        StatusCode.OUT_OF_RANGE,
        StatusCode.UNIMPLEMENTED,
    }
)
_PASSING: Final = frozenset({StatusCode.UNAVAILABLE, StatusCode.INTERNAL, StatusCode.ABORTED})
_REFUSED: Final = {
    StatusCode.UNAUTHENTICATED: "the key is not valid; check MOMENTO_API_KEY and MOMENTO_ENDPOINT",
    StatusCode.PERMISSION_DENIED: "the key does not permit this; use one with read and write access to the cache",
}
_NEVER_CONNECTED: Final = ("failed to connect", "connection refused", "dns resolution failed", "name resolution")
_CONNECTION_LOST: Final = (
    "socket closed",
    "reset by peer",
    "broken pipe",
    "goaway",
    "cancelling all calls",
    "ping timeout",
    "keepalive",
    "recvmsg",
)


class Failure(Exception):
    """A call that failed.

    Args:
        code: gRPC's status.
        details: Its text; decided by, never shown.
        err: What the service says in the metadata `err`; "" where it says nothing.

    Attributes:
        is_partial: Another call of the same round, or an earlier attempt, wrote something or may have.
        is_for_another_wire: The same operation may succeed at once on a new connection.
        is_unsent: It was not begun.
    """

    def __init__(self, code: StatusCode, details: str = "", err: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.details = details
        self.err = err
        self.is_partial = False
        self.is_for_another_wire = False
        self.is_unsent = False

    @classmethod
    def unexpected(cls, what: str) -> "Failure":
        """Return the failure of an answer that this release does not understand."""
        return cls(StatusCode.UNKNOWN, what, "unexpected answer")

    @classmethod
    def late(cls) -> "Failure":
        """Return the failure of a call that was not begun, because it could end too late."""
        failure = cls(StatusCode.DEADLINE_EXCEEDED)
        failure.is_unsent = True
        return failure

    @property
    def is_throttled(self) -> bool:
        """True where the service refused for the rate of calls, so that the same call may succeed later."""
        return self.code is StatusCode.RESOURCE_EXHAUSTED and not self.is_too_large

    @property
    def is_too_large(self) -> bool:
        """True where the same call can never succeed for its size; gRPC's own bound of a message has no `err`."""
        if self.code is not StatusCode.RESOURCE_EXHAUSTED:
            return False
        return "size_limit" in self.err or "larger than max" in self.details

    @property
    def is_certainly_not_done(self) -> bool:
        """True where the call cannot have changed anything."""
        return not self.is_partial and (self.code in _NOT_DONE or self.never_connected or self.is_unsent)

    @property
    def never_connected(self) -> bool:
        """True where there was nobody to send the call to."""
        text = self.details.lower()
        return self.code is StatusCode.UNAVAILABLE and any(sign in text for sign in _NEVER_CONNECTED)

    @property
    def is_of_the_wire(self) -> bool:
        """True where it is the connection that failed, not the service behind it."""
        text = self.details.lower()
        is_lost = self.code is StatusCode.UNAVAILABLE and any(sign in text for sign in _CONNECTION_LOST)
        return is_lost or self.never_connected

    @property
    def may_pass(self) -> bool:
        """True where the same call, if it may be repeated, has a chance at once."""
        return self.is_throttled or (self.code in _PASSING and not self.never_connected)

    @property
    def is_missing_cache(self) -> bool:
        """True where there is no such cache."""
        return self.code is StatusCode.NOT_FOUND


def failure_of_rpc(error: grpc.RpcError) -> Failure:
    """Return what gRPC's exception tells."""
    call: Any = error
    failure = Failure(call.code(), call.details() or "", _err_in(call.trailing_metadata()))
    failure.__cause__ = error
    return failure


def raise_unless_there(error: grpc.RpcError) -> None:
    """Raise what gRPC's exception tells of a creation, unless it is that there is such a cache already."""
    failure = failure_of_rpc(error)
    if failure.code is not StatusCode.ALREADY_EXISTS:
        raise failure from error


def failure_of_closed(error: Exception) -> Failure:
    """Return what it means that a channel was closed under a call."""
    failure = Failure(StatusCode.CANCELLED)
    failure.__cause__ = error
    return failure


def failure_of_response(response: Any) -> Failure:
    """Return what the SDK's error response tells."""
    inner = getattr(response, "inner_exception", None)
    transport = getattr(inner, "transport_details", None)
    details: Any = getattr(transport, "grpc", None)
    if details is None:
        # The SDK's own failure: its cause is lost, and so is whether anything was sent.
        failure = Failure(
            StatusCode.UNKNOWN, "", str(getattr(getattr(response, "error_code", None), "name", "unknown"))
        )
    else:
        failure = Failure(details.code, details.details or "", _err_in(details.metadata))
    failure.__cause__ = inner
    return failure


def _err_in(metadata: Any) -> str:
    for key, value in metadata or ():
        if key == "err":
            return value if isinstance(value, str) else ""
    return ""


def translated(failure: Failure, deed: Deed, cache: str, target: str) -> StoreError:
    """Return the error of ours to raise, once nothing more can be done about a failure; `target` is where the service was asked."""
    status = failure.code.name if not failure.err else f"{failure.code.name}, {failure.err}"
    told = f"{NAME} could not do {deed}"
    if failure.is_too_large:
        return StoreLimit(f"{told}: it is too large ({status}); make it smaller, or cap the history by max_messages")
    if failure.is_throttled and failure.is_certainly_not_done:
        return StoreUnavailable(f"{told}: over the limit of calls ({status}); nothing was done; ask less, or raise it")
    if failure.is_missing_cache:
        return StoreRefused(
            f"{told}: there is no cache {cache!r} ({status}); create it in Momento's console, or open the store with create=true"
        )
    if failure.code is StatusCode.DEADLINE_EXCEEDED:
        return StoreTimeout(f"{told} in time ({status}); raise timeout, or ask less at once")
    if failure.is_certainly_not_done and failure.code is not StatusCode.UNAVAILABLE:
        why = _REFUSED.get(failure.code, "the service refused it")
        return StoreRefused(f"{told}: {why} ({status})")
    if deed.changes and not failure.is_certainly_not_done:
        return StoreTimeout(f"{told}: the answer was lost ({status}); it may have been done; reread before repeating")
    return StoreUnavailable(f"{told}: the service at {target} did not answer ({status}); nothing was done")
