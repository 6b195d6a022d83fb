"""The driver for asyncio, or any other event loop: awaits the ops of steps. It imports no event loop itself."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from llmcache.memory.flights import LocalFlights
from llmcache.model.event import Told
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.background import Background, Nowhere
from llmcache.protocols.flights import Flights
from llmcache.protocols.key_value import AsyncKeyValueStore
from llmcache.protocols.log import AsyncLogStore
from llmcache.protocols.scan import AsyncScanStore
from llmcache.protocols.steps import Steps
from llmcache.protocols.world import AsyncWorld

R = TypeVar("R")


async def _sleep(seconds: Seconds) -> None:
    import asyncio  # noqa: PLC0415 -- here a loop runs; blocking users never need it

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class AwaitingWorld:
    """An `AsyncWorld` made of its parts."""

    store: AsyncKeyValueStore
    log_store: AsyncLogStore
    scan_store: AsyncScanStore
    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    emit: Callable[[Told], None]
    flights: Flights = field(default_factory=LocalFlights)
    background: Background = field(default_factory=Nowhere)
    pause: Callable[[Seconds], Awaitable[None]] = _sleep

    async def aside(self, function: Callable[[], R], /) -> R:
        import asyncio  # noqa: PLC0415 -- as in _sleep

        return await asyncio.to_thread(function)


async def run_async(steps: Steps[R], world: AsyncWorld) -> R:
    """Await every op of `steps` in the world and return their answer.

    Whatever an op raises, `asyncio.CancelledError` included, is thrown into the steps where they asked, so that
    their `finally` blocks run; ops yielded there are still awaited.
    """
    try:
        op = next(steps)
        while True:
            try:
                reply = await op.on_async(world)
            except BaseException as error:  # noqa: BLE001 -- thrown into the steps, which decide
                op = steps.throw(error)
            else:
                op = steps.send(reply)
    except StopIteration as finished:
        answer: R = finished.value
        return answer
    finally:
        steps.close()
