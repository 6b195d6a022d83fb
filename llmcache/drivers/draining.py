"""The thread that writes what a store behind it has accepted before it was written, and what is shared with that thread.

Puts are written in the order they came in. What fails in passing is tried again until room is needed or the cache is closed; what the
store refuses is dropped and told. Nobody but the thread writes what waits: others wish for it to be written next. A child
process begins with nothing to write: what waits is its parent's to write. A program that ends without closing writes what waits
first, for a bounded time.
"""

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Final

from llmcache.errors import StoreLimit, StoreTimeout, StoreUnavailable
from llmcache.memory.backlog import Backlog, Waiting
from llmcache.memory.forking import lock_across_forks
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import KeyValueStore, Put
from llmcache.protocols.world import Around

MOST_WAITING: Final = 10_000
"""Most puts that wait at the same time, whatever their size."""

LONGEST_END: Final[Seconds] = 2.0
"""How long closing, and the end of the program, wait for what is not yet written."""

_PAUSE: Final[Seconds] = 0.25
_LONG_CALL: Final[Seconds] = 5.0  # of a store that says nothing about it; what others get as their deadline
_BATCH: Final = 64
_PASSING: Final = (StoreUnavailable, StoreTimeout)


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What somebody needs to be in the store before they do something to the same keys.

    What is put under those keys once nothing is missing is written when they are done: in the middle of it, a change could undo
    what is still read from the backlog.

    Attributes:
        chosen: True for the keys.
        missing: What is still to be written; what is put in its place meanwhile takes its place here, too.
        ended: Has a result when there is none, or with the error that kept one from being written.
    """

    chosen: Callable[[Key], bool]
    missing: set[Waiting]
    ended: "Future[Exception | None]" = field(default_factory=Future)


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
        limits = store.capabilities.limits
        self._changed = threading.Condition(lock_across_forks())
        self._most = min(_BATCH, limits.max_batch or _BATCH)
        self.longest: Seconds = -(-MOST_WAITING // self._most) * (limits.timeout or _LONG_CALL)
        """How long a put may wait, on a store that takes what it is given: as many calls as write a full backlog, each of the longest."""
        self._begin()
        _OPEN.add(self)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._backlog = self._make()
        self._flight: Sequence[Waiting] = ()
        self._wishes: list[Wish] = []
        self._is_ending = False
        self._thread: threading.Thread | None = None
        self.ended: Future[None] = Future()

    def accept(self, puts: Sequence[Put]) -> list[Waiting] | None:
        """Have `puts` written soon; return what was dropped for them, or None where they must be written at once."""
        with self._changed:
            self._here()
            if self._is_ending or not self._backlog.takes(puts) or not self._has_thread():
                return None
            before = self._backlog.under(put.key for put in puts) if self._wishes else []
            dropped = self._backlog.add(puts, self._around.monotonic())
            self._replace(before, dropped)
            self._needless(dropped)
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

    def wish(self, chosen: Callable[[Key], bool]) -> Wish:
        """Have what waits under the chosen keys written next, ask for news of it, and hold off what comes in then, until `fulfil`."""
        with self._changed:
            self._here()
            missing = set(self._backlog.under(filter(chosen, self._backlog.keys())))
            missing.update(one for one in self._flight if chosen(one.put.key))
            self._wishes.append(wish := Wish(chosen, missing))
            if missing:
                self._changed.notify_all()
            else:
                wish.ended.set_result(None)
            return wish

    def fulfil(self, wish: Wish) -> None:
        """Hold off nothing for `wish` any more; again does nothing. A plain call: whoever is given up in the middle makes it, too."""
        with self._changed:
            if wish in self._wishes:
                self._wishes.remove(wish)
                self._changed.notify_all()

    def _replace(self, before: Iterable[Waiting], dropped: Iterable[Waiting]) -> None:
        """Wish for what was put in the place of what was wished for, unless that is being written."""
        for old in before:
            new = [one for one in (*self._backlog.under((old.put.key,)), *dropped) if one.put.key == old.put.key]
            for wish in self._wishes:
                if old in wish.missing and old not in self._flight:
                    wish.missing.remove(old)
                    wish.missing.update(new)

    def _needless(self, waiting: Iterable[Waiting]) -> None:
        """Tell those who wished for it that it need not be written; where it is being written, they wait for that."""
        if self._wishes:
            self._settle([one for one in waiting if one not in self._flight])

    def _settle(self, settled: Collection[Waiting], error: Exception | None = None) -> None:
        """Tell those who wished for it that it is done, or why not."""
        for wish in list(self._wishes):
            if wish.missing.isdisjoint(settled):
                continue
            wish.missing.difference_update(settled)
            if error is not None:
                self._wishes.remove(wish)
            if error is not None or not wish.missing:
                wish.ended.set_result(error)

    def _left(self, batch: Sequence[Waiting]) -> list[Put]:
        now = self._around.monotonic()
        return [waiting.left(now) for waiting in batch]

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
            dropped = self._backlog.take(self._backlog.keys())
            self._needless(dropped)
            return dropped

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
            while not (batch := self._wanted()):
                if self._is_ending and not self._backlog:
                    return None
                self._changed.wait()
            self._flight = batch
            return batch

    def _wanted(self) -> list[Waiting]:
        """Return what somebody wishes for, and then what has waited longest, but for what is held off."""
        if not self._wishes:
            return self._backlog.oldest(self._most)
        wished = (one.put.key for wish in self._wishes for one in wish.missing)
        holding = [wish.chosen for wish in self._wishes if not wish.missing]
        keys = dict.fromkeys(chain(wished, self._backlog.keys()))
        free = (key for key in keys if not any(chosen(key) for chosen in holding))
        return self._backlog.under(islice(free, self._most))

    def _written(self, batch: list[Waiting]) -> bool:
        """Write a batch, and forget what need not be tried again; False where something must be."""
        done: list[Waiting] = []
        error: Exception | None = StoreUnavailable("what waited to be written was not written")
        try:
            error = self._tried(batch, done)
        finally:
            with self._changed:
                self._backlog.written(done)
                self._flight = ()
                self._settle(done)
                self._settle(batch, error)
        return error is None

    def _tried(self, batch: list[Waiting], done: list[Waiting]) -> Exception | None:
        """Write a batch; return the error for which it has to be tried again."""
        try:
            self._store.put_many(self._left(batch))
        except _PASSING as error:
            return error
        except Exception as error:  # noqa: BLE001 -- told by its class; nobody waits for it here
            if len(batch) > 1:
                # One of them is what the store does not take: the others are written.
                errors = (self._tried([waiting], done) for waiting in batch)
                return next((passing for passing in errors if passing is not None), None)
            what = Happening.TOO_LARGE if isinstance(error, StoreLimit) else Happening.STORE_FAILED
            self._around.emit(Event(what, batch[0].put.key.digest, type(error).__name__))
        done += batch
        return None

    def _pause(self) -> None:
        """Wait before the next attempt, unless somebody wishes for one; where the cache is being closed there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ending or any(wish.missing for wish in self._wishes), _PAUSE)
            dropped = self._backlog.take(self._backlog.keys()) if self._is_ending else []
            self._needless(dropped)
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
