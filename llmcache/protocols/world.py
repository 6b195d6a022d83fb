"""What ops act on: a store, a clock, and somebody who listens."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from llmcache.model.event import Told
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.background import Background
from llmcache.protocols.flights import Flights
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore
from llmcache.protocols.log import AsyncLogStore, LogStore
from llmcache.protocols.scan import AsyncScanStore, ScanStore

T = TypeVar("T")


class Around(Protocol):
    """The part of the world that has no colour: time, a listener, the calls under way, and what nobody waits for."""

    def now(self) -> Instant:
        """Return the time of day, for the times inside entries."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps, for measuring durations."""
        ...

    def emit(self, event: Told, /) -> None:
        """Tell the listener; never raises."""
        ...

    @property
    def flights(self) -> Flights:
        """Who asks a model for what right now."""
        ...

    @property
    def background(self) -> Background:
        """What is done behind the caller's back."""
        ...


class World(Around, Protocol):
    """What ops act on when a driver may block."""

    def pause(self, seconds: Seconds, /) -> None:
        """Do nothing for so long."""
        ...

    @property
    def store(self) -> KeyValueStore:
        """The store that holds entries."""
        ...

    @property
    def log_store(self) -> LogStore:
        """The same store, as one that keeps logs; UnsupportedError where it cannot."""
        ...

    @property
    def scan_store(self) -> ScanStore:
        """The same store, as one that lists itself; UnsupportedError where it cannot."""
        ...


class AsyncWorld(Around, Protocol):
    """What ops act on when a driver awaits."""

    def aside(self, function: Callable[[], T], /) -> Awaitable[T]:
        """Call a function in a thread, and let others run meanwhile."""
        ...

    def pause(self, seconds: Seconds, /) -> Awaitable[None]:
        """Do nothing for so long, and let others run."""
        ...

    @property
    def store(self) -> AsyncKeyValueStore:
        """The store that holds entries."""
        ...

    @property
    def log_store(self) -> AsyncLogStore:
        """The same store, as one that keeps logs; UnsupportedError where it cannot."""
        ...

    @property
    def scan_store(self) -> AsyncScanStore:
        """The same store, as one that lists itself; UnsupportedError where it cannot."""
        ...
