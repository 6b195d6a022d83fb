"""Leases are renewed while their flights are under way, and given back when those are over."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from llmcache.errors import StoreUnavailable
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.memory.flights import LocalFlights
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flights import Witness
from llmcache.protocols.key_value import Put
from tests.forks import in_child

NAMESPACE = Namespace(("shop",))
KEY, LEASE = Key(Space(NAMESPACE, Kind.RESPONSE), "one"), Key(Space(NAMESPACE, Kind.LEASE), "one")
SHORT, LONG = Put(LEASE, b"mine", 0.3), Put(LEASE, b"mine", 60)


class Held:
    """Something that a call holds as long as it runs."""


class Broken(MemoryStore):
    """A store that is away once it holds the lease."""

    def get_many(self, keys: object) -> list[bytes | None]:
        """Fail."""
        raise StoreUnavailable("away")

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        """Fail."""
        raise StoreUnavailable("away")


@pytest.fixture
def flights() -> LocalFlights:
    """Nobody asks for anything yet."""
    return LocalFlights()


@pytest.fixture
def store() -> MemoryStore:
    """An empty store that goes by the time of day."""
    return MemoryStore()


def lease_in(store: MemoryStore) -> bytes | None:
    """What stands for the lease."""
    return store.get_many([LEASE])[0]


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


async def until_async(true: Callable[[], bool]) -> None:
    """The same, awaited."""
    while not true():
        await asyncio.sleep(0.002)


def test_a_lease_outlives_its_time_while_its_flight_does(flights: LocalFlights, store: MemoryStore) -> None:
    """And is given back at once when that lands; then no thread is left."""
    flight, _ = flights.board(KEY)
    store.put_many([SHORT])
    flight.hold(SHORT, store)
    began = time.monotonic()
    while time.monotonic() < began + 0.7:
        assert lease_in(store) == b"mine"
        time.sleep(0.01)
    flights.land(KEY, b"body")

    until(lambda: lease_in(store) is None)
    until(lambda: "llmcache-leases" not in [thread.name for thread in threading.enumerate()])


async def test_an_awaited_lease_outlives_its_time_while_its_flight_does(
    flights: LocalFlights, store: MemoryStore
) -> None:
    """The same, by a task."""
    flight, _ = flights.board(KEY)
    store.put_many([SHORT])
    flight.hold_async(SHORT, AsyncMemoryStore(store))
    began = time.monotonic()
    while time.monotonic() < began + 0.7:
        assert lease_in(store) == b"mine"
        await asyncio.sleep(0.01)
    flights.land(KEY, b"body")

    await until_async(lambda: lease_in(store) is None)


def test_a_lease_that_somebody_else_has_now_is_left_to_them(flights: LocalFlights, store: MemoryStore) -> None:
    """This process was asleep for too long."""
    flight, _ = flights.board(KEY)
    store.put_many([Put(LEASE, b"theirs", 60)])
    flight.hold(SHORT, store)
    until(lambda: not flights.leases._held)
    flight.abandon()

    assert lease_in(store) == b"theirs"


async def test_an_awaited_lease_that_somebody_else_has_now_is_left_to_them(
    flights: LocalFlights, store: MemoryStore
) -> None:
    """The same, by a task."""
    flight, _ = flights.board(KEY)
    store.put_many([Put(LEASE, b"theirs", 60)])
    flight.hold_async(SHORT, AsyncMemoryStore(store))
    await until_async(lambda: not flights.leases._tasks)

    assert lease_in(store) == b"theirs"


def test_a_leader_that_is_gone_gives_back_its_lease(flights: LocalFlights, store: MemoryStore) -> None:
    """Nobody in this process waits for it, so nobody else looks after it."""
    held = Held()

    def lead() -> None:
        flight, _ = flights.board(KEY, Witness(held, id(None)))
        store.put_many([LONG])
        flight.hold(LONG, store)

    thread = threading.Thread(target=lead)
    thread.start()
    thread.join()

    until(lambda: lease_in(store) is None)


def test_closing_gives_back_what_is_held(flights: LocalFlights, store: MemoryStore) -> None:
    """Also in the middle of a call."""
    flight, _ = flights.board(KEY)
    store.put_many([LONG])
    flight.hold(LONG, store)
    flights.leases.close()

    assert lease_in(store) is None
    assert not flight.is_over


async def test_what_is_led_after_closing_is_not_held(flights: LocalFlights, store: MemoryStore) -> None:
    """Closing would not end where callers go on."""
    flights.leases.close()
    flight, _ = flights.board(KEY)
    flight.hold(LONG, store)
    flight.hold_async(LONG, AsyncMemoryStore(store))

    assert ([], {}) == (flights.leases._held, flights.leases._tasks)


async def test_closing_gives_back_what_tasks_hold(flights: LocalFlights, store: MemoryStore) -> None:
    """They have done so when it returns."""
    flight, _ = flights.board(KEY)
    store.put_many([LONG])
    flight.hold_async(LONG, AsyncMemoryStore(store))
    await flights.leases.close_async()

    assert lease_in(store) is None


def test_closing_from_elsewhere_gives_back_what_tasks_hold(flights: LocalFlights, store: MemoryStore) -> None:
    """Their loop runs in another thread."""

    async def lead() -> None:
        flight, _ = flights.board(KEY)
        store.put_many([LONG])
        flight.hold_async(LONG, AsyncMemoryStore(store))
        await until_async(lambda: lease_in(store) is None)

    thread = threading.Thread(target=lambda: asyncio.run(lead()))
    thread.start()
    until(lambda: lease_in(store) is not None)
    flights.leases.close()
    thread.join()

    assert lease_in(store) is None


async def test_a_cancelled_task_gives_back_its_lease(flights: LocalFlights, store: MemoryStore) -> None:
    """As at the end of `asyncio.run`."""
    flight, _ = flights.board(KEY)
    store.put_many([LONG])
    flight.hold_async(LONG, AsyncMemoryStore(store))
    await asyncio.sleep(0)
    (task,) = flights.leases._tasks
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert lease_in(store) is None


def test_a_store_that_is_away_leaves_the_lease_to_end_by_itself(flights: LocalFlights) -> None:
    """Nobody hears of it, and nothing hangs."""
    store = Broken()
    flight, _ = flights.board(KEY)
    flight.hold(Put(LEASE, b"mine", 0.003), store)
    time.sleep(0.01)
    flight.abandon()

    until(lambda: not flights.leases._held)


def test_a_child_process_leaves_the_leases_to_its_parent(flights: LocalFlights, store: MemoryStore) -> None:
    """It holds its own, by a thread of its own."""
    mine, _ = flights.board(KEY)
    store.put_many([LONG])
    mine.hold(LONG, store)

    def lead() -> bool:
        flight, leads = flights.board(KEY)
        own = Put(Key(LEASE.space, "two"), b"child's", 60)
        store.put_many([own])
        flight.hold(own, store)
        flights.leases.close()
        return leads and [b"mine", None] == store.get_many([LEASE, own.key])

    assert 0 == in_child(lead)
    flights.leases.close()
