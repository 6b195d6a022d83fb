"""A deadline around a store that has none of its own."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import pytest

from llmcache.drivers.bounding import Bounding
from llmcache.drivers.hands import COUNTED, Hands
from llmcache.drivers.layered import layered
from llmcache.drivers.offload import Offloaded
from llmcache.drivers.worlds import Surroundings, blocking_world
from llmcache.errors import StoreTimeout, StoreUnavailable
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import AsyncStore, Store, StorePair
from tests.forks import in_child

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "9f86d081884c7d65")
LONG = 60.0
SHORT = 0.05
AROUND = Surroundings(lambda: 0.0, lambda: 0.0, lambda told: None)
name: ContextVar[str] = ContextVar("name")


class Hanging(MemoryStore):
    """A store whose reads wait until they may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = threading.Event()
        self.go_on = threading.Event()

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        if self.hangs.is_set():
            assert self.go_on.wait(LONG)
        return super().get_many(keys)


class AsyncHanging(AsyncMemoryStore):
    """The same, awaited; it counts the calls that were cancelled."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.cancelled = 0

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return []


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """A store that hangs, until the test is over."""
    store = Hanging()
    store.hangs.set()
    yield store
    store.go_on.set()


def bounded(blocking: Any, awaiting: Any = None, seconds: float = SHORT) -> StorePair:
    """Put a deadline around a store."""
    blocks = blocking_world(blocking, AROUND) if awaiting is None else None
    bounding = Bounding("stranger", seconds, blocks)
    return layered(StorePair(blocking, awaiting), bounding, AROUND, closing=bounding.closing)


def of_hands() -> list[threading.Thread]:
    """The threads that do calls."""
    return [thread for thread in threading.enumerate() if thread.name == "llmcache-stranger-hand"]


def settled() -> list[threading.Thread]:
    """The threads of hands that are left when those that end have ended."""
    for thread in of_hands():
        thread.join(0.5)
    return of_hands()


def test_call_that_hangs_is_left_behind() -> None:
    """The caller goes on, and is told that it may still be done; the thread serves again when its call has ended."""
    hands, go_on = Hands("stranger", most_left=1), threading.Event()

    with pytest.raises(StoreTimeout, match=r"stranger did not end GetMany within 0.05 s; it may still be done"):
        hands.do(lambda: go_on.wait(LONG), SHORT, "GetMany")
    (thread,) = of_hands()
    go_on.set()
    found: threading.Thread | None = None
    while found is None:
        with contextlib.suppress(StoreUnavailable):  # as long as the call has not ended
            found = hands.do(threading.current_thread, LONG, "GetMany")
    hands.close()
    assert found is thread
    assert [] == settled()


def test_answers_and_errors_come_back() -> None:
    """Whatever it is, with the context of the caller, in one thread by turns."""
    hands, error = Hands("stranger"), KeyError("own")
    token = name.set("tenant")

    def fail() -> None:
        raise error

    try:
        found = [hands.do(name.get, LONG, "GetMany") for _ in range(3)]
        with pytest.raises(KeyError) as raised:
            hands.do(fail, LONG, "GetMany")
    finally:
        name.reset(token)
    assert (["tenant"] * 3, error, 1) == (found, raised.value, len(of_hands()))
    hands.close()
    assert [] == settled()


def test_only_so_many_threads_are_left_behind() -> None:
    """Then the store counts as away, without another thread; and is asked again when one of them has ended."""
    hands, go_on = Hands("stranger", most_left=2), threading.Event()
    for _ in range(2):
        with pytest.raises(StoreTimeout):
            hands.do(lambda: go_on.wait(LONG), SHORT, "GetMany")

    with pytest.raises(StoreUnavailable, match="2 calls of it hang already; nothing was done"):
        hands.do(threading.current_thread, LONG, "GetMany")
    assert 2 == len(of_hands())
    hands.close()
    go_on.set()
    assert [] == settled()
    hands.do(threading.current_thread, LONG, "GetMany")


def test_thread_that_hangs_for_ever_does_not_count_for_ever() -> None:
    """The store is asked again, although the thread never comes back; one that ends later changes nothing."""
    now, go_on = [0.0], threading.Event()
    hands = Hands("stranger", most_left=1, monotonic=lambda: now[0])
    with pytest.raises(StoreTimeout):
        hands.do(lambda: go_on.wait(LONG), SHORT, "GetMany")
    now[0] = COUNTED - 1
    with pytest.raises(StoreUnavailable):
        hands.do(threading.current_thread, LONG, "GetMany")
    now[0] = COUNTED
    hands.do(threading.current_thread, LONG, "GetMany")

    go_on.set()
    hands.close()
    assert [] == settled()
    hands.do(threading.current_thread, LONG, "GetMany")


def test_interrupted_caller_leaves_its_call_behind() -> None:
    """Ctrl-C while waiting is not lost, nor is the thread counted as free."""
    hands, me = Hands("stranger", most_left=1), threading.get_ident()
    pressed, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        while not pressed.wait(SHORT):  # again, because a signal just before a wait begins does not interrupt it
            signal.pthread_kill(me, signal.SIGUSR1)
        go_on.wait(LONG)

    def press(*_: object) -> None:
        if not pressed.is_set():
            pressed.set()
            raise KeyboardInterrupt

    # Not SIGINT, which a test in the background may have been told to ignore.
    before = signal.signal(signal.SIGUSR1, press)
    try:
        with pytest.raises(KeyboardInterrupt):
            hands.do(hang, LONG, "GetMany")
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(StoreUnavailable, match="1 calls of it hang"):
        hands.do(threading.current_thread, LONG, "GetMany")
    go_on.set()
    hands.close()
    assert [] == settled()


def test_system_without_threads_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was done."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(StoreUnavailable, match="no thread could be started"):
        Hands("stranger").do(list, LONG, "GetMany")


def test_child_process_has_threads_of_its_own() -> None:
    """Those of the parent, left behind or free, are not there."""
    hands, go_on = Hands("stranger", most_left=1), threading.Event()
    hands.do(list, LONG, "GetMany")
    with pytest.raises(StoreTimeout):
        hands.do(lambda: go_on.wait(LONG), SHORT, "GetMany")
    status = in_child(lambda: hands.do(lambda: "done", LONG, "GetMany") == "done")
    go_on.set()
    hands.close()

    assert 0 == status
    assert [] == settled()


def test_blocking_store_that_hangs_costs_a_deadline(hanging: Hanging) -> None:
    """Reading ends by StoreTimeout; writing, which does not hang, is done; closing leaves no thread that is free."""
    store = bounded(hanging).blocking
    assert store is not None

    with pytest.raises(StoreTimeout, match="GetMany of 9f86d081884c"):
        store.get_many((KEY,))
    store.put_many((Put(KEY, b"body"),))
    hanging.go_on.set()
    found = store.get_many((KEY,))
    store.close()

    assert [b"body"] == found
    assert [] == settled()


@pytest.mark.parametrize("offloaded", [False, True], ids=["native", "in threads"])
async def test_awaited_store_that_hangs_costs_a_deadline(hanging: Hanging, offloaded: bool) -> None:
    """The call is cancelled there, and the caller is told."""
    native = AsyncHanging()
    pair = bounded(hanging) if offloaded else bounded(None, native)
    store = pair.awaiting
    assert store is not None

    with pytest.raises(StoreTimeout, match=r"GetMany of 9f86d081884c within 0.05 s"):
        await store.get_many((KEY,))
    hanging.go_on.set()
    await store.close()

    assert offloaded or native.cancelled == 1


async def test_awaited_calls_by_threads_come_back_or_stay_behind() -> None:
    """Answers, errors, and the context of the caller; whoever is cancelled leaves the thread, as at the deadline."""
    hands, go_on = Hands("stranger", most_left=2), threading.Event()
    token = name.set("tenant")
    found = await hands.do_async(name.get, LONG, "GetMany")
    name.reset(token)
    with pytest.raises(ZeroDivisionError):
        await hands.do_async(lambda: 1 // 0, LONG, "GetMany")
    with pytest.raises(StoreTimeout, match=r"did not end GetMany within 0.05 s; it may still be done"):
        await hands.do_async(lambda: go_on.wait(LONG), SHORT, "GetMany")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hands.do_async(lambda: go_on.wait(LONG), LONG, "GetMany"), SHORT)
    with pytest.raises(StoreUnavailable, match="2 calls of it hang"):
        await hands.do_async(list, LONG, "GetMany")
    go_on.set()
    hands.close()

    assert ("tenant", []) == (found, settled())


def test_call_that_ends_after_its_loop_tells_nobody() -> None:
    """The thread goes back to its work without a word."""
    hands, go_on = Hands("stranger"), threading.Event()
    with pytest.raises(StoreTimeout):
        asyncio.run(hands.do_async(lambda: go_on.wait(LONG), SHORT, "GetMany"))
    hands.close()
    go_on.set()

    assert [] == settled()


async def test_timeouts_of_others_are_theirs() -> None:
    """A TimeoutError of the store itself, and the cancelling of a caller, are not taken for the deadline."""

    class Raising(AsyncMemoryStore):
        async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
            raise TimeoutError("the store's own")

    raising, hung = bounded(None, Raising(MemoryStore()), LONG).awaiting, bounded(None, AsyncHanging(), LONG).awaiting
    assert raising is not None
    assert hung is not None

    with pytest.raises(TimeoutError, match="the store's own"):
        await raising.get_many((KEY,))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hung.get_many((KEY,)), SHORT)


def test_conversations_take_their_time() -> None:
    """They are not entries: the caller's own thread asks the store."""

    class Asked(MemoryStore):
        def log_length(self, log: Key) -> int:
            return threading.get_ident()

    store: Store = bounded(Asked()).blocking  # type: ignore[assignment]  # a LayeredStore obeys it
    known = threading.get_ident()

    assert known == store.log_length(KEY)
    store.close()


def test_offloaded_is_not_wrapped_twice() -> None:
    """A pair that brings its own async colour keeps it."""
    blocking = MemoryStore()
    awaiting: AsyncStore = Offloaded(blocking)
    pair = bounded(blocking, awaiting)
    assert pair.blocking is not None
    pair.blocking.close()
