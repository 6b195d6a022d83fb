"""The flights of one open cache: who asks a model for which key right now, and who waits for it.

Leaders and waiters may be threads and tasks of several event loops at once. Nobody waits where waiting could never end: a
flight knows which flights its leader waits for, and a caller that leads one of those, directly or through others,
is told so. What a caller leads is remembered in its context, which the tasks it starts inherit, and what it sends to a thread with its context; a blocking wait stops
a whole thread, so there everything counts that is led in this thread.

Waiters are woken by the one who ends the flight. Beside that they look now and then whether the leader is still there.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from weakref import ref

from llmcache.memory.crews import Crew
from llmcache.memory.forking import lock_across_forks
from llmcache.memory.leases import Leases
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore, Put

if TYPE_CHECKING:
    from asyncio import Future

FIRST_LOOK: Final[Seconds] = 0.02
RAREST_LOOK: Final[Seconds] = 0.5
"""How soon a waiter looks after the leader, and how seldom after it has waited long."""

_DROPS_KEPT: Final = 1_000
"""Of how many clearings and deletions is known what they dropped; an answer that was asked for before those is not kept."""

# One for all caches: who waits for whom does not end at the border of a cache.
_lock = lock_across_forks()
_under_way: "set[LocalFlight]" = set()
# Not held by this: a context lives as long as its thread or task, and a flight that is over has the body of its answer.
_leading: ContextVar[tuple["ref[LocalFlight]", ...]] = ContextVar("llmcache_leading", default=())


class LocalFlight:
    """One call under way in this process; obeys `protocols.flights.Flight`."""

    __slots__ = ("__weakref__", "_flights", "crew", "key", "outcome", "waiters", "waits_for")

    def __init__(self, flights: "LocalFlights", key: Key, crew: Crew | Witness) -> None:
        self._flights = flights
        self.key = key
        self.crew = crew if isinstance(crew, Crew) else Crew(crew, lambda _: self.abandon())
        self.outcome: bytes | Ending | None = None
        self.waiters: list[Callable[[], None]] = []
        self.waits_for: list[LocalFlight] = []

    @property
    def is_over(self) -> bool:
        return self.outcome is not None

    def abandon(self) -> None:
        self._flights.end(self, Ending.ABANDONED)

    def wait(self, longest: Seconds, /) -> bytes | Ending:
        gate = threading.Lock()
        gate.acquire()
        with self._waiting(gate.release, _led_in_thread()) as may_wait:
            for pause in _pauses(longest if may_wait else 0.0):
                if self.outcome is not None or gate.acquire(timeout=pause) or self._is_in_vain():
                    break
        return Ending.NOT_WAITED if self.outcome is None else self.outcome

    async def wait_async(self, longest: Seconds, /) -> bytes | Ending:
        import asyncio  # noqa: PLC0415 -- here a loop runs; blocking users never need it

        loop = asyncio.get_running_loop()
        gate = loop.create_future()

        def wake() -> None:
            with suppress(RuntimeError):  # the waiter's loop is closed: nobody is there to be woken
                loop.call_soon_threadsafe(_open_gate, gate)

        with self._waiting(wake, _led_in_context()) as may_wait:
            for pause in _pauses(longest if may_wait else 0.0):
                if self.outcome is not None:
                    break
                await asyncio.wait((gate,), timeout=pause)
                if self._is_in_vain():
                    break
        return Ending.NOT_WAITED if self.outcome is None else self.outcome

    def hold(self, lease: Put, store: KeyValueStore, /) -> None:
        self._flights.leases.hold(self, lease, store)

    def hold_async(self, lease: Put, store: AsyncKeyValueStore, /) -> None:
        self._flights.leases.hold_async(self, lease, store)

    def when_over(self, wake: Callable[[], None]) -> None:
        """Call `wake` once when the flight is over, from any thread; at once where it is."""
        with _lock:
            if not self.is_over:
                self.waiters.append(wake)
                return
        wake()

    def look_after(self) -> None:
        """Abandon the flight where its leader is gone."""
        if self.outcome is None and self.crew.is_gone():
            self.abandon()

    def _is_in_vain(self) -> bool:
        """Look after the flight; True where waiting on would never end, because the leader waits for the caller's thread."""
        self.look_after()
        return self.outcome is None and self.crew.waits_for_caller()

    @contextmanager
    def _waiting(self, wake: Callable[[], None], led: list["LocalFlight"]) -> Generator[bool]:
        """Be one who waits, woken by `wake`; gives whether that may be, because it will end."""
        with _lock:
            may_wait = not _depends(self, led)
            if may_wait:
                self.waiters.append(wake)
                for mine in led:
                    mine.waits_for.append(self)
        try:
            yield may_wait
        finally:
            if may_wait:
                with _lock:
                    self.waiters.remove(wake)
                    for mine in led:
                        mine.waits_for.remove(self)


