"""Ops that are not the store's: time, the user's own call, and telling what happened."""

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from llmcache.errors import UsageError
from llmcache.model.event import Told
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.steps import Carried, Op, Steps
from llmcache.protocols.world import AsyncWorld, World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Now(Op[Instant]):
    """Tell the time of day."""

    def on(self, world: World, /) -> Instant:
        return world.now()

    async def on_async(self, world: AsyncWorld, /) -> Instant:
        return world.now()


@dataclass(frozen=True, slots=True)
class Monotonic(Op[float]):
    """Tell the time on a clock that never jumps, for durations."""

    def on(self, world: World, /) -> float:
        return world.monotonic()

    async def on_async(self, world: AsyncWorld, /) -> float:
        return world.monotonic()


@dataclass(frozen=True, slots=True)
class Pause(Op[None]):
    """Do nothing for a while."""

    seconds: Seconds

    def on(self, world: World, /) -> None:
        world.pause(self.seconds)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.pause(self.seconds)


@dataclass(frozen=True, slots=True)
class Call(Op[T]):
    """Call the user's own function; its exceptions pass unchanged (a `StopIteration` as `Carried` tells).

    The blocking driver wants a plain function, and refuses an answer that can be awaited. The async driver takes a
    coroutine function, or a plain one, which it calls in place.
    """

    function: Callable[[], T | Awaitable[T]]

    def on(self, world: World, /) -> T:
        try:
            answer = self.function()
        except StopIteration as error:
            raise Carried(error) from None
        if inspect.isawaitable(answer):
            if isinstance(answer, Coroutine):
                answer.close()  # Or it would warn that nobody awaited it. A task is its owner's, and goes on.
            raise UsageError(
                "a blocking cache was given an async function to call, or one that returns an awaitable "
                f"({type(answer).__name__}); use open_async() and await it"
            )
        return answer

    async def on_async(self, world: AsyncWorld, /) -> T:
        answer = self.function()
        return cast(T, await answer if inspect.isawaitable(answer) else answer)


@dataclass(frozen=True, slots=True)
class Emit(Op[None]):
    """Tell the listener what happened."""

    event: Told

    def on(self, world: World, /) -> None:
        world.emit(self.event)

    async def on_async(self, world: AsyncWorld, /) -> None:
        world.emit(self.event)


@dataclass(frozen=True, slots=True)
class Behind(Op[bool]):
    """Do steps behind the caller's back, unless there are some for `key` already; see `Background.start`.

    Attributes:
        key: One at a time for each.
        steps: Makes the steps when their turn comes.
    """

    key: Key
    steps: Callable[[], Steps[Any]]

    def on(self, world: World, /) -> bool:
        return world.background.start(self.key, self.steps, world)

    async def on_async(self, world: AsyncWorld, /) -> bool:
        return world.background.start_async(self.key, self.steps, world)


@dataclass(frozen=True, slots=True)
class Compute(Op[T]):
    """Do a computation that touches nothing but memory.

    Attributes:
        is_long: True where it takes so long that an event loop must not wait for it: then a thread does it.
    """

    function: Callable[[], T]
    is_long: bool = False

    def on(self, world: World, /) -> T:
        return self.function()

    async def on_async(self, world: AsyncWorld, /) -> T:
        return await world.aside(self.function) if self.is_long else self.function()
