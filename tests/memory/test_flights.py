"""Flights: who leads, who waits, and how a leader that is gone is noticed."""

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from weakref import ref

import pytest

from llmcache.memory.flights import LocalFlights
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.key_value import Put
from tests.forks import in_child

SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
KEY, OTHER = Key(SPACE, "one"), Key(SPACE, "two")


class Held:
    """Something that a call holds as long as it runs."""


@pytest.fixture
def flights() -> LocalFlights:
    """Nobody asks for anything yet."""
    return LocalFlights()


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """One other thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def begun(flights: LocalFlights, pool: ThreadPoolExecutor, key: Key = KEY) -> Flight:
    """A flight that the other thread leads."""
    flight, leads = pool.submit(flights.board, key).result(10)
    assert leads
    return flight


def test_the_first_leads_and_the_next_gets_the_same_flight(
    flights: LocalFlights, elsewhere: ThreadPoolExecutor
) -> None:
    """Until it is over; then the next leads another."""
    flight = begun(flights, elsewhere)

    assert (flight, False) == flights.board(KEY)
    flight.abandon()
    assert flights.board(KEY)[1]


def test_a_landing_is_told_to_all_and_counted(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """Whoever waits gets the bytes, whoever comes too late as well."""
    flight = begun(flights, elsewhere)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(flight.wait, 20) for _ in range(3)]
        flights.land(KEY, b"body")

    assert [b"body"] * 3 == [done.result(10) for done in waiting]
    assert (b"body", 1, True) == (flight.wait(20), flights.landed, flight.is_over)


def test_landing_where_nobody_leads_is_nothing(flights: LocalFlights) -> None:
    """An answer that nobody waits for is not counted."""
    flights.land(KEY, b"body")

    assert 0 == flights.landed


def test_many_land_as_each_would(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """Whoever waits for one gets its own; one that nobody leads, or that is over, is not counted."""
    keys = [Key(KEY.space, name) for name in ("one", "two", "nobody's", "over")]
    led = [begun(flights, elsewhere, keys[at]) for at in (0, 1, 3)]
    led[2].abandon()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(flight.wait, 20) for flight in led[:2]]
        flights.land_many([Put(key, key.name.encode()) for key in keys])

    assert [b"one", b"two"] == [done.result(10) for done in waiting]
    assert (2, Ending.ABANDONED) == (flights.landed, led[2].wait(20))
    assert [True, True] == [leads for _, leads in flights.board_many(keys[:2])]


def test_what_is_over_stays_as_it_ended(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """A leader abandons in its `finally` what has landed already."""
    flight = begun(flights, elsewhere)
    flights.land(KEY, b"body")
    flight.abandon()

    assert b"body" == flight.wait(20)


def test_nothing_is_held_of_what_has_landed(flights: LocalFlights) -> None:
    """The thread that led it may live for days, and never lead again."""
    flight = ref(flights.board(KEY)[0])
    flights.land(KEY, b"answer")
    gc.collect()

    assert flight() is None


def test_nobody_waits_for_the_own_flight(flights: LocalFlights) -> None:
    """It is told at once that waiting would never end."""
    flight, _ = flights.board(KEY)

    assert Ending.NOT_WAITED is flight.wait(20)


def test_nobody_waits_for_who_waits_for_them(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """Over two corners, and over two caches."""
    others = LocalFlights()
    mine, _ = flights.board(KEY)
    theirs = begun(others, elsewhere, OTHER)
    waiting = elsewhere.submit(mine.wait, 20)
    while not mine.waiters:
        threading.Event().wait(0.001)

    assert Ending.NOT_WAITED is theirs.wait(20)
    flights.land(KEY, b"body")
    assert b"body" == waiting.result(10)
    assert [] == theirs.waits_for  # type: ignore[attr-defined]  # likewise


def test_nobody_waits_for_ever(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """The leader may need the waiter in a way that nobody can see."""
    flight = begun(flights, elsewhere)

    assert Ending.NOT_WAITED is flight.wait(0.01)
    assert not flight.is_over


async def test_nobody_awaits_for_ever(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """The same, awaited."""
    assert Ending.NOT_WAITED is await begun(flights, elsewhere).wait_async(0.01)


async def test_a_blocking_wait_counts_what_its_thread_leads_in_any_cache(elsewhere: ThreadPoolExecutor) -> None:
    """A task of this thread leads in one cache, somebody waits for it and leads in another, for which the thread waits."""
    mine, theirs = LocalFlights(), LocalFlights()

    async def lead() -> Flight:
        return mine.board(KEY)[0]

    led = await asyncio.create_task(lead())
    other = begun(theirs, elsewhere, OTHER)
    waiting = elsewhere.submit(led.wait, 20)
    while not led.waiters:  # type: ignore[attr-defined]  # of the flight made here
        threading.Event().wait(0.001)

    assert Ending.NOT_WAITED is other.wait(20)
    assert theirs.is_leading(blocking=True)
    led.abandon()
    waiting.result(10)


def _in_a_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def _in_a_pool(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def _in_a_pool_that_ends(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)


@pytest.mark.parametrize("waiting_for", [_in_a_thread, _in_a_pool, _in_a_pool_that_ends])
@pytest.mark.parametrize("is_awaited", [False, True])
def test_nobody_waits_for_who_waits_for_their_thread(
    flights: LocalFlights, waiting_for: Callable[[Callable[[], None]], None], is_awaited: bool
) -> None:
    """A thread is not told who started it, and the leader's own stack shows that it waits."""
    flight, _ = flights.board(KEY)
    outcomes: list[object] = []
    began = time.monotonic()
    waiting_for(lambda: outcomes.append(asyncio.run(flight.wait_async(60)) if is_awaited else flight.wait(60)))

    assert [Ending.NOT_WAITED] == outcomes
    assert time.monotonic() - began < 30
    assert not flight.is_over


