"""A memory store behind a socket: the client of the reference that the checks of faults are tested on.

It shows, in few lines, what they ask of any store that lives behind one: a deadline for the whole call, a connection that
is never used again once anything went wrong on it, and a number for each call, so that asking again does nothing twice.
"""

import secrets
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

from llmcache import errors
from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError, StoreTimeout, StoreUnavailable
from llmcache.memory import MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_append, check_body, check_keys, check_puts, check_scan
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.whole import StorePair
from llmcache_conformance.remote.messages import as_line, from_line

_ATTEMPTS = 2
_DECLARED = Capabilities(log=True, scan=True, shared=True, limits=MemoryStore(max_bytes=1 << 24).capabilities.limits)
# Calls that change nothing, so that an answer that was lost means nothing was done.
_READS = frozenset({"get_many", "read_log", "log_length", "spaces", "scan"})


class RemoteStore:
    """Keeps entries and logs on a `MemoryServer`; obeys `Store`.

    Args:
        host: Where the server is.
        port: Its port.
        deadline: Seconds that a call may take in all.
    """

    def __init__(self, host: str, port: int, deadline: Seconds = 1.0) -> None:
        self._target = (host, port)
        self._deadline = deadline
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []
        self._is_closed = False

    @property
    def name(self) -> str:
        return "remote"

    @property
    def capabilities(self) -> Capabilities:
        return replace(_DECLARED, limits=replace(_DECLARED.limits, timeout=self._deadline))

    def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        self._open("get_many")
        check_keys(keys, _DECLARED.limits, self.name, "get_many")
        found: list[bytes | None] = self.ask("get_many", keys)
        return found

    def put_many(self, puts: Sequence[Put]) -> None:
        self._open("put_many")
        check_puts(puts, _DECLARED.limits, self.name)
        self.ask("put_many", puts)

    def put_if_absent(self, put: Put) -> bool:
        self._open("put_if_absent")
        check_puts((put,), _DECLARED.limits, self.name, "put_if_absent")
        return bool(self.ask("put_if_absent", put))

    def delete_many(self, keys: Sequence[Key]) -> None:
        self._open("delete_many")
        self.ask("delete_many", keys)

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        self._open("delete_if_equal")
        check_body(key, body, self.name, "delete_if_equal")
        return bool(self.ask("delete_if_equal", key, body))

    def clear(self, space: Space) -> None:
        self._open("clear")
        self.ask("clear", space)

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        self._open("append")
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=_DECLARED.limits, store=self.name)
        return int(self.ask("append", log, bodies, max_length=max_length, ttl=ttl))

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> Sequence[bytes]:
        self._open("read_log")
        found: list[bytes] = self.ask("read_log", log, start, stop)
        return found

    def log_length(self, log: Key) -> int:
        self._open("log_length")
        return int(self.ask("log_length", log))

    def delete_log(self, log: Key) -> None:
        self._open("delete_log")
        self.ask("delete_log", log)

    def spaces(self) -> Sequence[SpaceUse]:
        self._open("spaces")
        found: list[SpaceUse] = self.ask("spaces")
        return found

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        self._open("scan")
        check_scan(space, after, count, self.name)
        found: list[Listed] = self.ask("scan", space, after=after, count=count)
        return found

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        with self._lock:
            self._is_closed, idle, self._idle = True, self._idle, []
        for connection in idle:
            connection.close()

    def ask(self, call: str, *arguments: Any, **options: Any) -> Any:
        """Have the server do a call, and ask again once where its answer was lost."""
        line = as_line([secrets.token_hex(8), call, arguments, options])
        ends = time.monotonic() + self._deadline
        for attempt in range(_ATTEMPTS):
            connection: socket.socket | None = None
            try:
                connection = self._connection(ends)
                answer = self._exchanged(connection, line, ends)
            except (OSError, ValueError) as error:
                if attempt + 1 == _ATTEMPTS or isinstance(error, TimeoutError):
                    self.give_up(call, error, was_sent=connection is not None)
            else:
                self._put_back(connection)
                return _answer(answer)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _exchanged(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        """Return the answer, or close the connection: what is left on it belongs to nobody."""
        try:
            return self.exchange(connection, line, ends)
        except BaseException:
            connection.close()
            raise

    def exchange(self, connection: socket.socket, line: bytes, ends: float) -> Any:
        """Send a line and return what the line says that comes back."""
        connection.settimeout(_left(ends))
        connection.sendall(line)
        received = bytearray()
        while not received.endswith(b"\n"):
            connection.settimeout(_left(ends))
            piece = connection.recv(1 << 16)
            if not piece:
                raise ConnectionError("the server hung up")
            received += piece
        return from_line(bytes(received))

    def give_up(self, call: str, error: Exception, *, was_sent: bool) -> NoReturn:
        """Raise what the caller must know: whether the call may have been done."""
        if was_sent and call not in _READS:
            raise StoreTimeout(f"{self.name} {call}: no answer ({type(error).__name__}); it may be done") from error
        if isinstance(error, TimeoutError):
            raise StoreTimeout(f"{self.name} {call}: no answer within {self._deadline:g} s") from error
        raise StoreUnavailable(f"{self.name} {call}: {type(error).__name__}; nothing was done") from error

    def _connection(self, ends: float) -> socket.socket:
        with self._lock, suppress(IndexError):
            return self._idle.pop()
        return socket.create_connection(self._target, timeout=_left(ends))

    def _put_back(self, connection: socket.socket) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self, op: str) -> None:
        if self._is_closed:
            raise ClosedError(f"{self.name} was closed before {op}")


def open_remote(host: str, port: int, *, deadline: Seconds = 1.0) -> StorePair:
    """Open both colours of the store on a server."""
    blocking = RemoteStore(host, port, deadline)
    return StorePair(blocking, Offloaded(blocking))


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _answer(answer: Any) -> Any:
    kind, value = answer
    if kind == "ok":
        return value
    error: type[Exception] = getattr(errors, kind)
    raise error(value)
