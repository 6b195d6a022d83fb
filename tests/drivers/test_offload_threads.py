"""The threads of an offloaded store: when they begin, when they end, and what happens where there are none."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

import llmcache
from llmcache.api.decoded import Decoded
from llmcache.drivers.offload import Offloaded
from llmcache.errors import ClosedError, StoreUnavailable
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import StorePair
from tests.forks import in_child

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "one")
REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])


class Slow(MemoryStore):
    """A store whose writes wait until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def put_many(self, puts: Sequence[Put]) -> None:
        self.begun.release()
        assert self.go_on.acquire(timeout=30)
        super().put_many(puts)


class Stopping(MemoryStore):
    """A store that lets a StopIteration of its own escape."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [next(iter(()))]

    def close(self) -> None:
        super().close()
        next(iter(()))


@pytest.fixture
async def slow() -> AsyncGenerator[Offloaded[Slow]]:
    """A slow store, awaited through at most two threads."""
    store = Slow()
    offloaded = Offloaded(store, threads=2)
    yield offloaded
    store.go_on.release(100)
    await offloaded.close()


def threads_beside(known: set[threading.Thread]) -> list[threading.Thread]:
    """The threads of offloaded stores that are alive and not among `known`, which other tests may have left."""
    mine = set(threading.enumerate()) - known
    return [thread for thread in mine if thread.name.startswith("llmcache-memory")]


def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system refuse every new thread."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


async def opened() -> llmcache.Cache:
    """A blocking cache on a store that can only block, whose async twin was used."""
    setup = llmcache.open("memory:").setup
    cache = llmcache.Cache(replace(setup, pair=StorePair(MemoryStore(), None)))
    await cache.awaiting.responses.put(REQUEST, "x")
    return cache


async def test_closing_the_blocking_colour_ends_the_threads() -> None:
    """Whoever opened a cache blocking, awaited its twin and closes it blocking leaves no thread behind."""
    known = set(threading.enumerate())
    cache = await opened()
    before = threads_beside(known)
    cache.close()
    cache.close()

    assert [False] == [thread.is_alive() for thread in before]
    with pytest.raises(ClosedError):
        await cache.awaiting.responses.get(REQUEST)


async def test_integrations_share_the_threads() -> None:
    """A setup with a field replaced, as an integration makes it, awaits through the same threads."""
    known = set(threading.enumerate())
    cache = await opened()
    other = llmcache.AsyncCache(replace(cache.setup, decoded=Decoded()))
    answer = await other.responses.get(REQUEST)

    assert (answer, 1) == ("x", len(threads_beside(known)))
    assert cache.setup.awaiting_world.store is other.setup.awaiting_world.store
    cache.close()
    assert [] == threads_beside(known)


async def test_stop_iteration_of_a_store_is_an_error_not_a_hang() -> None:
    """No future takes a StopIteration; the one who awaits the call, or the closing, is told."""
    offloaded = Offloaded(Stopping())

    for broken in (offloaded.get_many((KEY,)), offloaded.close()):
        with pytest.raises(RuntimeError, match="the store raised StopIteration") as raised:
            await asyncio.wait_for(broken, timeout=30)
        assert isinstance(raised.value.__cause__, StopIteration)


async def test_without_a_thread_the_store_is_unavailable_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is not done, now or later, and the store works again as soon as there are threads."""
    offloaded = Offloaded(MemoryStore())
    with monkeypatch.context() as patched:
        no_threads(patched)
        with pytest.raises(StoreUnavailable, match="no thread could be started"):
            await offloaded.put_many((Put(KEY, b"never"),))

    assert [None] == await offloaded.get_many((KEY,))
    await offloaded.close()


async def test_call_that_another_thread_has_begun_is_awaited(
    slow: Offloaded[Slow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no second thread can be started but the first takes the call, it is not said to be undone."""
    store = slow._blocking
    first = asyncio.ensure_future(slow.put_many((Put(KEY, b"first"),)))
    assert await asyncio.to_thread(store.begun.acquire, timeout=30)

    def refuse_too_late(thread: threading.Thread) -> None:
        # The first thread ends its call and takes the second one before its own thread is refused.
        store.go_on.release()
        assert store.begun.acquire(timeout=30)
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse_too_late)
        second = asyncio.ensure_future(slow.put_many((Put(KEY, b"second"),)))
        await asyncio.wait_for(first, timeout=30)
    store.go_on.release()
    await asyncio.wait_for(second, timeout=30)

    assert [b"second"] == await slow.get_many((KEY,))


async def test_close_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be started the store is closed all the same."""
    store = MemoryStore()
    offloaded = Offloaded(store)
    with monkeypatch.context() as patched:
        no_threads(patched)
        await offloaded.close()

    with pytest.raises(ClosedError):
        store.get_many((KEY,))
    with pytest.raises(ClosedError):
        await offloaded.get_many((KEY,))


def test_child_process_starts_threads_of_its_own() -> None:
    """A child inherits a pool without threads; its calls are answered, it can close, and the parent goes on."""
    offloaded = Offloaded(MemoryStore())

    async def use() -> list[bytes | None]:
        await offloaded.put_if_absent(Put(KEY, b"body"))
        return list(await offloaded.get_many((KEY,)))

    async def use_and_close() -> bool:
        found = await asyncio.wait_for(use(), timeout=10)
        await asyncio.wait_for(offloaded.close(), timeout=10)
        return [b"body"] == found

    def close() -> bool:
        offloaded.close_both()
        return True

    asyncio.run(use())
    assert offloaded._pool is not None
    # As if another thread were just closing: in the child nobody would ever release the lock.
    with offloaded._pool._shutdown_lock:
        statuses = [in_child(lambda: asyncio.run(use_and_close())), in_child(close)]

    assert [0, 0] == statuses
    assert [b"body"] == asyncio.run(use())
    offloaded.close_both()
