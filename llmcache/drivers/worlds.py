"""Worlds made of an opened store: the one place that says what a store without an ability answers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.blocking import BlockingWorld
from llmcache.drivers.offload import Offloaded
from llmcache.errors import UnsupportedError
from llmcache.memory.flights import LocalFlights
from llmcache.model.event import Told
from llmcache.model.units import Instant
from llmcache.protocols.background import Background, Nowhere
from llmcache.protocols.flights import Flights
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore
from llmcache.protocols.log import AsyncLogStore, LogStore
from llmcache.protocols.scan import AsyncScanStore, ScanStore
from llmcache.protocols.whole import AsyncStore, Store, StorePair
from llmcache.protocols.world import Around

_NO_LOGS = "does not keep conversations;"
_NO_LISTING = "cannot be listed; give the whole key, or"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """An `Around` made of its parts."""

    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    emit: Callable[[Told], None]
    flights: Flights = field(default_factory=LocalFlights)
    background: Background = field(default_factory=Nowhere)


class Lacking:
    """Stands in for an ability that a store does not declare: any use says so."""

    def __init__(self, store_name: str, lack: str) -> None:
        self._message = f"the {store_name} store {lack} choose another store, for example sqlite:"

    def __getattr__(self, method: str) -> object:
        raise UnsupportedError(self._message)


def blocking_world(given: KeyValueStore, around: Around) -> BlockingWorld:
    """Return the world for the blocking driver; an ability that the store does not declare raises UnsupportedError."""
    store = cast(Store, given)
    log = store if store.capabilities.log else cast(LogStore, Lacking(store.name, _NO_LOGS))
    scan = store if store.capabilities.scan else cast(ScanStore, Lacking(store.name, _NO_LISTING))
    return BlockingWorld(store, log, scan, around.now, around.monotonic, around.emit, around.flights, around.background)


def awaiting_world(given: AsyncKeyValueStore, around: Around) -> AwaitingWorld:
    """Return the world for the async driver, as `blocking_world`."""
    store = cast(AsyncStore, given)
    log = store if store.capabilities.log else cast(AsyncLogStore, Lacking(store.name, _NO_LOGS))
    scan = store if store.capabilities.scan else cast(AsyncScanStore, Lacking(store.name, _NO_LISTING))
    return AwaitingWorld(store, log, scan, around.now, around.monotonic, around.emit, around.flights, around.background)


def in_both_colours(pair: StorePair) -> StorePair:
    """Return `pair` with an async colour: its own, or the blocking one in threads."""
    return replace(pair, awaiting=Offloaded(cast(Store, pair.blocking))) if pair.awaiting is None else pair


def close_blocking(pair: StorePair) -> None:
    """Close both colours, blocking; one without a blocking colour must be closed by awaiting."""
    if isinstance(pair.awaiting, Offloaded):
        pair.awaiting.close_both()
    if pair.blocking is not None:
        pair.blocking.close()
