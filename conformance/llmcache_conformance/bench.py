"""What a case works with: an open store in a corner of its own, a clock, and names nobody used before."""

import asyncio
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import cast

from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.blocking import BlockingWorld
from llmcache.drivers.indexed import indexed
from llmcache.drivers.offload import Offloaded
from llmcache.drivers.worlds import Surroundings
from llmcache.model.capabilities import Capabilities
from llmcache.model.event import Told
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore
from llmcache.protocols.log import AsyncLogStore, LogStore
from llmcache.protocols.scan import AsyncScanStore, ScanStore
from llmcache.protocols.steps import Op, R
from llmcache.protocols.whole import Store, StorePair
from llmcache_conformance.clock import Clock, OwnClock
from llmcache_conformance.ops import Await, Elsewhere, Pass
from llmcache_conformance.subject import Opening

_MEANWHILE: Seconds = 10.0


class Handle:
    """One opened store with both of its colours as worlds."""

    def __init__(self, pair: StorePair, clock: Clock) -> None:
        if pair.blocking is None:
            raise TypeError("a store is checked in both colours; this one has no blocking colour")
        self.capabilities: Capabilities = pair.blocking.capabilities
        self.blocking = _blocking_world(pair.blocking, clock)
        self.awaiting = _awaiting_world(pair.awaiting or _offloaded(pair.blocking), clock)

    def close(self) -> None:
        """Close both colours: what they share once, and the threads that either may have of its own."""
        self.blocking.store.close()
        asyncio.run(self.awaiting.store.close())


class Bench:
    """The surroundings of one run of one case."""

    def __init__(self, handle: Handle, clock: Clock, second: Handle | None) -> None:
        self.handle = handle
        self.capabilities = handle.capabilities
        self._clock = clock
        self._second = second
        self._numbers = count(1)
        self.root = Namespace(("conformance", secrets.token_hex(8)))
        self._spaces: set[Space] = set()

    def space(self, *below: str, kind: Kind = Kind.RESPONSE) -> Space:
        """Return the space of `kind` in the namespace `below` this run's own; nothing below means its own."""
        space = Space(self.root.child(below) if below else self.root, kind)
        self._spaces.add(space)
        return space

    def sweep(self, store: KeyValueStore) -> None:
        """Clear every space that was given out: a store that others use, too, is left as it was found."""
        for space in self._spaces:
            store.clear(space)

    def key(self, name: str | None = None, kind: Kind = Kind.RESPONSE) -> Key:
        """Return the key `name` in this run's own namespace; without a name, one that was not given before."""
        return Key(self.space(kind=kind), f"{next(self._numbers):064x}" if name is None else name)

    def keys(self, many: int) -> list[Key]:
        """Return `many` keys that were not given before."""
        return [self.key() for _ in range(many)]

    def log(self, name: str | None = None) -> Key:
        """Return the key of a log; without a name, one that was not given before."""
        return self.key(f"session {next(self._numbers)}" if name is None else name, Kind.HISTORY)

    def index(self, name: str | None = None, kind: Kind = Kind.VECTORS) -> Key:
        """Return the key of a vector index; without a name, one that was not given before."""
        return self.key(f"index {next(self._numbers)}" if name is None else name, kind)

    def passing(self, seconds: Seconds) -> Op[None]:
        """Return the op that lets time pass, however much; a case that uses it needs a clock that can be set."""
        return Pass(self._clock, seconds)

    def waiting(self, seconds: Seconds) -> Op[None]:
        """Return the op that lets a short time pass, on every store: where its clock cannot be set it is waited for."""
        return Await(self._clock, seconds)

    def elsewhere(self, op: Op[R]) -> Op[R]:
        """Return the op that does `op` through a second handle on the same store."""
        if self._second is None:
            raise TypeError("this store has no second handle; the case must say that it needs one")
        return Elsewhere(op, self._second.blocking, self._second.awaiting)

    @property
    def resolution(self) -> Seconds:
        """How much longer than its time to live an entry may live."""
        return self.capabilities.limits.ttl_resolution

    @property
    def news_delay(self) -> Seconds:
        """How long the store may take to tell of a change."""
        return self.capabilities.limits.news_delay

    @property
    def slack(self) -> Seconds:
        """How far seconds left to live may be off: the resolution, and on a clock that goes on what may have passed."""
        return self.resolution + (_MEANWHILE if isinstance(self._clock, OwnClock) else 0.0)


@contextmanager
def opened(pair: StorePair, clock: Clock) -> Generator[Handle]:
    """Close the store of `pair` at the end of the block."""
    handle = Handle(pair, clock)
    try:
        yield handle
    finally:
        handle.close()


def with_vectors(opening: Opening) -> Opening:
    """Return what opens the same store as one that keeps vectors: by itself where it declares that, else in its logs."""
    return lambda clock: indexed(opening(clock), Surroundings(clock, time.monotonic, _heard))


def _offloaded(blocking: KeyValueStore) -> AsyncKeyValueStore:
    """Return the async colour that llmcache itself makes of a store that only blocks."""
    return Offloaded(cast(Store, blocking))


def _heard(event: Told) -> None:
    """Let the event go: stores tell nothing that a case asks for."""


def _blocking_world(store: KeyValueStore, clock: Clock) -> BlockingWorld:
    # A case that needs a log or a scan says so, and is not run on a store that does not declare it.
    return BlockingWorld(store, cast(LogStore, store), cast(ScanStore, store), clock, time.monotonic, _heard)


def _awaiting_world(store: AsyncKeyValueStore, clock: Clock) -> AwaitingWorld:
    return AwaitingWorld(store, cast(AsyncLogStore, store), cast(AsyncScanStore, store), clock, time.monotonic, _heard)
