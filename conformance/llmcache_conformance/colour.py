"""Running a case: in one colour, or across them, so that what one writes the other reads."""

import asyncio
from collections.abc import Collection, Generator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum

from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.protocols.steps import Op, R, Reply, Steps
from llmcache.protocols.store_ops import GetMany, LogLength, ReadLog, Scan, Spaces
from llmcache.protocols.vector_ops import EndedPoints, GetPoints, Nearest
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import AsyncWorld, World
from llmcache_conformance.bench import Bench, Handle, opened, with_vectors
from llmcache_conformance.case import Case, Need, is_met
from llmcache_conformance.clock import Clock
from llmcache_conformance.ops import Together
from llmcache_conformance.subject import Subject


class Colour(Enum):
    """By which of its two colours a store is driven."""

    BLOCKING = "blocking"
    ASYNC = "async"
    BLOCKING_WRITES = "written blocking, read async"
    ASYNC_WRITES = "written async, read blocking"


_READS = (GetMany, ReadLog, LogLength, Scan, Spaces, GetPoints, Nearest, EndedPoints)


def run_case(case: Case, subject: Subject, colour: Colour) -> None:
    """Open the store of `subject`, run `case` in it, and close it.

    Raises:
        Broken: A clause does not hold.
        TypeError: The case needs what the subject has not; see `unmet_needs`.
    """
    with at_bench(subject, needs=case.needs) as (bench, handle):
        for need in case.needs:
            if not is_met(need, subject, handle.capabilities):
                raise TypeError(f"{case.name} cannot be run: {need.value}")
        drive(case.steps(bench), handle, colour)


@contextmanager
def at_bench(subject: Subject, *, needs: Collection[Need] = ()) -> Generator[tuple[Bench, Handle]]:
    """Open the store of `subject` for a block: the small one and a second handle where `needs` says so.

    Where it says that vectors are needed, a store that has none of its own gets an index in its logs.
    What the block wrote is cleared behind it, where it would stay.
    """
    clock = subject.clock()
    opening = subject.open if subject.open_small is None or Need.SMALL not in needs else subject.open_small
    if Need.VECTORS in needs:
        opening = with_vectors(opening)
    with ExitStack() as stack:
        handle = stack.enter_context(opened(opening(clock), clock))
        wants_second = Need.SECOND in needs and subject.opens_same
        second = stack.enter_context(opened(opening(clock), clock)) if wants_second else None
        bench = Bench(handle, clock, second)
        stays = handle.capabilities.persistent or handle.capabilities.shared
        try:
            yield bench, handle
        finally:
            if stays:
                _sweep(bench, opening(clock), clock)


def _sweep(bench: Bench, pair: StorePair, clock: Clock) -> None:
    # Through a handle of its own, because the block may have closed the other. A store that cannot clear has failed the
    # checks that are about clearing.
    with suppress(Exception), opened(pair, clock) as handle:
        bench.sweep(handle.blocking.store)


def drive(steps: Steps[R], handle: Handle, colour: Colour) -> R:
    """Run `steps` on an open store in the colour given."""
    if colour is Colour.BLOCKING:
        return run(steps, handle.blocking)
    if colour is Colour.ASYNC:
        return asyncio.run(run_async(steps, handle.awaiting))
    return asyncio.run(_run_crossed(steps, handle.blocking, handle.awaiting, colour))


async def _run_crossed(steps: Steps[R], blocking: World, awaiting: AsyncWorld, colour: Colour) -> R:
    try:
        op = next(steps)
        while True:
            try:
                reply = await _crossed(op, blocking, awaiting, colour)
            except BaseException as error:  # noqa: BLE001 -- thrown into the steps, which decide
                op = steps.throw(error)
            else:
                op = steps.send(reply)
    except StopIteration as finished:
        answer: R = finished.value
        return answer
    finally:
        steps.close()


async def _crossed(op: Op[Reply], blocking: World, awaiting: AsyncWorld, colour: Colour) -> object:
    if isinstance(op, Together):
        return await op.on_both(blocking, awaiting)
    reads_blocking = colour is Colour.ASYNC_WRITES
    if isinstance(op, _READS) == reads_blocking:
        return op.on(blocking)
    return await op.on_async(awaiting)
