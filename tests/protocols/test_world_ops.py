"""Time, the user's own call, and telling what happened, in both colours."""

import asyncio
import types
from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.blocking import BlockingWorld
from llmcache.errors import UsageError
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.event import Event, Happening, Told
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now


@pytest.fixture
def told() -> list[Told]:
    """What the listener was told."""
    return []


@pytest.fixture
def blocking(store: MemoryStore, told: list[Told]) -> BlockingWorld:
    """A world whose clocks stand still."""
    return BlockingWorld(store, store, store, lambda: 1_000.0, lambda: 7.0, told.append)


@pytest.fixture
def awaiting(async_store: AsyncMemoryStore, told: list[Told]) -> AwaitingWorld:
    """The same world, awaited."""
    return AwaitingWorld(async_store, async_store, async_store, lambda: 1_000.0, lambda: 7.0, told.append)


async def test_clocks_are_the_worlds(blocking: BlockingWorld, awaiting: AwaitingWorld) -> None:
    """Both colours tell the world's time of day and its monotonic time."""
    assert (1_000.0, 7.0) == (Now().on(blocking), Monotonic().on(blocking))
    assert (1_000.0, 7.0) == (await Now().on_async(awaiting), await Monotonic().on_async(awaiting))


async def test_events_reach_the_listener(blocking: BlockingWorld, awaiting: AwaitingWorld, told: list[Told]) -> None:
    """Both colours tell the listener, once each."""
    Emit(Event(Happening.HIT)).on(blocking)
    await Emit(Event(Happening.MISS)).on_async(awaiting)

    assert [Event(Happening.HIT), Event(Happening.MISS)] == told


async def test_plain_function_is_called_in_both_colours(blocking: BlockingWorld, awaiting: AwaitingWorld) -> None:
    """A plain function is called once, and its answer is the reply, whatever it is."""
    calls: list[int] = []

    def ask() -> int:
        calls.append(1)
        return len(calls)

    op: Call[int] = Call(ask)

    assert [1, 2] == [op.on(blocking), await op.on_async(awaiting)]


async def test_async_function_is_awaited(awaiting: AwaitingWorld) -> None:
    """The async colour awaits a coroutine function, and anything else that can be awaited."""

    async def ask() -> str:
        await asyncio.sleep(0)
        return "answer"

    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    future.set_result("later")

    coroutine: Call[str] = Call(ask)
    later: Call[str] = Call(lambda: future)

    assert ["answer", "later"] == [await coroutine.on_async(awaiting), await later.on_async(awaiting)]


def test_blocking_colour_refuses_an_async_function(blocking: BlockingWorld) -> None:
    """The mistake is said at once, and the coroutine is not left behind with a warning."""

    async def ask() -> str:
        return "answer"

    op: Call[str] = Call(ask)

    with pytest.raises(UsageError, match="async function"):
        op.on(blocking)


class Later:
    """An awaitable of a library's own."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "answer"


@types.coroutine
def old_fashioned() -> Generator[None, None, str]:
    """A generator that can be awaited."""
    yield
    return "answer"


async def test_blocking_colour_refuses_whatever_can_be_awaited(blocking: BlockingWorld) -> None:
    """A future, a task, a library's own: none is an answer. A task goes on, because it is not ours to end."""

    async def ask() -> str:
        return "answer"

    loop = asyncio.get_running_loop()
    task = loop.create_task(ask())
    answers: list[Any] = [loop.create_future(), task, Later(), old_fashioned()]
    for answer in answers:
        op: Call[Any] = Call(partial(next, iter([answer])))
        with pytest.raises(UsageError, match=rf"{type(answer).__name__}.*open_async"):
            op.on(blocking)

    assert "answer" == await task


@pytest.mark.parametrize("raised", [ValueError("mine"), KeyboardInterrupt(), StopAsyncIteration()])
async def test_users_exception_passes_unchanged(
    blocking: BlockingWorld, awaiting: AwaitingWorld, raised: BaseException
) -> None:
    """An exception of the user's own function is not wrapped, in either colour."""

    def ask() -> Any:
        raise raised

    with pytest.raises(type(raised)) as once:
        Call(ask).on(blocking)
    with pytest.raises(type(raised)) as again:
        await Call(ask).on_async(awaiting)

    assert raised is once.value is again.value
