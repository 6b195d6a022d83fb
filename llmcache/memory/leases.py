"""Leases that this process holds: renewed while their flights are under way, and given back when those are over.

A lease tells other processes that somebody asks a model for a key right now. It is an entry like any other, with a short
time to live, so that a process that is killed holds nobody up for longer. Blocking callers have one thread for all leases,
which is there only while there are any; in asyncio code each lease has a task. What fails here is not told: a lease that
could not be renewed or given back ends by itself, and costs at most another call.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Protocol

from llmcache.model.units import Seconds
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore, Put

if TYPE_CHECKING:
    from asyncio import Event, Task

RENEWALS: Final = 3
"""How often a lease is renewed within its time to live."""

RAREST_LOOK: Final[Seconds] = 0.25
"""How long a leader may be gone before its lease is given back."""


class Led(Protocol):
    """What a lease follows: a flight, seen by those who lead it."""

    @property
    def is_over(self) -> bool:
        """True where it has landed or was abandoned."""
        ...

    def look_after(self) -> None:
        """Abandon it where its leader is gone."""
        ...

    def when_over(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when it is over, from any thread; at once where it is."""
        ...


@dataclass(eq=False, slots=True)
class Held:
    """One lease of a blocking caller."""

    flight: Led
    lease: Put
    store: KeyValueStore
    due: float


class Leases:
    """Keeps the leases of one open cache."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        # No lock across forks: a child begins anew.
        self._lock = threading.RLock()
        # Whoever ends a flight puts something in, perhaps from a finalizer in the middle of anything: it may take no lock.
        self._woken: SimpleQueue[None] = SimpleQueue()
        self._process = os.getpid()
        self._is_closed = False
        self._held: list[Held] = []
        self._thread: threading.Thread | None = None
        self._tasks: dict[Task[None], Event] = {}

    def hold(self, flight: Led, lease: Put, store: KeyValueStore) -> None:
        """Renew `lease`, which is in the store or about to be, until `flight` is over; then give it back. Another's is left alone."""
        held = Held(flight, lease, store, time.monotonic() + _between(lease))
        if self._process != os.getpid():
            # What the parent leads, the parent keeps. A child has no thread of it, and must not take its leases.
            self._begin()
        with self._lock:
            if self._is_closed:
                return
            self._held.append(held)
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="llmcache-leases", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    # No thread is to be had: the lease is not renewed, and ends by itself.
                    self._thread, self._held = None, []
        flight.when_over(self._notify)

    def hold_async(self, flight: Led, lease: Put, store: AsyncKeyValueStore) -> None:
        """As `hold`, by a task of the running loop."""
        import asyncio  # noqa: PLC0415 -- blocking users never need it

        if self._process != os.getpid():
            self._begin()
        if self._is_closed:
            return
        enough = asyncio.Event()
        task = asyncio.get_running_loop().create_task(_kept(flight, lease, store, enough))
        self._tasks[task] = enough
        task.add_done_callback(self._tasks.pop)

    def close(self) -> None:
        """Give back every lease; those of tasks by the loops they run in."""
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            self._is_closed = True
            thread = self._thread
            for held in self._held:
                held.due = float("-inf")
        self._notify()
        if thread is not None:
            thread.join()
        for task, enough in tuple(self._tasks.items()):
            with suppress(RuntimeError):  # its loop is closed
                task.get_loop().call_soon_threadsafe(enough.set)

    async def close_async(self) -> None:
        """As `close`; leases of this loop have been given back when it returns."""
        import asyncio  # noqa: PLC0415 -- as above

        loop = asyncio.get_running_loop()
        mine = {task: enough for task, enough in tuple(self._tasks.items()) if task.get_loop() is loop}
        for enough in mine.values():
            enough.set()
        await asyncio.gather(*mine, return_exceptions=True)
        await loop.run_in_executor(None, self.close)

    def _notify(self) -> None:
        self._woken.put(None)

    def _keep(self) -> None:
        while True:
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
                soonest = min(held.due for held in self._held) - time.monotonic()
            with suppress(Empty):
                self._woken.get(timeout=max(0.0, min(soonest, RAREST_LOOK)))
            with self._lock:
                now = list(self._held)
            over = [held for held in now if not _goes_on(held)]
            with self._lock:
                self._held = [held for held in self._held if held not in over]


def _goes_on(held: Held) -> bool:
    """Do what is due for one lease; False where it is given back or lost."""
    held.flight.look_after()
    if held.flight.is_over or held.due == float("-inf"):
        with suppress(Exception):
            held.store.delete_if_equal(held.lease.key, held.lease.body)
        return False
    if held.due > time.monotonic():
        return True
    held.due = time.monotonic() + _between(held.lease)
    with suppress(Exception):
        (body,) = held.store.get_many((held.lease.key,))
        if body != held.lease.body:
            return False
        held.store.put_many((held.lease,))
    return True


async def _kept(flight: Led, lease: Put, store: AsyncKeyValueStore, enough: "Event") -> None:
    """Renew a lease until its flight is over or `enough` is set, and give it back; also where the task is cancelled."""
    import asyncio  # noqa: PLC0415 -- runs in a loop

    loop = asyncio.get_running_loop()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: the lease ends by itself
            loop.call_soon_threadsafe(enough.set)

    flight.when_over(wake)
    due = loop.time() + _between(lease)
    try:
        while not enough.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), RAREST_LOOK)
            flight.look_after()
            if not enough.is_set() and loop.time() >= due:
                due = loop.time() + _between(lease)
                with suppress(Exception):
                    if [lease.body] != list(await store.get_many((lease.key,))):
                        return
                    await store.put_many((lease,))
    finally:
        try:
            await _given_back(lease, store)
        except asyncio.CancelledError:
            await _given_back(lease, store)
            raise


async def _given_back(lease: Put, store: AsyncKeyValueStore) -> None:
    with suppress(Exception):
        await store.delete_if_equal(lease.key, lease.body)


def _between(lease: Put) -> Seconds:
    assert lease.ttl is not None
    return lease.ttl / RENEWALS
