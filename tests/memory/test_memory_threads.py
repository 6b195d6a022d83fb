"""The memory store among threads, forks, and calls in the middle of calls."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmcache.memory import MemoryStore, forking
from llmcache.model.key import Kind
from llmcache.model.units import Instant
from llmcache.protocols.key_value import Put
from tests.forks import in_child
from tests.memory.conftest import key_of

LOG = key_of(1, Kind.HISTORY)


def counted(store: MemoryStore) -> tuple[int, int, int, int]:
    """The counters of a store, then the same counted anew from what it holds."""
    contents = store._contents
    shelves = contents.shelves()
    entries = sum(len(shelf.entries) for shelf in shelves)
    evictable = sum(len(shelf.entries) for shelf in shelves if shelf.is_evictable)
    return contents.entries, len(contents._recency), entries, evictable


def test_counters_hold_among_threads() -> None:
    """Threads that put, read, delete, clear and append leave counters that say what is there."""
    store = MemoryStore(max_bytes=1 << 18, max_entries=200)

    def work(worker: int) -> None:
        together.wait()
        for step in range(400):
            key = key_of((worker * 7 + step * 13) % 300)
            store.put_many((Put(key, b"x" * (step % 2_000), None if step % 3 else 60.0),))
            store.get_many((key, key_of(step)))
            store.put_if_absent(Put(key_of(step, Kind.LEASE), b"me", 0.001))
            store.delete_if_equal(key_of(step, Kind.LEASE), b"me")
            store.append(LOG, (b"m",), max_length=5)
            if step % 50 == 0:
                store.clear(key.space)
            store.delete_many((key_of(step + 1),))

    interval = sys.getswitchinterval()
    # Only when all have begun: CPython 3.11 drops a thread that starts to be traced while another one does.
    together = threading.Barrier(4, lambda: sys.setswitchinterval(1e-5), 60.0)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
    finally:
        sys.setswitchinterval(interval)
    entries, in_turn, counted_entries, counted_evictable = counted(store)

    assert (entries, in_turn) == (counted_entries, counted_evictable)
    for kind in Kind:
        store.clear(key_of(1, kind).space)
    assert 0 == store._contents.used_bytes


def test_call_in_the_middle_of_a_call_does_not_wait_for_itself() -> None:
    """A signal handler or finalizer that uses the store while its thread is inside of it gets its answer."""
    inside: list[object] = []

    class Interrupting:
        def __call__(self) -> Instant:
            if not inside:
                inside.append(None)
                inside[:] = store.get_many((key_of(1),))
                store.append(LOG, (b"from inside",))
            return 1_000.0

    store = MemoryStore(clock=Interrupting())
    worker = threading.Thread(target=store.put_many, args=((Put(key_of(1), b"body"),),), daemon=True)
    worker.start()
    worker.join(timeout=30)

    assert not worker.is_alive()
    assert ([None], [b"body"]) == (inside, store.get_many((key_of(1),)))


@pytest.mark.slow
def test_child_of_a_fork_among_busy_threads_works() -> None:
    """However often it is forked while threads work in the store, the child finds it free and whole."""
    store = MemoryStore(max_bytes=1 << 20)
    stop = threading.Event()

    def work(worker: int) -> None:
        step = 0
        while not stop.is_set():
            step += 1
            store.put_many([Put(key_of(step * 7 + part), b"x" * 500, 60.0) for part in range(20)])
            store.append(LOG, (b"%d" % worker,) * 3, max_length=30)

    def child() -> bool:
        store.put_many((Put(key_of(1), b"child"),))
        entries, in_turn, counted_entries, counted_evictable = counted(store)
        is_whole = (entries, in_turn) == (counted_entries, counted_evictable)
        return is_whole and store.get_many((key_of(1),)) == [b"child"] and store.log_length(LOG) % 3 == 0

    with ThreadPoolExecutor(3) as pool:
        for worker in range(3):
            pool.submit(work, worker)
        try:
            statuses = [in_child(child) for _ in range(30)]
        finally:
            stop.set()

    assert [0] * 30 == statuses


def test_parent_and_child_each_have_their_own() -> None:
    """After a fork neither sees what the other writes, and the parent's locks are free, too."""
    store = MemoryStore()
    store.put_many((Put(key_of(1), b"before"),))

    def child() -> bool:
        is_there = store.get_many((key_of(1),)) == [b"before"]
        store.put_many((Put(key_of(1), b"child"),))
        return is_there

    status = in_child(child)

    assert (0, [b"before"]) == (status, store.get_many((key_of(1),)))
    assert [] == forking._taken


def test_locks_of_forgotten_stores_are_forgotten() -> None:
    """Opening stores again and again leaves nothing for a fork to take."""
    before = len(forking._locks)
    for _ in range(100):
        MemoryStore().close()

    assert len(forking._locks) <= before + 1
