"""What goes wrong on the wire: no wrong value, no error but ours, nothing twice, and no call longer than its deadline."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from llmcache.errors import StoreError, StoreTimeout, StoreUnavailable
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache_conformance.faults import BlackHole, Cut, Delay, Fault, LostReply, Proxy, Slice, Towards, Truncate
from llmcache_redis import AsyncRedisStore, RedisStore, open_pair
from tests.redis.servers import Server, free_port
from tests.redis.things import key, log

PATIENT: Seconds = 20.0
QUICK: Seconds = 0.1
SLACK: Seconds = 1.5
"""What a busy machine may add to a deadline."""


@dataclass(frozen=True)
class Proxied:
    """A store of both colours behind a proxy."""

    proxy: Proxy
    blocking: RedisStore
    awaiting: AsyncRedisStore


Opener = Callable[[Seconds], Proxied]


@pytest.fixture
def opener(server: Server) -> Iterator[Opener]:
    """Opens stores behind a proxy of their own, with a time limit."""
    opened: list[Proxied] = []

    def open_it(timeout: Seconds) -> Proxied:
        proxy = Proxy(("127.0.0.1", server.port))
        pair = open_pair(f"redis://127.0.0.1:{proxy.port}", timeout=timeout, log_timeout=timeout)
        assert isinstance(pair.blocking, RedisStore)
        assert isinstance(pair.awaiting, AsyncRedisStore)
        opened.append(Proxied(proxy, pair.blocking, pair.awaiting))
        return opened[-1]

    yield open_it
    for one in opened:
        one.blocking.close()
        one.proxy.close()


def asked(call: Callable[[], Any]) -> object:
    """Return what a call answers, or its error if it is one of ours."""
    try:
        return call()
    except StoreError as error:
        return error


# How a call comes out right: each takes a store in one colour and a number that makes its keys its own.
def blocking_calls(store: RedisStore, number: int) -> list[Callable[[], object]]:
    """Return calls that write and read, blocking."""
    return [
        lambda: store.get_many((key("kept"), key("absent"))),
        lambda: store.append(log(number), (b"1", b"2")),
        lambda: store.read_log(log("kept")),
    ]


def awaiting_calls(store: AsyncRedisStore, number: int) -> list[Callable[[], object]]:
    """Return the same calls, awaited, each in a loop of its own."""
    return [
        lambda: asyncio.run(store.get_many((key("kept"), key("absent")))),
        lambda: asyncio.run(store.append(log(number), (b"1", b"2"))),
        lambda: asyncio.run(store.read_log(log("kept"))),
    ]


COLOURS: dict[str, Callable[[Proxied, int], list[Callable[[], object]]]] = {
    "blocking": lambda store, number: blocking_calls(store.blocking, number),
    "async": lambda store, number: awaiting_calls(store.awaiting, number),
}
RIGHT: list[object] = [[b"body", None], 2, [b"1", b"2", b"3"]]


def prepare(store: Proxied) -> None:
    """Keep what the calls read."""
    store.blocking.put_many((Put(key("kept"), b"body"),))
    store.blocking.delete_log(log("kept"))
    store.blocking.append(log("kept"), (b"1", b"2", b"3"))
    store.blocking.read_log(log("kept"))


@pytest.mark.slow
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("fault", [Cut, Truncate], ids=["reset", "closed"])
def test_cut_at_every_byte_of_a_reply(opener: Opener, colour: str, fault: Callable[[int], Fault]) -> None:
    """Wherever a reply breaks off, once, the call is repeated and right, and an append is done once."""
    store = opener(PATIENT)
    prepare(store)
    found: list[object] = []
    lengths: list[int] = []
    for after in range(45):
        number = hash((colour, after)) % 10**9
        store.blocking.delete_log(log(number))
        for call in COLOURS[colour](store, number):
            with store.proxy.under(fault(after), times=1):
                found.append(asked(call))
            # A reply that came whole before the end leaves a dead connection, which is this call's trouble, not the next one's.
            store.blocking.log_length(log(number))
        lengths.append(store.blocking.log_length(log(number)))
        store.blocking.delete_log(log(number))

    assert RIGHT * 45 == found
    assert [2] * 45 == lengths


@pytest.mark.parametrize("colour", COLOURS)
def test_no_reply_ever(opener: Opener, colour: str) -> None:
    """Where no reply comes back at all, a read was not done, a write may have been, and it was done once at most."""
    store = opener(PATIENT)
    prepare(store)
    store.blocking.delete_log(log(colour))
    with store.proxy.under(LostReply()):
        found = [asked(call) for call in COLOURS[colour](store, colour)]  # type: ignore[arg-type]  # any name will do
    bodies = store.blocking.read_log(log(colour))

    assert [StoreUnavailable, StoreTimeout, StoreUnavailable] == [type(error) for error in found]
    assert [b"1", b"2"] == bodies


def test_lost_replies_of_conditional_calls(opener: Opener) -> None:
    """A lease whose reply was lost is ours, and giving it back counts, though each call came twice."""
    store = opener(PATIENT)
    # So that the server knows the scripts: otherwise the reply that is lost is only that it does not.
    store.blocking.put_if_absent(Put(key("lease"), b"first"))
    store.blocking.delete_if_equal(key("lease"), b"first")
    store.blocking.delete_many((key("lease"),))
    with store.proxy.under(LostReply(), times=1):
        taken = store.blocking.put_if_absent(Put(key("lease"), b"mine", 60.0))
    with store.proxy.under(LostReply(), times=1):
        again = store.blocking.put_if_absent(Put(key("lease"), b"mine", 60.0))
    with store.proxy.under(LostReply(), times=1):
        given = store.blocking.delete_if_equal(key("lease"), b"mine")

    assert (True, False, True) == (taken, again, given)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    "fault",
    [BlackHole(), BlackHole(Towards.SERVER), Slice(1, 0.2), Delay(1.0)],
    ids=["deaf", "mute", "dripping", "slow"],
)
def test_deadline_holds(opener: Opener, colour: str, fault: Fault) -> None:
    """A server that hangs, drips or is slow costs one deadline, and the next call after that is answered."""
    store = opener(QUICK)
    patient = opener(PATIENT)
    prepare(patient)
    store.proxy.use(fault)
    took: list[Seconds] = []
    errors: list[object] = []
    for call in COLOURS[colour](store, f"late {colour}"):  # type: ignore[arg-type]  # any name will do
        began = time.monotonic()
        errors.append(asked(call))
        took.append(time.monotonic() - began)
    store.proxy.heal()

    assert [StoreTimeout] * 3 == [type(error) for error in errors]
    assert 0.0 <= max(took) < 5 * QUICK + SLACK
    assert RIGHT[0] == patient.blocking.get_many((key("kept"), key("absent")))


@pytest.mark.parametrize("colour", COLOURS)
def test_refused_at_once(colour: str) -> None:
    """Where nobody listens, a call fails at once, and says that nothing was done."""
    pair = open_pair(f"redis://127.0.0.1:{free_port()}", timeout=PATIENT, log_timeout=PATIENT)
    store = Proxied(None, pair.blocking, pair.awaiting)  # type: ignore[arg-type]  # no proxy, and both colours
    began = time.monotonic()
    found = [asked(call) for call in COLOURS[colour](store, 0)]
    took = time.monotonic() - began

    assert [StoreUnavailable] * 3 == [type(error) for error in found]
    assert all("refused" in str(error) and "nothing was done" in str(error) for error in found)
    assert took < SLACK


@pytest.mark.slow
async def test_cancelling_in_a_storm(opener: Opener) -> None:
    """Thousands of calls are cancelled on their way through a slow wire: every answer that comes is the right one."""
    store = opener(PATIENT)
    keys = [key(f"storm {number}") for number in range(40)]
    await store.awaiting.put_many([Put(one, one.name.encode()) for one in keys])
    wrong: list[object] = []
    cancelled = 0
    with store.proxy.under(Delay(0.002)):
        for turn in range(100):
            tasks = [asyncio.ensure_future(store.awaiting.get_many((one,))) for one in keys]
            tasks += [asyncio.ensure_future(_locked(store.awaiting, number)) for number in range(3)]
            await asyncio.sleep(0.0005 * (turn % 8))
            for task in tasks[turn % 2 :: 2]:
                task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            cancelled += sum(isinstance(answer, asyncio.CancelledError) for answer in answers)
            expected = [[one.name.encode()] for one in keys] + [[b"%d" % number] for number in range(3)]
            wrong += [
                answer
                for answer, right in zip(answers, expected, strict=True)
                if not isinstance(answer, asyncio.CancelledError) and answer != right
            ]

    assert [] == wrong
    assert cancelled > 1_000
    await store.awaiting.close()


async def _locked(store: AsyncRedisStore, number: int) -> list[bytes | None]:
    """Write and read a log: a call that does not travel with others."""
    if not await store.log_length(log(f"storm {number}")):
        await store.append(log(f"storm {number}"), (b"%d" % number,), max_length=1)
    return [*await store.read_log(log(f"storm {number}"))]


async def test_cancelled_waiter_hurts_nobody(opener: Opener) -> None:
    """Of several reads that travel together one is cancelled: the others get their answers."""
    store = opener(PATIENT)
    keys = [key(f"together {number}") for number in range(10)]
    await store.awaiting.put_many([Put(one, one.name.encode()) for one in keys])
    tasks = [asyncio.ensure_future(store.awaiting.get_many((one,))) for one in keys]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks[3].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    trips = store.proxy.connections
    await store.awaiting.close()

    assert isinstance(answers.pop(3), asyncio.CancelledError)
    assert [[one.name.encode()] for one in keys if not one.name.endswith("3")] == answers
    assert 1 == trips
