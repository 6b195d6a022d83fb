"""A store whose ops are answered by a layer."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmcache.drivers.layered import layered, nothing_to_close
from llmcache.drivers.worlds import Surroundings
from llmcache.errors import ClosedError, StoreUnavailable, UnsupportedError
from llmcache.memory import MemoryStore, open_pair
from llmcache.model.capabilities import Capabilities
from llmcache.model.event import Event, Happening, Told
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.whole import AsyncStore, Store, StorePair
from llmcache.protocols.world_ops import Emit, Now

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "one")
AROUND = Surroundings(lambda: 1_000.0, lambda: 7.0, lambda told: None)


def passing(op: Op[Reply]) -> Steps[Reply]:
    """Pass every op on unchanged."""
    reply: Reply = yield from op
    return reply


def both(pair: StorePair) -> tuple[Store, AsyncStore]:
    """Return both colours of a pair that has both."""
    return pair.blocking, pair.awaiting  # type: ignore[return-value]  # the wrapped store is whole


async def closed(blocking: Store, awaiting: AsyncStore, closes_by_awaiting: bool) -> None:
    """Close one colour."""
    if closes_by_awaiting:
        await awaiting.close()
    else:
        blocking.close()


async def test_layer_answers_in_both_colours() -> None:
    """What the layer yields is done to the wrapped store, and its surroundings tell the time and listen."""
    told: list[Told] = []
    below = MemoryStore()

    def stamping(op: Op[Reply]) -> Steps[Reply]:
        if isinstance(op, PutMany):
            now = yield from Now()
            yield from PutMany([replace(put, body=b"%d" % now + put.body) for put in op.puts])
            return None  # type: ignore[return-value]  # the reply of PutMany
        yield from Emit(Event(Happening.HIT))
        return (yield from op)

    blocking, awaiting = both(layered(StorePair(below, None), stamping, replace(AROUND, emit=told.append)))
    blocking.put_many((Put(KEY, b"a"),))
    seen = [await awaiting.get_many((KEY,)), below.get_many((KEY,))]
    await awaiting.put_many((Put(KEY, b"b"),))
    seen += [blocking.get_many((KEY,)), below.get_many((KEY,))]
    await awaiting.close()

    assert [[b"1000a"], [b"1000a"], [b"1000b"], [b"1000b"]] == seen
    assert 2 == len(told)


async def test_layers_nest_and_may_answer_alone() -> None:
    """The outer layer sees an op first; where it answers, neither the inner layer nor the store is asked."""
    asked: list[str] = []

    def naming(name: str, answer: object = None) -> Callable[[Op[Reply]], Steps[Reply]]:
        def layer(op: Op[Reply]) -> Steps[Reply]:
            asked.append(name)
            return answer if answer is not None else (yield from op)  # type: ignore[return-value]  # of a read

        return layer

    inner = layered(open_pair(), naming("inner"), AROUND)
    through_both = layered(inner, naming("outer"), AROUND)
    answering = layered(inner, naming("alone", [b"mine"]), AROUND)
    found = [both(pair)[0].get_many((KEY,)) for pair in (through_both, answering)]

    assert [[None], [b"mine"]] == found
    assert ["outer", "inner", "alone"] == asked


async def test_name_and_capabilities_are_the_wrapped_stores_unless_the_layer_says() -> None:
    """Wrapping changes no declaration but what the layer changes."""
    pair = open_pair()
    store, _ = both(pair)
    plain = both(layered(pair, passing, AROUND))

    def waiting(own: Capabilities) -> Capabilities:
        return replace(own, inline_reads=False)

    changed = both(layered(pair, passing, AROUND, capabilities=waiting))

    assert [(store.name, store.capabilities)] * 2 == [(colour.name, colour.capabilities) for colour in plain]
    assert [waiting(store.capabilities)] * 2 == [colour.capabilities for colour in changed]


async def test_ability_that_the_store_does_not_declare_is_refused() -> None:
    """A layered store has every method, and says of those that the wrapped store lacks that it lacks them."""

    class Entries(MemoryStore):
        @property
        def capabilities(self) -> Capabilities:
            return Capabilities()

    blocking, awaiting = both(layered(StorePair(Entries(), None), passing, AROUND))

    with pytest.raises(UnsupportedError, match="conversations"):
        blocking.append(KEY, (b"1",))
    with pytest.raises(UnsupportedError, match="cannot be listed"):
        await awaiting.spaces()
    await awaiting.close()


async def test_closing_either_colour_closes_all_and_runs_the_layers_own_once() -> None:
    """The layer's last writes reach the store, then everything is closed; closing again does nothing."""
    for closes_by_awaiting in (True, False):
        below = MemoryStore()
        drained: list[object] = []

        def draining(below: MemoryStore = below, drained: list[object] = drained) -> Steps[None]:
            yield from PutMany((Put(KEY, b"late"),))
            drained.extend((yield from GetMany((KEY,))))

        blocking, awaiting = both(layered(StorePair(below, None), passing, AROUND, closing=draining))
        for _ in range(2):
            await closed(blocking, awaiting, closes_by_awaiting)
        refusals: list[str] = []
        for store in (blocking, below):
            with pytest.raises(ClosedError) as refused:
                store.get_many((KEY,))
            refusals.append(str(refused.value))
        with pytest.raises(ClosedError):
            await awaiting.get_many((KEY,))

        assert [b"late"] == drained
        assert refusals[0].startswith("memory refused GetMany")


async def test_store_is_closed_whatever_the_layers_closing_raises() -> None:
    """A drain that fails is told, and nothing stays open."""

    def failing() -> Steps[None]:
        yield from Now()
        raise StoreUnavailable("gone")

    for closes_by_awaiting in (True, False):
        below = MemoryStore()
        blocking, awaiting = both(layered(StorePair(below, None), passing, AROUND, closing=failing))
        with pytest.raises(StoreUnavailable):
            await closed(blocking, awaiting, closes_by_awaiting)
        with pytest.raises(ClosedError):
            below.get_many((KEY,))


async def test_threads_of_a_store_that_only_blocks_end_with_close() -> None:
    """The wrapped store is awaited in threads below the layer, and blocking close ends them, too."""
    before = threading.active_count()
    blocking, awaiting = both(layered(StorePair(MemoryStore(), None), passing, AROUND))
    await awaiting.get_many((KEY,))
    during = threading.active_count()
    blocking.close()

    assert (before + 1, before) == (during, threading.active_count())


def test_store_with_one_colour_keeps_it() -> None:
    """A store that cannot block has no blocking colour under a layer either."""
    pair = layered(StorePair(None, open_pair().awaiting), passing, AROUND)

    assert pair.blocking is None
    assert pair.awaiting is not None


def test_nothing_to_close_asks_for_nothing() -> None:
    """Most layers hold nothing that has to be given back."""
    assert [] == list(nothing_to_close())
