"""The layer that puts a near tier before a store, fed by hand."""

from typing import Any

import pytest

from llmcache.errors import StoreTimeout
from llmcache.layers.tiered import Tiered
from llmcache.memory.near import NearTier, Since
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteMany,
    GetMany,
    PutIfAbsent,
    PutMany,
    Spaces,
    Watch,
)
from llmcache.protocols.world_ops import Emit

NAMESPACE = Namespace(("shop",))
SHOP = Space(NAMESPACE, Kind.RESPONSE)
ONE, TWO, VECTOR = Key(SHOP, "one"), Key(SHOP, "two"), Key(Space(NAMESPACE, Kind.EMBEDDING), "v")
TAG, LEASE = (Key(Space(NAMESPACE, kind), "t") for kind in (Kind.TAG, Kind.LEASE))


@pytest.fixture
def near() -> NearTier:
    """An empty near tier."""
    return NearTier(max_bytes=1 << 20, ttl=30.0, clock=lambda: 7.0, tell=lambda told: None)


@pytest.fixture
def layer(near: NearTier) -> Tiered[Since]:
    """The layer before a store that tells of nothing."""
    return Tiered(near, watches=False)


def ended(steps: Steps[Any], reply: object) -> object:
    """Send the last reply and return the answer."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def keep(layer: Tiered[Since], *puts: Put) -> None:
    """Write through the layer."""
    steps = layer(PutMany(puts))
    next(steps)
    ended(steps, None)


def test_rest_is_read_in_one_call_and_kept(layer: Tiered[Since], near: NearTier) -> None:
    """What is at hand is told and not asked for; all that is not is asked for at once, in order, doubles included."""
    keep(layer, Put(ONE, b"1"))
    steps = layer(GetMany([TWO, ONE, VECTOR, TWO]))

    assert Emit(Event(Happening.NEAR_HIT, ONE.digest)) == next(steps)
    assert GetMany([TWO, VECTOR, TWO]) == steps.send(None)
    assert ended(steps, [b"2", None, b"2"]) == [b"2", b"1", None, b"2"]
    assert [b"1", b"2", None] == [near.look(key) for key in (ONE, TWO, VECTOR)]


def test_store_is_not_asked_for_what_is_all_at_hand(layer: Tiered[Since]) -> None:
    """Nothing but the telling is yielded."""
    keep(layer, Put(ONE, b"1"))
    steps = layer(GetMany((ONE,)))
    next(steps)

    assert [b"1"] == ended(steps, None)


def test_no_keys_are_asked_of_the_store(layer: Tiered[Since]) -> None:
    """It says what that means, as of a closed store."""
    steps = layer(GetMany(()))

    assert GetMany([]) == next(steps)
    assert [] == ended(steps, [])


def test_marks_and_leases_are_never_kept(layer: Tiered[Since], near: NearTier) -> None:
    """Neither when they are read nor when they are written: others must see the same."""
    keep(layer, Put(TAG, b"t"), Put(ONE, b"1"))
    steps = layer(GetMany([TAG, LEASE]))

    assert GetMany([TAG, LEASE]) == next(steps)
    assert ended(steps, [b"t", b"l"]) == [b"t", b"l"]
    assert [None, None, b"1"] == [near.look(key) for key in (TAG, LEASE, ONE)]


@pytest.mark.parametrize(
    "op",
    [
        PutMany((Put(ONE, b"new"),)),
        DeleteMany((ONE,)),
        PutIfAbsent(Put(ONE, b"new")),
        DeleteIfEqual(ONE, b"new"),
        Clear(SHOP),
    ],
    ids=lambda op: type(op).__name__,
)
class TestChanges:
    """Ops that change what copies are of."""

    def test_no_copy_is_at_hand_while_it_goes_on(self, layer: Tiered[Since], near: NearTier, op: Op[Any]) -> None:
        """The store is asked for the same thing, and the old copy is gone before."""
        keep(layer, Put(ONE, b"old"))
        steps = layer(op)

        assert op == next(steps)
        assert near.look(ONE) is None

    def test_only_a_put_leaves_a_copy(self, layer: Tiered[Since], near: NearTier, op: Op[Any]) -> None:
        """The store's answer comes out; what a conditional op came to, others may have decided."""
        keep(layer, Put(ONE, b"old"))
        steps = layer(op)
        next(steps)

        assert ended(steps, reply := object()) in {reply, None}
        assert (b"new" if isinstance(op, PutMany) else None) == near.look(ONE)

    @pytest.mark.parametrize("raised", [StoreTimeout("late"), KeyboardInterrupt(), None], ids=repr)
    def test_failure_leaves_no_copy_and_lets_none_in(
        self, layer: Tiered[Since], near: NearTier, op: Op[Any], raised: BaseException | None
    ) -> None:
        """Failed, cancelled or given up: it may yet be done, so what is read meanwhile is not kept either."""
        keep(layer, Put(ONE, b"old"))
        steps = layer(op)
        next(steps)
        if raised is None:
            steps.close()
        else:
            with pytest.raises(type(raised)):
                steps.throw(raised)
        reading = layer(GetMany((ONE,)))
        next(reading)

        assert [b"old"] == ended(reading, [b"old"])
        assert near.look(ONE) is None


@pytest.mark.parametrize("op", [Append(TAG, (b"1",)), Spaces(), PutIfAbsent(Put(LEASE, b"1"))], ids=str)
def test_other_ops_pass_unchanged(layer: Tiered[Since], op: Op[Any]) -> None:
    """Conversations, listings and leases are the store's."""
    steps = layer(op)

    assert op == next(steps)
    assert ended(steps, "reply") == "reply"


def test_store_that_tells_is_watched_before_a_put_leaves_a_copy(near: NearTier) -> None:
    """Also where nothing was ever read: what others make of it must be heard."""
    steps = Tiered(near, watches=True)(PutMany((Put(ONE, b"1"),)))

    assert isinstance(next(steps), Watch)
    assert PutMany((Put(ONE, b"1"),)) == steps.send(None)


def test_store_that_tells_is_watched_from_the_first_miss(near: NearTier) -> None:
    """Once, before the read whose copy it protects."""
    layer = Tiered(near, watches=True)
    steps = layer(GetMany((ONE,)))
    watch = next(steps)
    read = steps.send(None)
    near.hear(Changed((ONE,)))
    ended(steps, [b"old"])
    again = layer(GetMany((ONE,)))

    assert isinstance(watch, Watch)
    assert GetMany([ONE]) == read == next(again)


def test_closing_drops_all_for_good(layer: Tiered[Since], near: NearTier) -> None:
    """A closed cache holds nothing."""
    keep(layer, Put(ONE, b"1"))

    assert [] == list(layer.closing())
    keep(layer, Put(TWO, b"2"))
    assert [None, None] == [near.look(key) for key in (ONE, TWO)]
