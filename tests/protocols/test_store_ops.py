"""Each op of a store is one of its methods, in either colour, with the same arguments."""

from collections.abc import Callable
from typing import Any

import pytest

from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.blocking import BlockingWorld
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols import store_ops
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import News
from llmcache.protocols.steps import Op
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
    Scan,
    Spaces,
    Watch,
)

SHOP = Space(Namespace(("shop",)), Kind.RESPONSE)
TALKS = Space(SHOP.namespace, Kind.HISTORY)
ONE, TWO, NEW = (Key(SHOP, name) for name in ("one", "two", "new"))
TALK = Key(TALKS, "talk")
BODIES = (b"3", b"4")


def hear(news: News) -> None:
    """Be told of changes, and do nothing about them."""


# Each op, and the call that it stands for.
OPS: dict[Op[Any], Callable[[MemoryStore], Any]] = {
    GetMany((ONE, NEW)): lambda store: store.get_many((ONE, NEW)),
    PutMany((Put(NEW, b"n", 5.0),)): lambda store: store.put_many((Put(NEW, b"n", 5.0),)),
    PutIfAbsent(Put(NEW, b"n", 5.0)): lambda store: store.put_if_absent(Put(NEW, b"n", 5.0)),
    PutIfAbsent(Put(ONE, b"n")): lambda store: store.put_if_absent(Put(ONE, b"n")),
    DeleteMany((ONE,)): lambda store: store.delete_many((ONE,)),
    DeleteIfEqual(ONE, b"1"): lambda store: store.delete_if_equal(ONE, b"1"),
    Clear(SHOP): lambda store: store.clear(SHOP),
    Append(TALK, BODIES, 3, 9.0): lambda store: store.append(TALK, BODIES, max_length=3, ttl=9.0),
    ReadLog(TALK, -1, 7): lambda store: store.read_log(TALK, -1, 7),
    LogLength(TALK): lambda store: store.log_length(TALK),
    DeleteLog(TALK): lambda store: store.delete_log(TALK),
    Spaces(): lambda store: store.spaces(),
    Watch(hear): lambda store: store.watch(hear),
    Scan(SHOP, ONE, 1): lambda store: store.scan(SHOP, after=ONE, count=1),
}


def filled() -> MemoryStore:
    """A store with two entries and a log, whose clock stands still."""
    store = MemoryStore(clock=lambda: 1_000.0)
    store.put_many((Put(ONE, b"1"), Put(TWO, b"2", 60.0)))
    store.append(TALK, (b"1", b"2"))
    return store


def held_by(store: MemoryStore) -> list[Any]:
    """Everything in a store, with its times."""
    lines = [store.scan(space) for space in (SHOP, TALKS)]
    return [*lines, store.get_many((ONE, TWO, NEW)), store.read_log(TALK)]


@pytest.mark.parametrize("op", OPS, ids=lambda op: type(op).__name__)
def test_blocking_colour_is_the_method(op: Op[Any]) -> None:
    """`on` answers what the method answers and leaves the store as the method does."""
    called, done = filled(), filled()
    expected = OPS[op](called)

    reply = op.on(BlockingWorld(done, done, done, float, float, lambda told: None))

    assert (expected, held_by(called)) == (reply, held_by(done))


@pytest.mark.parametrize("op", OPS, ids=lambda op: type(op).__name__)
async def test_async_colour_is_the_method(op: Op[Any]) -> None:
    """`on_async` answers what the method answers and leaves the store as the method does."""
    called, done = filled(), filled()
    awaited = AsyncMemoryStore(done)
    expected = OPS[op](called)

    reply = await op.on_async(AwaitingWorld(awaited, awaited, awaited, float, float, lambda told: None))

    assert (expected, held_by(called)) == (reply, held_by(done))


def test_every_op_is_tried() -> None:
    """No op of the module is left out above."""
    written = {
        found
        for found in vars(store_ops).values()
        if isinstance(found, type) and issubclass(found, Op) and found.__module__ == store_ops.__name__
    }

    assert written == set(map(type, OPS))
