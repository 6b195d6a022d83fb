"""Reads of one event loop travel together, and stay as separate as if each went alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from llmcache.drivers.reads import Reads
from llmcache.errors import StoreTimeout
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
A, B, C = (Key(SPACE, name) for name in "abc")


@dataclass
class Trips:
    """A store that counts its round trips; each goes on when it is let."""

    error: BaseException | None = None
    made: list[tuple[Key, ...]] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, keys: Sequence[Key]) -> list[bytes | None]:
        """Return the name of each key."""
        self.made.append(tuple(keys))
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        return [key.name.encode() for key in keys]


async def _asked(trips: Trips, *wanted: Sequence[Key]) -> list["asyncio.Task[list[bytes | None]]"]:
    """Begin reads in one turn of the loop, and go on when their round trips are under way."""
    reads = Reads(trips.read)
    tasks = [asyncio.ensure_future(reads.get(keys)) for keys in wanted]
    while not trips.made:
        await asyncio.sleep(0)
    return tasks


async def test_reads_of_one_turn_are_one_round_trip() -> None:
    """Everybody gets the slots of their own keys, in their own order; a key that several want travels once."""
    trips = Trips()
    tasks = await _asked(trips, (A,), (B, A), (A, A))
    trips.may_end.set()
    answers = await asyncio.gather(*tasks)

    assert [[b"a"], [b"b", b"a"], [b"a", b"a"]] == answers
    assert [(A, B)] == trips.made


async def test_later_read_does_not_join_a_trip_under_way() -> None:
    """It may have been begun behind a write that the trip has not seen."""
    trips = Trips()
    reads = Reads(trips.read)
    first = asyncio.ensure_future(reads.get((A,)))
    while not trips.made:
        await asyncio.sleep(0)
    second = asyncio.ensure_future(reads.get((A,)))
    while len(trips.made) == 1:
        await asyncio.sleep(0)
    trips.may_end.set()

    answers = [await first, await second]

    assert [[b"a"], [b"a"]] == answers
    assert [(A,), (A,)] == trips.made


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_cancelled_reader_hurts_nobody(cancelled: int) -> None:
    """Whoever asked first and whoever joined may leave: the other gets an answer, from the same round trip."""
    trips = Trips()
    tasks = await _asked(trips, (A,), (B,))
    tasks[cancelled].cancel()
    trips.may_end.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(answers.pop(cancelled), asyncio.CancelledError)
    assert [[[b"b"], [b"a"]][cancelled]] == answers
    assert [(A, B)] == trips.made


async def test_error_is_raised_to_each_by_an_object_of_its_own() -> None:
    """One object raised in many tasks would gather the traceback of all."""
    trips = Trips(StoreTimeout("late"))
    trips.may_end.set()
    errors = await asyncio.gather(*await _asked(trips, (A,), (B,)), return_exceptions=True)

    assert [StoreTimeout, StoreTimeout] == [type(error) for error in errors]
    assert ["late", "late"] == [str(error) for error in errors]
    assert errors[0] is not errors[1]


async def test_nobody_waits_for_a_trip_that_broke() -> None:
    """A mistake in the store ends everybody's wait."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    trips = Trips(ZeroDivisionError())
    trips.may_end.set()
    tasks = await _asked(trips, (A,), (B,))
    await asyncio.wait(tasks, timeout=10)

    assert all(task.cancelled() for task in tasks)


async def test_large_reads_go_in_trips_of_their_own() -> None:
    """At most 500 keys travel together; a larger read goes alone."""
    trips = Trips()
    many = [Key(SPACE, f"{number}") for number in range(501)]
    tasks = await _asked(trips, (A,), (B,), many, (C,))
    trips.may_end.set()
    await asyncio.gather(*tasks)

    assert [2, 501, 1] == [len(keys) for keys in trips.made]


def test_each_loop_has_its_own() -> None:
    """Reads of one loop never wait for another, also not for one that was closed in the middle."""
    made: list[int] = []

    async def read(keys: Sequence[Key]) -> list[bytes | None]:
        made.append(len(keys))
        return [b"x" for _ in keys]

    reads = Reads(read)

    async def leave() -> None:
        left = asyncio.ensure_future(reads.get((A,)))
        await asyncio.sleep(0)
        left.cancel()

    asyncio.run(leave())

    assert [b"x"] == asyncio.run(reads.get((A,)))
