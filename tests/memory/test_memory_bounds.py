"""The bounds of the memory store: what it drops, in which order, and what it refuses to drop."""

import gc
import tracemalloc

import pytest

from llmcache.errors import StoreLimit
from llmcache.memory import MemoryStore
from llmcache.memory.contents import BODY_OVERHEAD, ENTRY_OVERHEAD
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_conformance import Clock
from tests.memory.conftest import key_of


def held(store: MemoryStore, keys: list[Key]) -> list[int]:
    """The numbers of the keys that are there, without changing their turn."""
    names = {listed.key.physical for listed in store.scan(keys[0].space, count=len(keys))}
    return [number for number, key in enumerate(keys) if key.physical in names]


def entries_store(clock: Clock, max_entries: int) -> MemoryStore:
    """A store bounded by its number of entries."""
    return MemoryStore(max_entries=max_entries, clock=clock)


def test_least_recently_used_goes_first(clock: Clock) -> None:
    """Reading and writing an entry both make it the last to go."""
    store, keys = entries_store(clock, 3), [key_of(number) for number in range(5)]
    store.put_many([Put(key, b"body") for key in keys[:3]])
    store.get_many((keys[0],))
    store.put_many((Put(keys[3], b"body"),))
    after_read = held(store, keys)
    store.put_many((Put(keys[2], b"again"),))
    store.put_many((Put(keys[4], b"body"),))

    assert ([0, 2, 3], [2, 3, 4]) == (after_read, held(store, keys))


def test_only_what_is_needed_goes(clock: Clock) -> None:
    """A body that needs the room of two drops two, not the whole store."""
    store = MemoryStore(max_bytes=1 << 16, clock=clock)
    keys = [key_of(number) for number in range(20)]
    weight = 5_000 + ENTRY_OVERHEAD + len(keys[0].physical)
    fitting = (1 << 16) // weight
    store.put_many([Put(key, b"x" * 5_000) for key in keys[:fitting]])

    store.put_many((Put(keys[-1], b"x" * 8_000),))

    assert [*range(2, fitting), 19] == held(store, keys)


def test_expired_entries_go_before_living_ones(store: MemoryStore, clock: Clock) -> None:
    """What nobody can read any more is dropped before what somebody can, however much room is needed."""
    store.put_many((Put(key_of(0), b"old"),))
    store.put_many([Put(key_of(number), b"x" * 100, 5.0) for number in range(1, 120)])
    clock.advance(5.0)
    store.put_many([Put(key_of(number), b"x" * 8_000) for number in range(200, 207)])

    assert [b"old"] == store.get_many((key_of(0),))


def test_batch_that_fills_the_store_is_kept_whole(clock: Clock) -> None:
    """A call may put as many as the store holds, and one more is refused with nothing written."""
    store, keys = entries_store(clock, 10), [key_of(number) for number in range(30)]
    store.put_many([Put(key, b"before") for key in keys[:5]])
    store.put_many([Put(key, b"batch") for key in keys[5:15]])
    with pytest.raises(StoreLimit, match="refused 11 puts"):
        store.put_many([Put(key, b"more") for key in keys[15:26]])

    assert list(range(5, 15)) == held(store, keys)


def test_largest_body_is_an_eighth_of_the_store(store: MemoryStore) -> None:
    """One body never drives out most of the others; the message tells both sizes, not the body."""
    limit = (1 << 16) // 8
    store.put_many((Put(key_of(1), b"s" * limit),))

    with pytest.raises(StoreLimit, match="a body is 8,193 bytes, limit 8,192") as raised:
        store.put_many((Put(key_of(1), b"s" * (limit + 1)),))

    assert limit == store.capabilities.limits.max_body_bytes
    assert "ss" not in str(raised.value)


def test_store_full_of_what_must_stay_refuses(clock: Clock) -> None:
    """Marks, leases and documents are never dropped: the next one is refused, and answers still find no room."""
    store = entries_store(clock, 3)
    kept = [key_of(1, kind) for kind in (Kind.TAG, Kind.LEASE, Kind.DOCUMENT)]
    store.put_many([Put(key, b"keep") for key in kept])

    for refused in (Put(key_of(2, Kind.TAG), b"x"), Put(key_of(2), b"x")):
        with pytest.raises(StoreLimit, match="raise max_bytes or max_entries"):
            store.put_many((refused,))
        with pytest.raises(StoreLimit):
            store.put_if_absent(refused)
    store.put_many([Put(key, b"again") for key in kept])

    assert [b"again"] * 3 == store.get_many(kept)


