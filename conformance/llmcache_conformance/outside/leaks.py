"""What a store leaves behind when it is closed: nothing.

Each check opens, uses and closes the store several times. The first time may make things that stay for good, such as a pool
of a library's own; what grows with every time is a leak. What a store gives back in a thread of its own is waited for, for a
bounded time.
"""

import asyncio
import gc
import time
from collections import Counter
from collections.abc import Callable

from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteMany, GetMany, PutMany
from llmcache_conformance.bench import Bench, Handle
from llmcache_conformance.check import check_of
from llmcache_conformance.colour import Colour, drive
from llmcache_conformance.expect import expect
from llmcache_conformance.subject import Subject
from llmcache_conformance.watching import descriptors, threads

_TIMES = 3
_LONGEST_WAIT = 3.0
_PAUSE = 0.02


def closing_ends_the_threads(subject: Subject) -> None:
    """However often the store is opened, used in both colours and closed, no thread is left."""
    _expect_no_growth(subject, threads, "threads")


def closing_gives_back_files_and_connections(subject: Subject) -> None:
    """However often the store is opened, used in both colours and closed, no file and no connection stays open."""
    _expect_no_growth(subject, descriptors, "open files and connections")


def closing_leaves_no_task(subject: Subject) -> None:
    """When the async colour was awaited and closed, nothing of it runs on in the event loop, nor in the next loops."""
    for _ in range(_TIMES):
        left = asyncio.run(_tasks_left(subject))
        expect(not left, f"tasks that still run after close: {', '.join(left)}")


async def _tasks_left(subject: Subject) -> list[str]:
    clock = subject.clock()
    handle = Handle(subject.open(clock), clock)
    store = handle.awaiting.store
    key = Bench(handle, clock, None).key()
    await asyncio.gather(*(store.put_many((Put(key, b"body", 60.0),)) for _ in range(_TIMES)))
    await store.delete_many((key,))
    await store.close()
    handle.blocking.store.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if others:
        await asyncio.wait(others, timeout=_LONGEST_WAIT)
    return [task.get_name() for task in others if not task.done()]


def _expect_no_growth(subject: Subject, count: Callable[[], Counter[str]], what: str) -> None:
    _use(subject)
    before = _settled(count, None)
    for _ in range(_TIMES):
        _use(subject)
    after = _settled(count, before)
    grown = after - before
    # One more may be chance, such as a thread of the suite itself; one for each time is not.
    expect(grown.total() < _TIMES, f"{what} left after opening and closing {_TIMES} times: {_told(grown)}")


def _settled(count: Callable[[], Counter[str]], goal: Counter[str] | None) -> Counter[str]:
    """Return the count when it is no more than `goal`, or after a bounded wait."""
    ends = time.monotonic() + (_LONGEST_WAIT if goal is not None else 0.2)
    gc.collect()
    found = count()
    while time.monotonic() < ends and (goal is None or found - goal):
        time.sleep(_PAUSE)
        found = count()
    return found


def _use(subject: Subject) -> None:
    clock = subject.clock()
    handle = Handle(subject.open(clock), clock)
    bench = Bench(handle, clock, None)

    def steps() -> Steps[None]:
        key = bench.key()
        yield from PutMany((Put(key, b"body", 60.0),))
        yield from GetMany((key,))
        yield from DeleteMany((key,))

    try:
        for colour in (Colour.BLOCKING, Colour.ASYNC):
            drive(steps(), handle, colour)
    finally:
        handle.close()


def _told(grown: dict[str, int]) -> str:
    return ", ".join(f"{more} x {name}" for name, more in grown.items())


LEAKS = (
    check_of(closing_ends_the_threads, ("KV-18",)),
    check_of(closing_gives_back_files_and_connections, ("KV-18",)),
    check_of(closing_leaves_no_task, ("KV-18",)),
)
