"""The thread that writes what a store behind it has accepted before it was written, and what is shared with that thread.

Puts are written in the order they came in. What fails in passing is tried again until room is needed or the cache is closed; what the
store refuses is dropped and told. A child process begins with nothing to write: what waits is its parent's to write. A program
that ends without closing writes what waits first, for a bounded time.
"""

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from llmcache.errors import StoreLimit, StoreTimeout, StoreUnavailable
from llmcache.memory.backlog import Backlog, Waiting
from llmcache.memory.forking import lock_across_forks
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import KeyValueStore, Put
from llmcache.protocols.world import Around

LONGEST_END: Final[Seconds] = 2.0
"""How long closing, and the end of the program, wait for what is not yet written."""

_PAUSE: Final[Seconds] = 0.25
_BATCH: Final = 64
_PASSING: Final = (StoreUnavailable, StoreTimeout)


@dataclass(frozen=True, slots=True)
class Flight:
    """The puts that are being written.

    Attributes:
        keys: Theirs.
        landed: Has a result when they are written or not.
    """

    keys: frozenset[Key]
    landed: "Future[None]" = field(default_factory=Future)


class Draining:
    """What waits to be written on one store, and the thread that writes it.

    Args:
        store: Written to, by its blocking colour.
        around: The clock, and who is told of what could not be written.
        make: Makes an empty backlog.
    """

    def __init__(self, store: KeyValueStore, around: Around, make: Callable[[], Backlog]) -> None:
        self._store = store
        self._around = around
        self._make = make
        self._changed = threading.Condition(lock_across_forks())
        self._most = min(_BATCH, store.capabilities.limits.max_batch or _BATCH)
        self._begin()
        _OPEN.add(self)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._backlog = self._make()
        self._flight: Flight | None = None
        self._is_ending = False
        self._thread: threading.Thread | None = None
        self.ended: Future[None] = Future()

    def accept(self, puts: Sequence[Put]) -> list[Waiting] | None:
        """Have `puts` written soon; return what was dropped for them, or None where they must be written at once."""
        with self._changed:
            self._here()
            if self._is_ending or not self._backlog.takes(puts) or not self._has_thread():
                return None
            dropped = self._backlog.add(puts, self._around.monotonic())
            self._changed.notify_all()
            return dropped

    def waiting(self, keys: Sequence[Key]) -> dict[Key, bytes | None]:
        """Return what waits under those of `keys` that something waits under; None where its time is over."""
        if not self._backlog:
            return {}
        with self._changed:
            self._here()
            now = self._around.monotonic()
            return {key: self._backlog.body(key, now) for key in keys if key in self._backlog}

    def take(self, chosen: Callable[[Key], bool]) -> list[Waiting] | Flight:
        """Take out what waits under the chosen keys; where some of it is being written, return that flight instead."""
        with self._changed:
            self._here()
            if self._flight is not None and any(map(chosen, self._flight.keys)):
                return self._flight
            return self._backlog.take(list(filter(chosen, self._backlog.keys())))

    def give_back(self, taken: Sequence[Waiting]) -> None:
        """Have what was taken out written after all."""
        with self._changed:
            self._backlog.add_again(taken)
            self._changed.notify_all()

    def left(self, taken: Sequence[Waiting]) -> list[Put]:
        """Return puts with the time to live that they have left."""
        now = self._around.monotonic()
        return [waiting.left(now) for waiting in taken]

    def end(self) -> None:
        """Accept nothing any more; `ended` has a result when what waits is written, or cannot be."""
        with self._changed:
            self._here()
            self._is_ending = True
            if self._thread is None and not self.ended.done():
                self.ended.set_result(None)
            self._changed.notify_all()

    def abandon(self) -> list[Waiting]:
        """Forget what is still not written, and return it."""
        with self._changed:
            return self._backlog.take(self._backlog.keys())

    def _here(self) -> None:
        if self._process != os.getpid():
            self._begin()

    def _has_thread(self) -> bool:
        """Start the thread if there is none; False where none can be had."""
        if self._thread is None:
            name = f"llmcache-{self._store.name}-writer"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
        return True

    def _work(self) -> None:
        ended = self.ended
        try:
            while (batch := self._next()) is not None:
                if not self._written(batch):
                    self._pause()
        finally:
            ended.set_result(None)

    def _next(self) -> list[Waiting] | None:
        with self._changed:
            while not self._backlog:
                if self._is_ending:
                    return None
                self._changed.wait()
            batch = self._backlog.oldest(self._most)
            self._flight = Flight(frozenset(waiting.put.key for waiting in batch))
            return batch

    def _written(self, batch: list[Waiting]) -> bool:
        """Write a batch, and forget what need not be tried again; False where something must be."""
        done: list[Waiting] = []
        try:
            return self._tried(batch, done)
        finally:
            with self._changed:
                self._backlog.written(done)
                flight, self._flight = self._flight, None
            if flight is not None:
                flight.landed.set_result(None)

    def _tried(self, batch: list[Waiting], done: list[Waiting]) -> bool:
        try:
            self._store.put_many(self.left(batch))
        except _PASSING:
            return False
        except Exception as error:  # noqa: BLE001 -- told by its class; nobody waits for it here
            if len(batch) > 1:
                # One of them is what the store does not take: the others are written.
                return all(self._tried([waiting], done) for waiting in batch)
            what = Happening.TOO_LARGE if isinstance(error, StoreLimit) else Happening.STORE_FAILED
            self._around.emit(Event(what, batch[0].put.key.digest, type(error).__name__))
        done += batch
        return True

    def _pause(self) -> None:
        """Wait before the next attempt; where the cache is being closed there is none."""
        with self._changed:
            is_ending = self._changed.wait_for(lambda: self._is_ending, _PAUSE)
            dropped = self._backlog.take(self._backlog.keys()) if is_ending else []
        for waiting in dropped:
            self._around.emit(Event(Happening.DROPPED, waiting.put.key.digest))


_OPEN: "weakref.WeakSet[Draining]" = weakref.WeakSet()


def _end_all() -> None:
    ends = time.monotonic() + LONGEST_END
    drains = list(_OPEN)
    for drain in drains:
        drain.end()
    for drain in drains:
        try:
            drain.ended.result(max(0.0, ends - time.monotonic()))
        except TimeoutError:
            return


atexit.register(_end_all)