def test_expired_leases_make_room(store: MemoryStore, clock: Clock) -> None:
    """What must be kept must be kept until it expires, and no longer."""
    weight = 2 + len(key_of(1, Kind.LEASE).physical) + ENTRY_OVERHEAD
    store.put_many([Put(key_of(number, Kind.LEASE), b"me", 5.0) for number in range((1 << 16) // weight)])
    clock.advance(5.0)
    store.put_many((Put(key_of(1, Kind.DOCUMENT), b"d" * 8_000),))

    assert [b"d" * 8_000] == store.get_many((key_of(1, Kind.DOCUMENT),))


def test_conversations_drive_out_answers_and_then_refuse(store: MemoryStore) -> None:
    """Messages make room among the answers; when there are only messages, the next is refused and nothing is lost."""
    store.put_many([Put(key_of(number), b"x" * 4_000) for number in range(10)])
    logs = [key_of(number, Kind.HISTORY) for number in range(20)]
    written = 14
    for log in logs[:written]:
        store.append(log, (b"m" * 4_000,))
    with pytest.raises(StoreLimit, match=r"refused append to history: 4,\d+ bytes more"):
        store.append(logs[written], (b"m" * 4_000,))

    assert [None] * 10 == store.get_many([key_of(number) for number in range(10)])
    assert [[b"m" * 4_000]] * written == [store.read_log(log) for log in logs[:written]]
    assert 0 == store.log_length(logs[written])


def test_append_that_makes_room_itself_is_taken(store: MemoryStore) -> None:
    """In a full store a capped append that drops as much as it adds is done, and one that adds more is not."""
    logs = [key_of(number, Kind.HISTORY) for number in range(14)]
    for log in logs:
        store.append(log, (b"m" * 4_000,))
    length = store.append(logs[0], (b"n" * 4_000,), max_length=1)
    with pytest.raises(StoreLimit):
        store.append(logs[0], (b"n" * 4_000, b"n" * 4_000), max_length=2)

    assert (1, [b"n" * 4_000]) == (length, store.read_log(logs[0]))


def test_expired_conversations_make_room(store: MemoryStore, clock: Clock) -> None:
    """Logs that are gone give their room to the next, however much it needs."""
    for number in range(100):
        store.append(key_of(number, Kind.HISTORY), (b"m" * 100,), ttl=5.0)
    clock.advance(5.0)

    assert 7 == store.append(key_of(200, Kind.HISTORY), (b"m" * 8_000,) * 7)


@pytest.mark.parametrize("ttl", [None, 3_600.0])
def test_weight_is_near_what_the_process_grows_by(ttl: float | None) -> None:
    """The bound is one of memory: what is counted is at least what is allocated, and not half as much again."""
    store = MemoryStore()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(20_000):
        store.put_many((Put(key_of(number), b"%07d" % number * 40, ttl),))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert 1.0 <= store._contents.used_bytes / grown < 1.5


def test_weight_of_a_log_is_near_what_the_process_grows_by() -> None:
    """Many small messages are counted with what Python needs around each."""
    store, log = MemoryStore(), key_of(1, Kind.HISTORY)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(20_000):
        store.append(log, (b"%07d" % number * 8,))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert 1.0 <= store._contents.used_bytes / grown < 1.5


def test_empty_store_weighs_nothing(store: MemoryStore) -> None:
    """Whatever was put is weighed off again when it goes."""
    store.put_many([Put(key_of(number, kind), b"body", 5.0) for number in range(9) for kind in Kind])
    store.append(key_of(1, Kind.HISTORY), (b"1", b"2", b"3"), max_length=2)
    full = store._contents.used_bytes
    for kind in Kind:
        store.clear(key_of(1, kind).space)

    assert full > 9 * 5 * ENTRY_OVERHEAD + 2 * BODY_OVERHEAD
    assert [] == store._contents.shelves()
    assert (0, 0, []) == (store._contents.used_bytes, store._contents.entries, store.spaces())


def test_namespaces_that_came_and_went_leave_nothing(store: MemoryStore) -> None:
    """Spaces whose keys were deleted one by one, or expired, take no memory."""
    for number in range(100):
        space = Space(Namespace((f"tenant {number}",)), Kind.RESPONSE)
        store.put_many((Put(Key(space, "a"), b"body"),))
        store.append(Key(space, "b"), (b"1",))
        store.delete_many((Key(space, "a"),))
        store.delete_log(Key(space, "b"))

    assert [] == store._contents.shelves()


def test_capped_log_costs_by_what_it_adds() -> None:
    """A log that has dropped a hundred times its length keeps no place for what it dropped."""
    store, log = MemoryStore(), key_of(1, Kind.HISTORY)
    for number in range(2_000):
        store.append(log, (b"%d" % number,), max_length=20)
    shelf = store._contents.shelf_of(log.space)

    assert shelf is not None
    assert len(shelf.logs[log.physical]._bodies) <= 41
    assert [b"%d" % number for number in range(1_980, 2_000)] == store.read_log(log)