class LocalFlights:
    """Keeps the flights of one open cache, and the leases of those that other processes are to know of; obeys `Flights`."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._open: dict[Key, LocalFlight] = {}
        self._landed = 0
        self._drops = 0
        self._dropped: deque[tuple[int, Space, Key | None]] = deque(maxlen=_DROPS_KEPT)

    @property
    def landed(self) -> int:
        return self._landed

    @property
    def drops(self) -> int:
        return self._drops

    def token(self) -> bytes:
        return os.urandom(16).hex().encode("ascii")

    def board(self, key: Key, witness: Witness | None = None, /) -> tuple[LocalFlight, bool]:
        (boarded,) = self._boarded((key,), witness)
        return boarded

    def board_many(self, keys: Sequence[Key], /) -> list[tuple[Flight, bool]]:
        return [*self._boarded(keys, None)]

    def _boarded(self, keys: Sequence[Key], witness: Witness | None) -> list[tuple[LocalFlight, bool]]:
        boarded: list[tuple[LocalFlight, bool]] = []
        gone: list[LocalFlight] = []
        crew = Crew() if witness is None else witness  # one for all: a thousand texts are boarded at once
        with _lock:
            for key in keys:
                flight = self._open.get(key)
                # One that is over stands here only if its end was interrupted.
                if flight is not None and not flight.is_over and not flight.crew.is_gone():
                    boarded.append((flight, False))
                    continue
                if flight is not None:
                    gone.append(flight)
                mine = LocalFlight(self, key, crew)
                _under_way.add(mine)  # first, so that `leave` knows all that others can find
                self._open[key] = mine
                boarded.append((mine, True))
        for flight in gone:
            flight.abandon()
        led = [flight for flight, leads in boarded if leads]
        if led:
            _leading.set(tuple(map(ref, (*_led_in_context(), *led))))
        return boarded

    def leave(self) -> None:
        with _lock:
            mine = [led for led in _under_way if led.crew.is_caller()]
        for flight in mine:
            flight.abandon()

    def land(self, key: Key, body: bytes, /) -> None:
        self.land_many((Put(key, body),))

    def land_many(self, puts: Sequence[Put], /) -> None:
        with _lock:
            waiters = [wake for put in puts for wake in self._ended(self._open.get(put.key), put.body)]
        for wake in waiters:
            wake()

    def drop(self, space: Space, key: Key | None, /) -> None:
        with _lock:
            self._drops += 1
            self._dropped.append((self._drops, space, key))

    def was_dropped(self, key: Key, since: int, /) -> bool:
        if since == self._drops:
            return False
        with _lock:
            later = [(space, only) for number, space, only in self._dropped if number > since]
            is_remembered = len(later) == self._drops - since
        return not is_remembered or any(space == key.space and only in (None, key) for space, only in later)

    def forget(self, space: Space, key: Key | None, /) -> None:
        with _lock:
            self._open = {at: led for at, led in self._open.items() if at.space != space or key not in (None, at)}

    def end(self, flight: LocalFlight, outcome: bytes | Ending) -> None:
        """End `flight` and wake all who wait for it; nothing where it is over."""
        with _lock:
            waiters = self._ended(flight, outcome)
        for wake in waiters:
            wake()

    def _ended(self, flight: LocalFlight | None, outcome: bytes | Ending) -> list[Callable[[], None]]:
        """End a flight under the lock, and return how to wake all who wait for it; nobody where it is over, or none is."""
        if flight is None or flight.is_over:
            return []
        flight.outcome = outcome
        _under_way.discard(flight)
        self._landed += not isinstance(outcome, Ending)
        if self._open.get(flight.key) is flight:
            del self._open[flight.key]
        return flight.waiters.copy()

    def is_leading(self, *, blocking: bool) -> bool:
        return bool(_led_in_thread() if blocking else _led_in_context())


def _led_in_thread() -> list[LocalFlight]:
    """Return the flights that cannot go on while this thread waits: those of the context, and all begun in the thread."""
    here = threading.get_ident()
    with _lock:
        also = [led for led in _under_way if led.crew.thread == here]
    return list(dict.fromkeys((*_led_in_context(), *also)))


def _led_in_context() -> list[LocalFlight]:
    return [led for known in _leading.get() if (led := known()) is not None and not led.is_over]


def _open_gate(gate: "Future[None]") -> None:
    if not gate.done():
        gate.set_result(None)


def _depends(flight: LocalFlight, led: list[LocalFlight]) -> bool:
    """True where `flight` cannot end before one of `led` does."""
    seen: set[int] = set()
    ahead = [flight]
    while ahead:
        at = ahead.pop()
        if at in led:
            return True
        if id(at) not in seen:
            seen.add(id(at))
            ahead.extend(at.waits_for)
    return False


def _pauses(longest: Seconds) -> Iterator[Seconds]:
    pause, left = FIRST_LOOK, longest
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(pause * 2, RAREST_LOOK)
