"""Ops of cases that are not a store's: time passes, several do something at once, a call is cancelled.

With them a case stays one text: `Together` is threads in one colour and tasks in the other.
"""

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.model.units import Seconds
from llmcache.protocols.steps import Op, R, Steps
from llmcache.protocols.world import AsyncWorld, World
from llmcache_conformance.clock import Clock

# Threads change places as often as the interpreter allows, so that a gap of a few instructions is found.
_SWITCH_INTERVAL = 1e-6
_GLANCE = 0.001
_MEETING = 60.0
"""Seconds until all threads must have begun."""


@dataclass(frozen=True, slots=True)
class Pass(Op[None]):
    """Let time pass for the store."""

    clock: Clock
    seconds: Seconds

    def on(self, world: World, /) -> None:
        self.clock.advance(self.seconds)

    async def on_async(self, world: AsyncWorld, /) -> None:
        self.clock.advance(self.seconds)


@dataclass(frozen=True, slots=True)
class Await(Op[None]):
    """Let a short time pass for the store, in truth where it has a clock of its own."""

    clock: Clock
    seconds: Seconds

    def on(self, world: World, /) -> None:
        time.sleep(self.clock.let_pass(self.seconds))

    async def on_async(self, world: AsyncWorld, /) -> None:
        await asyncio.sleep(self.clock.let_pass(self.seconds))


@dataclass(frozen=True, slots=True)
class Until(Op[None]):
    """Wait until something is so, but no longer than some seconds of the machine."""

    condition: Callable[[], bool]
    seconds: Seconds

    def on(self, world: World, /) -> None:
        end = time.monotonic() + self.seconds
        while not self.condition() and time.monotonic() < end:
            time.sleep(_GLANCE)

    async def on_async(self, world: AsyncWorld, /) -> None:
        end = time.monotonic() + self.seconds
        while not self.condition() and time.monotonic() < end:  # noqa: ASYNC110 -- a thread of the store's makes it so
            await asyncio.sleep(_GLANCE)


@dataclass(frozen=True, slots=True)
class Close(Op[None]):
    """Close the store."""

    def on(self, world: World, /) -> None:
        world.store.close()

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.store.close()


@dataclass(frozen=True, slots=True)
class Elsewhere(Op[R]):
    """Do an op through another handle on the same store."""

    op: Op[R]
    blocking: World
    awaiting: AsyncWorld

    def on(self, world: World, /) -> R:
        return self.op.on(self.blocking)

    async def on_async(self, world: AsyncWorld, /) -> R:
        return await self.op.on_async(self.awaiting)


@dataclass(frozen=True, slots=True)
class Pause(Op[None]):
    """Let the others of a `Together` go on."""

    def on(self, world: World, /) -> None:
        # Gives the interpreter to another thread; without it a part is often done before the next one has begun.
        time.sleep(0)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await asyncio.sleep(0)


def in_turn(ops: Iterable[Op[R]]) -> Steps[list[R]]:
    """Do one op after the other and return their replies."""
    replies: list[R] = []
    for op in ops:
        replies += [(yield from op)]
    return replies


@dataclass(frozen=True, slots=True)
class Together(Op[list[Any]]):
    """Do several steps at once, threads blocking or tasks awaiting; the reply is their answers, in order.

    Args:
        parts: Functions that make the steps, so that each is made where it runs.
    """

    parts: Sequence[Callable[[], Steps[Any]]]

    def on(self, world: World, /) -> list[Any]:
        before = sys.getswitchinterval()
        gate = threading.Barrier(len(self.parts), _change_places_often, _MEETING)
        try:
            with ThreadPoolExecutor(len(self.parts)) as pool:
                return [
                    pending.result() for pending in [pool.submit(_behind, gate, part, world) for part in self.parts]
                ]
        finally:
            sys.setswitchinterval(before)

    async def on_async(self, world: AsyncWorld, /) -> list[Any]:
        return list(await asyncio.gather(*(run_async(part(), world) for part in self.parts)))

    async def on_both(self, blocking: World, awaiting: AsyncWorld, /) -> list[Any]:
        """Do every second part in a thread, blocking, and the others as tasks."""
        threaded = Together(self.parts[::2])
        tasks = Together(self.parts[1::2])
        halves = await asyncio.gather(asyncio.to_thread(threaded.on, blocking), tasks.on_async(awaiting))
        answers: list[Any] = [None] * len(self.parts)
        answers[::2], answers[1::2] = halves
        return answers


def _change_places_often() -> None:
    # Not under a tracer, such as coverage: CPython 3.11 drops a thread that starts to be traced while another one does, and
    # a store may start threads of its own at any time.
    if threading.gettrace() is None:
        sys.setswitchinterval(_SWITCH_INTERVAL)


def _behind(gate: threading.Barrier, part: Callable[[], Steps[Any]], world: World) -> Any:
    gate.wait()
    return run(part(), world)


@dataclass(frozen=True, slots=True)
class CancelAfter(Op[None]):
    """Begin an op, cancel it after some turns of the event loop, and wait until it is over.

    A blocking call cannot be cancelled; there the op is simply done.
    """

    op: Op[Any]
    turns: int

    def on(self, world: World, /) -> None:
        self.op.on(world)

    async def on_async(self, world: AsyncWorld, /) -> None:
        task = asyncio.ensure_future(self.op.on_async(world))
        for _ in range(self.turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
