"""What is checked: a store, and how to open it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from llmcache.model.units import Seconds
from llmcache.protocols.whole import StorePair
from llmcache_conformance.clock import Clock, OwnClock

Opening = Callable[[Clock], StorePair]


class Server(NamedTuple):
    """Where a server listens; as text, HOST:PORT."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Ways = Mapping[Server, Server]
"""Where a proxy stands before each server."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How to reach a store that lives behind sockets, so that a proxy can be put between.

    Args:
        servers: Every server that the store may talk to; of most stores there is one.
        through: Opens the store so that it talks to each server by way of the address beside it, with the clock given. A
            store that learns of servers from others goes by those ways, too.
        deadline: No call may take longer than this, whatever happens on the wire.
    """

    servers: tuple[Server, ...]
    through: Callable[[Ways, Clock], StorePair]
    deadline: Seconds = 10.0


@dataclass(frozen=True, slots=True)
class Subject:
    """A store to check.

    Args:
        name: For test ids and messages.
        open: Opens the store with the clock given; it may hold anything outside the namespaces of a run.
        open_small: Opens one that a few hundred KiB of bodies fill, which makes room by evicting; None where
            the store does not bound itself.
        opens_same: Every call of `open` gives another handle on the same data.
        wire: How to reach it through a proxy; None where it is not behind a socket.
        own_clock: The store counts time itself, so the clock given is not the one entries expire by.
        url: The same store for another process: its URL, or "python:package.module:function" for a function that is given
            a clock and opens it; "" where there is neither.
    """

    name: str
    open: Opening
    open_small: Opening | None = None
    opens_same: bool = False
    wire: Wire | None = None
    own_clock: bool = False
    url: str = ""

    def clock(self) -> Clock:
        """Return a new clock to open the store with."""
        return OwnClock() if self.own_clock else Clock()
