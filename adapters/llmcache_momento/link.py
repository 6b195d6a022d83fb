"""What both colours of an opened store share: its settings, what it remembers, its connections, and whether it is closed.

Connections are made at first use, one for the blocking colour and one for each event loop, and again after a fork, because
gRPC's do not survive one. The old ones are kept, not closed: closing would speak on the parent's sockets.
"""

import asyncio
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from llmcache.errors import ClosedError
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.units import Instant
from llmcache_momento.errors import NAME
from llmcache_momento.generations import Generations
from llmcache_momento.layout import DEFAULT_TTL, MAX_BODY_BYTES, MAX_TTL
from llmcache_momento.outside import OutsideBodies
from llmcache_momento.settings import Account, Settings

_MOST_KEYS = 5_000


class Link:
    """One opened cache of one account.

    Args:
        account: Where the service is.
        settings: How it is asked.
        clock: Tells the time of day as the service does.
    """

    def __init__(
        self,
        account: Account,
        settings: Settings,
        clock: Callable[[], Instant] = time.time,
    ) -> None:
        self.account = account
        self.settings = settings
        self.generations = Generations(settings.lease, clock)
        self.outside = OutsideBodies(clock)
        self.capabilities = _capabilities(settings)
        self.is_created = False
        self.creating = threading.Lock()
        self._wire: Any = None
        self._async_wires: dict[asyncio.AbstractEventLoop, Any] = {}
        self._left_behind: list[Any] = []
        self.is_closed = False
        self._calls = 0
        self._idle = threading.Condition()
        _LINKS.add(self)

    def check_open(self, op: str) -> None:
        """Raise ClosedError where the store is closed."""
        if self.is_closed:
            raise ClosedError(f"{NAME} refused {op}: the store is closed; open the cache again")

    @contextmanager
    def in_use(self, op: str) -> Generator[Any]:
        """Give the connection of the blocking colour, open for one call; raises ClosedError where the store is closed."""
        with self._idle:
            self.check_open(op)
            wire = self._connected()
            wire.users += 1
            self._calls += 1
        try:
            yield wire
        finally:
            with self._idle:
                wire.users -= 1
                self._calls -= 1
                is_over = wire.is_retired and not wire.users
                self._idle.notify_all()
            if is_over:
                wire.close()

    @asynccontextmanager
    async def in_use_async(self, op: str) -> AsyncGenerator[Any]:
        """Give the connection of the running event loop, as `in_use`."""
        self.check_open(op)
        wire = self._connected_async()
        wire.users += 1
        try:
            yield wire
        finally:
            wire.users -= 1
            if wire.is_retired and not wire.users:
                await wire.close()

    def retire(self, wire: Any) -> None:
        """Let nobody begin to use a connection that broke; it is closed when the last one has left it.

        gRPC waits longer and longer before it connects again, and meanwhile refuses calls; a new connection waits for nothing.
        """
        with self._idle:
            wire.is_retired = True
            if self._wire is wire:
                self._wire = None
            self._async_wires = {loop: each for loop, each in self._async_wires.items() if each is not wire}

    def _connected(self) -> Any:
        if self._wire is None:
            from llmcache_momento.wire import Wire  # noqa: PLC0415 -- loads Momento's SDK, at first use

            self._wire = Wire(self.account, self.settings)
        return self._wire

    def _connected_async(self) -> Any:
        loop = asyncio.get_running_loop()
        wire = self._async_wires.get(loop)
        if wire is None:
            from llmcache_momento.async_wire import AsyncWire  # noqa: PLC0415 -- loads Momento's SDK, at first use

            wire = AsyncWire(self.account, self.settings)
            with self._idle:
                # A wire holds its loop, so that a weak map would never let go of either.
                self._async_wires = {each: its for each, its in self._async_wires.items() if not each.is_closed()}
                self._async_wires[loop] = wire
        return wire

    def close(self) -> None:
        """Refuse every call from now on, wait for those that are in flight, and give the connections back."""
        if not self._refuse():
            return
        self._drain()
        self._give_back()

    async def close_async(self) -> None:
        """As `close`, without standing in the way of the event loop."""
        if not self._refuse():
            return
        wire = self._async_wires.pop(asyncio.get_running_loop(), None)
        if wire is not None:
            await wire.close()
        await asyncio.to_thread(self._drain)
        await asyncio.to_thread(self._give_back)

    def _refuse(self) -> bool:
        with self._idle:
            was_open, self.is_closed = not self.is_closed, True
        return was_open

    def _drain(self) -> None:
        # Without an end of its own: every call has a time limit, and to close under one would end the process (see `wire`).
        with self._idle:
            self._idle.wait_for(lambda: not self._calls)

    def _give_back(self) -> None:
        # What belongs to other loops cannot be closed from here; it is closed when it is collected.
        self._async_wires = {}
        if self._wire is not None:
            self._wire.close()

    def after_fork(self) -> None:
        """In the child: leave the parent's connections alone; its calls are not ours."""
        self._left_behind += [self._wire, *self._async_wires.values()]
        self._wire = None
        self._async_wires = {}
        self._idle, self._calls = threading.Condition(), 0
        self.creating = threading.Lock()


_LINKS: weakref.WeakSet[Link] = weakref.WeakSet()


def _after_fork() -> None:
    for link in tuple(_LINKS):
        link.after_fork()


os.register_at_fork(after_in_child=_after_fork)


def _capabilities(settings: Settings) -> Capabilities:
    return Capabilities(
        log=True,
        persistent=True,
        shared=True,
        server_makes_room=True,
        limits=Limits(
            max_body_bytes=MAX_BODY_BYTES,
            max_ttl=MAX_TTL,
            default_ttl=DEFAULT_TTL,
            max_batch=_MOST_KEYS,
            ttl_resolution=settings.ttl_resolution,
            timeout=settings.timeout,
        ),
    )
