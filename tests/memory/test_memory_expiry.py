"""Expiry in the memory store: the very instant, and memory that returns without anybody reading."""

import pytest

from llmcache.memory import MemoryStore
from llmcache.memory.contents import PURGE_STEP
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_conformance import Clock
from tests.memory.conftest import key_of


def test_entry_is_gone_at_its_very_instant(store: MemoryStore, clock: Clock) -> None:
    """At the instant of expiry an entry is gone, for every op."""
    key = key_of(1)
    store.put_many((Put(key, b"body", 4.0),))
    clock.advance(3.5)
    before = store.get_many((key,))
    clock.advance(0.5)

    assert ([b"body"], [None]) == (before, store.get_many((key,)))
    assert ([], []) == (store.scan(key.space), store.spaces())
    assert not store.delete_if_equal(key, b"body")
    assert store.put_if_absent(Put(key, b"new"))


def test_many_entries_are_gone_at_one_instant(store: MemoryStore, clock: Clock) -> None:
    """Those that a call does not give back yet are missing all the same."""
    keys = [key_of(number) for number in range(PURGE_STEP * 3)]
    store.put_many([Put(key, b"body", 4.0) for key in keys])
    clock.advance(4.0)

    assert [None] * len(keys) == store.get_many(keys)


def test_log_is_gone_at_its_very_instant(store: MemoryStore, clock: Clock) -> None:
    """At the instant of expiry a log is gone, for every op."""
    log = key_of(1, Kind.HISTORY)
    store.append(log, (b"1",), ttl=4.0)
    clock.advance(3.5)
    before = store.read_log(log)
    clock.advance(0.5)

    assert ([b"1"], [], 0) == (before, store.read_log(log), store.log_length(log))
    assert ([], []) == (store.scan(log.space), store.spaces())


@pytest.mark.parametrize("is_reading", [True, False])
def test_memory_returns_without_reading_what_expired(clock: Clock, is_reading: bool) -> None:
    """Calls that concern other keys give back what has expired, whether they read or write."""
    store, other = MemoryStore(clock=clock), key_of(9_999)
    store.put_many([Put(key_of(number), b"x" * 100, 5.0) for number in range(200)])
    for number in range(200):
        store.append(key_of(number, Kind.HISTORY), (b"x" * 100,), ttl=5.0)
    clock.advance(5.0)
    for _ in range(400 // PURGE_STEP + 1):
        if is_reading:
            store.get_many((other,))
        else:
            store.put_many((Put(other, b""),))
    store.clear(other.space)

    assert (0, 0) == (store._contents.used_bytes, store._contents.entries)


def test_no_call_pays_for_thousands(clock: Clock) -> None:
    """A call that finds ten thousand expired entries gives back a few of them."""
    store = MemoryStore(clock=clock)
    store.put_many([Put(key_of(number), b"", 5.0) for number in range(10_000)])
    clock.advance(5.0)
    store.get_many((key_of(1),))

    assert 10_000 - PURGE_STEP == store._contents.entries


def test_deadlines_of_overwritten_entries_do_not_pile_up(clock: Clock) -> None:
    """An entry that is written again and again, and leases taken and given back, leave no heap behind."""
    store = MemoryStore(clock=clock)
    for number in range(5_000):
        store.put_many((Put(key_of(1), b"body", 86_400.0),))
        store.put_if_absent(Put(key_of(number, Kind.LEASE), b"me", 30.0))
        store.delete_if_equal(key_of(number, Kind.LEASE), b"me")
        store.append(key_of(1, Kind.HISTORY), (b"x",), max_length=3, ttl=86_400.0)
        store.append(key_of(2, Kind.HISTORY), (b"x",), ttl=86_400.0)
        store.delete_log(key_of(2, Kind.HISTORY))

    assert store._contents._deadlines.records < 300


def test_deadlines_made_anew_still_hold(clock: Clock) -> None:
    """After the heap was cleaned, what is alive still expires, and gives its memory back, by itself."""
    store = MemoryStore(clock=clock)
    store.put_many((Put(key_of(1), b"first", 10.0), Put(key_of(2), b"for ever")))
    store.append(key_of(3, Kind.HISTORY), (b"log",), ttl=10.0)
    for _ in range(1_000):
        store.put_many((Put(key_of(4), b"again", 20.0),))
    clock.advance(10.0)
    store.get_many((key_of(2),))
    early = store._contents.entries
    clock.advance(10.0)
    store.get_many((key_of(2),))

    assert (2, 1) == (early, store._contents.entries)
    assert [None, b"for ever"] == store.get_many((key_of(1), key_of(2)))
    assert 0 == store.log_length(key_of(3, Kind.HISTORY))


def test_clock_that_goes_back_makes_nothing_immortal(store: MemoryStore, clock: Clock) -> None:
    """After the clock was set back an hour, entries expire by the instant they were to expire at."""
    store.put_many((Put(key_of(1), b"body", 60.0),))
    clock.advance(-3_600.0)
    store.put_many((Put(key_of(2), b"body", 60.0),))
    clock.advance(60.0)
    early = store.get_many((key_of(1), key_of(2)))
    clock.advance(3_600.0)

    assert ([b"body", None], [None, None]) == (early, store.get_many((key_of(1), key_of(2))))
