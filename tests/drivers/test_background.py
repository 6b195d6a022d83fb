"""Work behind the caller's back: one at a time for a key, bounded, and ended by closing."""

import asyncio
import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest

from llmcache.drivers.background import LocalBackground
from llmcache.drivers.worlds import Surroundings, awaiting_world, blocking_world
from llmcache.memory import open_pair
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.steps import Steps
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import AsyncWorld, World
from llmcache.protocols.world_ops import Behind, Call
from tests.forks import in_child

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
ONE, TWO, THREE = (Key(SPACE, name) for name in "123")
PATIENCE = 30.0


def doing(function: Callable[[], Any]) -> Callable[[], Steps[Any]]:
    """Return what makes steps that call `function`."""
    return lambda: iter(Call(function))


@pytest.fixture
def background() -> Any:
    """Room for one thread and two pieces of work."""
    made = LocalBackground(threads=1, most=2)
    yield made
    made.close()


@pytest.fixture
def around(background: LocalBackground) -> Surroundings:
    """Everything but a store."""
    return Surroundings(lambda: 0.0, lambda: 0.0, lambda told: None, background=background)


@pytest.fixture
def world(around: Surroundings) -> World:
    """A world that blocks."""
    pair: StorePair = open_pair()
    assert pair.blocking is not None
    return blocking_world(pair.blocking, around)


@pytest.fixture
def awaited(around: Surroundings) -> AsyncWorld:
    """A world that awaits."""
    pair: StorePair = open_pair()
    assert pair.awaiting is not None
    return awaiting_world(pair.awaiting, around)


def test_one_piece_of_work_for_a_key_at_a_time(background: LocalBackground, world: World) -> None:
    """A second is refused while the first runs or waits, and taken on afterwards."""
    go, done = threading.Event(), list[int]()

    def work() -> None:
        go.wait(PATIENCE)
        done.append(1)

    first = Behind(ONE, doing(work)).on(world)
    second = Behind(ONE, doing(lambda: done.append(2))).on(world)
    third = Behind(TWO, doing(lambda: done.append(3))).on(world)
    go.set()
    background.close()

    assert (True, False, True) == (first, second, third)
    assert 1 in done
    assert 2 not in done


def test_what_is_done_makes_room(background: LocalBackground, world: World) -> None:
    """For the same key, whatever the steps raised."""
    ended = threading.Event()

    def fails() -> None:
        ended.set()
        raise ValueError

    assert Behind(ONE, doing(fails)).on(world)
    ended.wait(PATIENCE)
    again = False
    while not again:  # the thread has yet to leave the steps
        again = Behind(ONE, doing(lambda: None)).on(world)


def test_there_is_a_bound(background: LocalBackground, world: World) -> None:
    """A model that hangs gathers two pieces of work here, and no third."""
    go = threading.Event()
    taken = [Behind(key, doing(lambda: go.wait(PATIENCE))).on(world) for key in (ONE, TWO, THREE)]
    go.set()

    assert [True, True, False] == taken


def test_closing_waits_for_what_runs_and_drops_what_waits(background: LocalBackground, world: World) -> None:
    """It leaves no thread behind, takes on nothing more, and may be done twice."""
    began, go, done = threading.Event(), threading.Event(), list[int]()

    def work() -> None:
        began.set()
        go.wait(PATIENCE)
        done.append(1)

    Behind(ONE, doing(work)).on(world)
    Behind(TWO, doing(lambda: done.append(2))).on(world)
    began.wait(PATIENCE)
    closing = threading.Thread(target=background.close)
    closing.start()
    while Behind(THREE, doing(lambda: None)).on(world):
        pass
    go.set()
    closing.join(PATIENCE)
    background.close()

    assert [1] == done
    assert not [one for one in threading.enumerate() if one.name.startswith("llmcache-background")]


def test_work_may_close_what_does_it(background: LocalBackground, world: World) -> None:
    """It does not wait for itself."""
    ended = threading.Event()

    def work() -> None:
        background.close()
        ended.set()

    Behind(ONE, doing(work)).on(world)

    assert ended.wait(PATIENCE)


def test_work_sees_the_context_of_its_caller(background: LocalBackground, world: World) -> None:
    """A tenant, a trace: whatever the call needs to know."""
    tenant: ContextVar[str] = ContextVar("tenant")
    tenant.set("ada")
    seen: list[str] = []
    Behind(ONE, doing(lambda: seen.append(tenant.get()))).on(world)
    background.close()

    assert ["ada"] == seen


def test_a_child_process_begins_anew(background: LocalBackground, world: World) -> None:
    """The work of its parent is not its own, and it has a thread when it needs one."""
    go = threading.Event()
    Behind(ONE, doing(lambda: go.wait(PATIENCE))).on(world)

    def child() -> bool:
        done = list[int]()
        taken = Behind(ONE, doing(lambda: done.append(os.getpid()))).on(world)
        background.close()
        return taken and done == [os.getpid()]

    status = in_child(child)
    go.set()

    assert 0 == status


async def test_tasks_are_one_for_a_key_and_bounded(background: LocalBackground, awaited: AsyncWorld) -> None:
    """By the same count as threads; closing awaits them."""
    go, done = asyncio.Event(), list[Key]()

    def work(key: Key) -> Callable[[], Steps[Any]]:
        async def worked() -> None:
            await go.wait()
            done.append(key)

        return doing(worked)

    taken = [await Behind(key, work(key)).on_async(awaited) for key in (ONE, ONE, TWO, THREE)]
    go.set()
    await background.close_async()

    assert ([True, False, True, False], [ONE, TWO]) == (taken, done)
    assert not await Behind(ONE, work(ONE)).on_async(awaited)


async def test_a_closing_that_is_cancelled_cancels_the_tasks(background: LocalBackground, awaited: AsyncWorld) -> None:
    """Nothing is left on the loop."""
    await Behind(ONE, doing(asyncio.Event().wait)).on_async(awaited)
    closing = asyncio.ensure_future(background.close_async())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_a_blocking_closing_cancels_the_tasks(background: LocalBackground, awaited: AsyncWorld) -> None:
    """It cannot await them; what they had not begun makes room, too."""
    await Behind(ONE, doing(asyncio.Event().wait)).on_async(awaited)
    await asyncio.to_thread(background.close)
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0)


async def test_a_task_that_fails_is_heard_by_nobody(background: LocalBackground, awaited: AsyncWorld) -> None:
    """The loop does not complain of an exception that was never asked for."""
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))

    async def fails() -> None:
        raise ValueError

    await Behind(ONE, doing(fails)).on_async(awaited)
    while not await Behind(ONE, doing(fails)).on_async(awaited):
        await asyncio.sleep(0)
    await background.close_async()

    assert [] == complaints


def test_tasks_of_a_loop_that_is_gone_are_no_obstacle(background: LocalBackground, awaited: AsyncWorld) -> None:
    """They were cancelled with it."""

    async def begin() -> None:
        await Behind(ONE, doing(asyncio.Event().wait)).on_async(awaited)

    asyncio.run(begin())
    asyncio.run(begin())
    background.close()
