"""Thread offload: a store that can only block, awaited."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Sequence

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError, UsageError
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put

SHOP = Space(Namespace(("shop",)), Kind.RESPONSE)
KEY = Key(SHOP, "one")
LOG = Key(Space(SHOP.namespace, Kind.HISTORY), "talk")
CALLER = contextvars.ContextVar("CALLER", default="nobody")


class Watched(MemoryStore):
    """A store whose reads tell where they run, and wait until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []
        self.callers: list[str] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        self.threads.append(threading.current_thread().name)
        self.callers.append(CALLER.get())
        return super().get_many(keys)

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        self.begun.release()
        assert self.go_on.acquire(timeout=30)
        return super().append(log, bodies, max_length=max_length, ttl=ttl)


@pytest.fixture
def watched() -> Watched:
    """The blocking store."""
    return Watched()


@pytest.fixture
async def offloaded(watched: Watched) -> AsyncGenerator[Offloaded[Watched]]:
    """The same store, awaited through two threads."""
    offloaded = Offloaded(watched, threads=2)
    yield offloaded
    watched.go_on.release(100)
    await offloaded.close()


async def until_begun(watched: Watched) -> None:
    """Wait until an append runs in its thread, without holding the event loop."""
    assert await asyncio.to_thread(watched.begun.acquire, timeout=30)


async def test_calls_run_in_named_threads_with_the_callers_context(
    offloaded: Offloaded[Watched], watched: Watched
) -> None:
    """A call does not hold the event loop's thread, and sees the caller's context variables."""
    CALLER.set("tenant a")

    await offloaded.get_many((KEY,))

    assert [True] == [name.startswith("llmcache-memory") for name in watched.threads]
    assert ["tenant a"] == watched.callers


async def test_name_and_capabilities_are_the_stores(offloaded: Offloaded[Watched], watched: Watched) -> None:
    """Offloading changes nothing that a store declares."""
    assert (watched.name, watched.capabilities) == (offloaded.name, offloaded.capabilities)


async def test_event_loop_goes_on_while_a_call_blocks(offloaded: Offloaded[Watched], watched: Watched) -> None:
    """Other calls, and the loop itself, go on while one call waits in its thread."""
    waiting = asyncio.ensure_future(offloaded.append(LOG, (b"1",)))
    await until_begun(watched)

    found = await offloaded.get_many((KEY,))
    is_done = waiting.done()
    watched.go_on.release()

    assert ([None], False, 1) == (found, is_done, await waiting)


async def test_exceptions_are_the_stores(offloaded: Offloaded[Watched]) -> None:
    """What the store raises comes out unchanged."""
    with pytest.raises(UsageError, match="time to live"):
        await offloaded.put_many((Put(KEY, b"", 0.0),))


async def test_cancelled_call_is_done_to_its_end(offloaded: Offloaded[Watched], watched: Watched) -> None:
    """A caller that gave up does not leave the store half-way: the call goes on in its thread."""
    task = asyncio.ensure_future(offloaded.append(LOG, (b"1", b"2")))
    await until_begun(watched)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    watched.go_on.release()
    await offloaded.close()

    assert watched._is_closed


async def test_close_waits_for_what_runs(offloaded: Offloaded[Watched], watched: Watched) -> None:
    """A call that was begun before close gets its answer."""
    running = asyncio.ensure_future(offloaded.append(LOG, (b"1",)))
    await until_begun(watched)
    closing = asyncio.ensure_future(offloaded.close())
    # Closing runs in a thread, too: by the time this round trip is over it has begun.
    for _ in range(20):
        await asyncio.to_thread(threading.active_count)
    is_closed_early = watched._is_closed
    watched.go_on.release()

    assert 1 == await running
    await closing
    assert (False, True) == (is_closed_early, watched._is_closed)


async def test_closed_store_refuses_and_closes_again(offloaded: Offloaded[Watched], watched: Watched) -> None:
    """After close every call raises ClosedError, also through the blocking store, and a second close does nothing."""
    await offloaded.close()
    await offloaded.close()

    with pytest.raises(ClosedError):
        await offloaded.get_many((KEY,))
    with pytest.raises(ClosedError):
        watched.get_many((KEY,))


async def test_threads_end_with_close(offloaded: Offloaded[Watched]) -> None:
    """No thread is left behind."""
    await offloaded.get_many((KEY,))
    before = [thread for thread in threading.enumerate() if thread.name.startswith("llmcache-memory")]
    await offloaded.close()

    assert [False] * len(before) == [thread.is_alive() for thread in before]
    assert before
