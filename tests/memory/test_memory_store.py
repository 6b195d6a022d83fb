"""The memory store from outside: opening, closing, arguments, and values that nobody shares."""

import asyncio

import pytest

from llmcache.errors import ClosedError, UsageError
from llmcache.memory import AsyncMemoryStore, MemoryStore, open_pair
from llmcache.model.key import Keys, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import AsyncStore, Store
from tests.memory.conftest import key_of


def test_pair_is_whole_in_both_colours() -> None:
    """Both colours have entries, logs and listing; the checkers compare the classes with the protocols."""
    blocking: Store = MemoryStore()
    awaiting: AsyncStore = AsyncMemoryStore(MemoryStore())
    pair = open_pair()

    assert (type(blocking), type(awaiting)) == (type(pair.blocking), type(pair.awaiting))


def test_capabilities() -> None:
    """It logs, scans and answers at once; it neither persists nor is shared; its largest body is an eighth of it."""
    capabilities = MemoryStore(max_bytes=1 << 20).capabilities

    assert (True, True, True) == (capabilities.log, capabilities.scan, capabilities.inline_reads)
    assert (False, False) == (capabilities.persistent, capabilities.shared)
    assert 1 << 17 == capabilities.limits.max_body_bytes
    assert capabilities == AsyncMemoryStore(MemoryStore(max_bytes=1 << 20)).capabilities


def test_empty_store_is_true() -> None:
    """`if store:` asks whether there is a store, not whether it holds something."""
    pair = open_pair()

    assert pair.blocking
    assert pair.awaiting
    assert not hasattr(pair.blocking, "__len__")
    assert not hasattr(pair.awaiting, "__len__")


@pytest.mark.parametrize(
    ("max_bytes", "max_entries"), [(65_535, 1), (0, 1), (-1, 1), (1e9, 1), (True, 1), ("64MiB", 1)]
)
def test_wrong_bound_of_bytes_is_refused(max_bytes: int, max_entries: int) -> None:
    """A bound that no entry could fit into, or that is no integer, is named with what is allowed."""
    with pytest.raises(UsageError, match=r"memory: max_bytes is an integer of at least 65,536, found"):
        open_pair(max_bytes=max_bytes, max_entries=max_entries)


@pytest.mark.parametrize("max_entries", [0, -1, 1.0, True, None])
def test_wrong_bound_of_entries_is_refused(max_entries: int) -> None:
    """A store holds one entry at least."""
    with pytest.raises(UsageError, match=r"memory: max_entries is an integer of at least 1, found"):
        open_pair(max_entries=max_entries)


def test_a_batch_is_read_as_each_of_its_keys_is() -> None:
    """What is missing or over is None, and what was found goes last when room is needed."""
    now = [0.0]
    store = MemoryStore(max_entries=3, clock=lambda: now[0])
    keys = Keys(Space(Namespace.of("shop"), Kind.EMBEDDING), [f"9f86d08{number}" * 8 for number in range(5)])
    store.put_many([Put(keys[0], b"0"), Put(keys[1], b"1", 5.0), Put(keys[2], b"2")])

    assert [b"0", b"1"] == store.get_many(keys[:2])
    assert [None, None] == store.get_many(keys[3:])
    store.put_many([Put(keys[3], b"3")])
    assert [b"0", b"1", None, b"3", None] == store.get_many(keys)
    now[0] = 5.0
    assert [b"0", None, None, b"3", None] == store.get_many(keys)
    assert [None] * 5 == store.get_many(Keys(Space(Namespace.of("pub"), Kind.EMBEDDING), [key.name for key in keys]))


def test_stores_are_apart() -> None:
    """Two opened stores share nothing."""
    one, other = open_pair(), open_pair()
    assert one.blocking
    assert other.blocking
    one.blocking.put_many((Put(key_of(1), b"body"),))

    assert [None] == other.blocking.get_many((key_of(1),))


async def test_colours_share_what_they_hold() -> None:
    """What one colour writes, the other reads at once."""
    pair = open_pair()
    assert pair.blocking
    assert pair.awaiting
    pair.blocking.put_many((Put(key_of(1), b"1"),))
    await pair.awaiting.put_many((Put(key_of(2), b"2"),))

    assert [b"1", b"2"] == await pair.awaiting.get_many((key_of(1), key_of(2)))
    assert [b"1", b"2"] == pair.blocking.get_many((key_of(1), key_of(2)))


@pytest.mark.parametrize("is_async", [True, False])
async def test_closing_one_colour_closes_both(is_async: bool) -> None:
    """Whichever is closed, both refuse, and the memory is given back at once."""
    store = MemoryStore()
    awaited = AsyncMemoryStore(store)
    store.put_many((Put(key_of(1), b"body"),))
    if is_async:
        await awaited.close()
    else:
        store.close()

    with pytest.raises(ClosedError, match="memory refused get_many: the store is closed"):
        store.get_many((key_of(1),))
    with pytest.raises(ClosedError, match="memory refused read_log"):
        await awaited.read_log(key_of(1))
    assert 0 == store._contents.used_bytes


def test_lists_of_a_caller_are_not_kept() -> None:
    """What a caller does with its lists after the call, and with the answers, changes nothing in the store."""
    store, log = MemoryStore(), key_of(1, Kind.HISTORY)
    puts, bodies = [Put(key_of(1), b"body")], [b"1", b"2"]
    store.put_many(puts)
    store.append(log, bodies)
    puts.clear()
    bodies.append(b"3")
    store.get_many((key_of(1),)).clear()
    store.read_log(log).append(b"4")

    assert ([b"body"], [b"1", b"2"]) == (store.get_many((key_of(1),)), store.read_log(log))


def test_list_that_changes_during_a_call_is_written_as_it_was_checked() -> None:
    """What another thread adds to a caller's list after the check is not written unchecked."""
    log = key_of(1, Kind.HISTORY)
    puts: list[Put] = []
    bodies: list[bytes] = []

    def meddle() -> float:
        puts.append(Put(key_of(2), b"unchecked"))
        bodies.append(b"unchecked")
        return 1_000.0

    store = MemoryStore(clock=meddle)
    store.put_many(puts)
    puts.clear()
    bodies.clear()
    store.append(log, bodies)
    puts.clear()

    assert ([], []) == (store.spaces(), store.read_log(log))


def test_store_works_in_one_event_loop_after_another() -> None:
    """The async colour is bound to no loop."""
    awaited = AsyncMemoryStore(MemoryStore())

    async def count() -> int:
        return await awaited.append(key_of(1, Kind.HISTORY), (b"x",))

    assert [1, 2, 3] == [asyncio.run(count()) for _ in range(3)]


def test_refused_scan_says_why() -> None:
    """A page of nothing, or one that goes on behind a key of another space, is a mistake."""
    store = MemoryStore()

    with pytest.raises(UsageError, match="count is at least 1"):
        store.scan(key_of(1).space, count=0)
    with pytest.raises(UsageError, match="not a key of the space"):
        store.scan(key_of(1).space, after=key_of(1, Kind.TAG))
