"""The asyncio driver: ops awaited in turn, cancellation thrown into the steps."""

import asyncio
from typing import Any

import pytest

from llmcache.drivers.aio import run_async
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Now
from tests.drivers.conftest import Worlds

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "one")


class Hanging:
    """A call that does not end by itself."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self) -> str:
        self.begun.set()
        await asyncio.Event().wait()
        return "never"


async def test_ops_are_awaited_in_turn(worlds: Worlds) -> None:
    """Each reply is sent to where its op was asked, and the steps' answer returns."""

    def flow() -> Steps[tuple[float, list[bytes | None]]]:
        now = yield from Now()
        yield from PutMany((Put(KEY, b"body"),))
        return now, list((yield from GetMany((KEY,))))

    answer = await run_async(flow(), worlds.awaiting)

    assert (1_000.0, [b"body"]) == answer


async def test_cancellation_is_thrown_into_the_steps(worlds: Worlds) -> None:
    """A cancelled task runs the `finally` of its steps, whose ops are still awaited, and ends cancelled."""
    hanging = Hanging()

    async def telling() -> None:
        await asyncio.sleep(0)
        worlds.told.append(Event(Happening.BYPASSED))

    def flow() -> Steps[str]:
        try:
            call: Call[str] = Call(hanging)
            return (yield from call)
        finally:
            cleaning: Call[None] = Call(telling)
            yield from cleaning
            yield from Emit(Event(Happening.STORE_FAILED))

    task = asyncio.ensure_future(run_async(flow(), worlds.awaiting))
    await hanging.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert task.cancelled()
    assert [Event(Happening.BYPASSED), Event(Happening.STORE_FAILED)] == worlds.told


async def test_second_cancellation_reaches_the_clean_up(worlds: Worlds) -> None:
    """A clean-up that hangs can be cancelled, too: nothing is waited for for ever."""
    first, second = Hanging(), Hanging()

    def flow() -> Steps[str]:
        try:
            call: Call[str] = Call(first)
            return (yield from call)
        finally:
            cleaning: Call[str] = Call(second)
            yield from cleaning

    task = asyncio.ensure_future(run_async(flow(), worlds.awaiting))
    await first.begun.wait()
    task.cancel()
    await second.begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_time_limit_around_a_flow_holds(worlds: Worlds) -> None:
    """`asyncio.timeout` around the driver ends the steps and becomes the caller's `TimeoutError`."""
    seen: list[type[BaseException]] = []

    def flow() -> Steps[str]:
        try:
            call: Call[str] = Call(Hanging())
            return (yield from call)
        except BaseException as error:
            seen.append(type(error))
            raise

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await run_async(flow(), worlds.awaiting)

    assert [asyncio.CancelledError] == seen


@pytest.mark.parametrize("raised", [ValueError("x"), SystemExit(3)])
async def test_exception_runs_finally_and_leaves(worlds: Worlds, raised: BaseException) -> None:
    """Whatever an op raises runs the `finally` of the steps, whose ops are still done, and comes out unchanged."""

    async def ask() -> Any:
        raise raised

    def flow() -> Steps[None]:
        try:
            yield from Call(ask)
        finally:
            yield from Emit(Event(Happening.STORE_FAILED))

    with pytest.raises(type(raised)) as left:
        await run_async(flow(), worlds.awaiting)

    assert left.value is raised
    assert [Event(Happening.STORE_FAILED)] == worlds.told


async def test_steps_may_catch_and_go_on(worlds: Worlds) -> None:
    """Steps that catch an op's exception are asked for their next op."""

    async def ask() -> Any:
        raise KeyError("x")

    def flow() -> Steps[float]:
        try:
            yield from Call(ask)
        except KeyError:
            return (yield from Now())
        return 0.0

    answer = await run_async(flow(), worlds.awaiting)

    assert answer == 1_000.0


async def test_abandoned_driver_closes_its_steps(worlds: Worlds) -> None:
    """A driver that nobody awaits any more runs the `finally` of its steps."""
    closed: list[bool] = []
    hanging = Hanging()

    def flow() -> Steps[str]:
        try:
            call: Call[str] = Call(hanging)
            return (yield from call)
        finally:
            closed.append(True)

    driver = run_async(flow(), worlds.awaiting)
    driver.send(None)
    driver.close()

    assert [True] == closed


async def test_tasks_share_a_world_and_keep_their_own_replies(worlds: Worlds) -> None:
    """Many steps at once each get their own replies."""

    def flow(number: int) -> Steps[bytes | None]:
        key = Key(KEY.space, f"{number}")

        async def pause() -> None:
            await asyncio.sleep(0)

        pausing: Call[None] = Call(pause)
        yield from PutMany((Put(key, b"%d" % number),))
        yield from pausing
        (body,) = yield from GetMany((key,))
        return body

    answers = await asyncio.gather(*(run_async(flow(number), worlds.awaiting) for number in range(50)))

    assert [b"%d" % number for number in range(50)] == answers