def test_who_waits_for_another_thread_is_waited_for(flights: LocalFlights) -> None:
    """The leader waits for work of its own, and answers then."""
    go, waits = threading.Event(), threading.Event()

    def waits_long() -> None:
        assert go.wait(10)

    def lead() -> None:
        flights.board(KEY)
        waits.set()
        _in_a_thread(lambda: _in_a_pool(waits_long))
        flights.land(KEY, b"body")

    leader = threading.Thread(target=lead)
    leader.start()
    assert waits.wait(10)
    threading.Timer(0.2, go.set).start()

    assert b"body" == flights.board(KEY)[0].wait(20)
    leader.join()


def test_a_flight_of_a_thread_that_ended_is_given_up(flights: LocalFlights) -> None:
    """It cannot be ended by anybody."""
    boarded: list[Flight] = []
    thread = threading.Thread(target=lambda: boarded.append(flights.board(KEY)[0]))
    thread.start()
    thread.join()

    assert flights.board(KEY)[1]
    assert Ending.ABANDONED is boarded[0].wait(20)


def test_who_waits_finds_out_that_the_thread_ended(flights: LocalFlights) -> None:
    """Nobody tells them; they look."""
    ends = threading.Event()

    def lead() -> None:
        flights.board(KEY)
        ends.wait(10)

    thread = threading.Thread(target=lead)
    thread.start()
    while not flights._open:
        threading.Event().wait(0.001)
    flight, leads = flights.board(KEY)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(flight.wait, 20)
        ends.set()

        assert (False, Ending.ABANDONED) == (leads, waiting.result(10))


def test_a_witness_that_is_collected_ends_its_flight_at_once(flights: LocalFlights) -> None:
    """The call that held it is over."""
    held = Held()
    flight, _ = flights.board(KEY, Witness(held, id(None)))
    assert not flight.is_over
    del held

    assert flight.is_over


async def test_a_task_that_ended_without_landing_is_noticed(flights: LocalFlights) -> None:
    """Its witness is still held by somebody."""
    held = Held()

    async def lead() -> Flight:
        return flights.board(KEY, Witness(held, id(None)))[0]

    flight = await asyncio.create_task(lead())

    assert Ending.ABANDONED is await flight.wait_async(20)


async def test_a_task_that_went_on_from_its_call_is_noticed(flights: LocalFlights) -> None:
    """The call's frame is not in the chain of what the task awaits any more, though its witness is held."""
    held, gate, left = Held(), asyncio.Event(), asyncio.Event()

    async def call() -> Flight:
        await asyncio.sleep(0)
        flight = flights.board(KEY, Witness(held, id(sys._getframe())))[0]
        await asyncio.sleep(0)
        assert not flight.crew.is_gone()
        return flight

    async def agent() -> Flight:
        flight = await call()
        left.set()
        await gate.wait()
        return flight

    task = asyncio.create_task(agent())
    await left.wait()
    flight, leads = flights.board(KEY)

    assert leads
    gate.set()
    assert Ending.ABANDONED is await (await task).wait_async(20)
    assert not flight.is_over


async def test_a_task_in_its_call_is_believed(flights: LocalFlights) -> None:
    """Seen from another task while the call awaits something deep inside."""
    held, gate, inside = Held(), asyncio.Event(), asyncio.Event()

    async def call() -> None:
        flights.board(KEY, Witness(held, id(sys._getframe())))
        inside.set()
        await asyncio.wait_for(gate.wait(), 10)

    task = asyncio.create_task(call())
    await inside.wait()

    assert not flights.board(KEY)[1]
    gate.set()
    await task


async def test_a_waiter_whose_loop_is_closed_does_not_stop_the_landing(flights: LocalFlights) -> None:
    """It cannot be woken, and the others are."""
    flight, _ = flights.board(KEY)
    gone = asyncio.new_event_loop()

    async def wait() -> None:
        await flight.wait_async(20)

    def abandon_loop() -> None:
        task = gone.create_task(wait())
        gone.run_until_complete(asyncio.sleep(0))
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be dropped
        gone.close()

    await asyncio.to_thread(abandon_loop)
    flights.land(KEY, b"body")

    assert flight.is_over


def test_a_flight_of_a_loop_that_was_closed_is_given_up(flights: LocalFlights) -> None:
    """Its task was in the middle of a call, and ends nothing any more."""
    loop = asyncio.new_event_loop()

    async def lead() -> None:
        flights.board(KEY)
        await loop.create_future()

    task = loop.create_task(lead())
    loop.run_until_complete(asyncio.sleep(0))
    assert not flights.board(KEY)[1]
    loop.close()

    assert flights.board(KEY)[1]
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be dropped


def test_a_child_process_leads_for_itself(flights: LocalFlights) -> None:
    """Nobody in it can end what the parent leads."""
    flights.board(KEY)

    assert 0 == in_child(lambda: flights.board(KEY)[1])


def test_many_are_boarded_in_one_step(flights: LocalFlights, elsewhere: ThreadPoolExecutor) -> None:
    """Those of others are told apart; what the caller leads is led like one boarded by itself."""
    theirs = begun(flights, elsewhere)
    boarded = flights.board_many([OTHER, KEY])

    assert [True, False] == [leads for _, leads in boarded]
    assert theirs is boarded[1][0]
    assert (boarded[0][0], False) == elsewhere.submit(flights.board, OTHER).result(10)
    assert Ending.NOT_WAITED is boarded[0][0].wait(20)
