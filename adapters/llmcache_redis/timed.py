"""Blocking connections that keep one deadline for all of a call.

redis-py's time limits count anew at each read of the socket, so a server that sends a byte now and then is waited for
without end. Here each step gets what is left of the call's time.
"""

import select
import socket
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, cast

from redis import exceptions as foreign

from llmcache.model.units import Seconds
from llmcache_redis.deadline import Deadline

_NO_TIME = 1e-6


class Dialled(Protocol):
    """What this package uses of a connection of redis-py, blocking."""

    deadline: Deadline | None

    def connect(self) -> None:
        """Connect, and introduce oneself."""
        ...

    def disconnect(self) -> None:
        """Close the socket."""
        ...

    def can_read(self) -> bool:
        """Tell whether something has arrived."""
        ...

    def send_packed_command(self, packed: Any, check_health: bool = True) -> None:
        """Send bytes."""
        ...

    def read_response(self) -> Any:
        """Return the next reply."""
        ...


class DeadlineSocket:
    """A connected socket that gives each of its steps the time left of its connection's deadline."""

    __slots__ = ("_connection", "_poll", "_socket")

    def __init__(self, connected: socket.socket, connection: "_Timed") -> None:
        self._socket = connected
        self._connection = connection
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def is_quiet(self) -> bool:
        """True where nothing has arrived, not even the end."""
        return not self._poll.poll(0)

    def recv_into(self, *arguments: Any) -> int:
        """As of a socket."""
        self._socket.settimeout(self._connection.socket_timeout)
        return self._socket.recv_into(*arguments)

    def recv(self, *arguments: Any) -> bytes:
        """As of a socket."""
        self._socket.settimeout(self._connection.socket_timeout)
        return self._socket.recv(*arguments)

    def sendall(self, sent: bytes) -> None:
        """As of a socket."""
        self._socket.settimeout(self._connection.socket_timeout)
        self._socket.sendall(sent)

    def settimeout(self, seconds: Seconds | None) -> None:
        """Do nothing: the deadline decides."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _Timed:
    """Goes before a connection class of redis-py."""

    deadline: Deadline | None = None

    @property
    def socket_timeout(self) -> Seconds:
        """What is left, as the rest of redis-py asks for it: at every step."""
        # Zero would mean "do not wait at all", which is another kind of error.
        return _NO_TIME if self.deadline is None else max(self.deadline.left(), _NO_TIME)

    @socket_timeout.setter
    def socket_timeout(self, ignored: object) -> None:
        pass

    socket_connect_timeout = socket_timeout

    def _connect(self) -> DeadlineSocket:
        connect = cast(Callable[[], socket.socket], super()._connect)  # type: ignore[misc]  # of the class behind this one
        return DeadlineSocket(connect(), self)


def is_quiet(connection: Dialled) -> bool:
    """True where nothing has arrived: what arrives between calls is the end of the connection, or not meant for us."""
    connected = getattr(connection, "_sock", None)
    if isinstance(connected, DeadlineSocket):
        return connected.is_quiet()
    try:
        return not connection.can_read()
    except (foreign.RedisError, OSError):
        return False


@cache
def timed(made: type) -> type:
    """Return the class with a deadline; a class that is not redis-py's only gets the attribute."""
    if made.__module__ != "redis.connection":
        return type(made.__name__, (made,), {"deadline": None})
    return type(f"Timed{made.__name__}", (_Timed, made), {})
