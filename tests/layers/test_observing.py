"""The layer that times what the store does."""

from typing import Any

import pytest

from llmcache.errors import StoreTimeout
from llmcache.layers.observing import observing
from llmcache.model.event import Event, Happening, OpDone
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flight_ops import BoardMany, Landed, LandMany
from llmcache.protocols.steps import Op, Steps, through
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now

READ = GetMany((Key(Space(Namespace(("shop",)), Kind.RESPONSE), "one"),))


def flow() -> Steps[Any]:
    """Read once."""
    return (yield from READ)


def test_op_is_timed_and_told() -> None:
    """A store's op is surrounded by two looks at the clock, and its duration is told under its name."""
    steps = through(observing, flow())

    assert Monotonic() == next(steps)
    assert READ == steps.send(7.0)
    assert Monotonic() == steps.send([b"body"])
    assert Emit(OpDone("GetMany", 0.5)) == steps.send(7.5)
    with pytest.raises(StopIteration) as finished:
        steps.send(None)
    assert [b"body"] == finished.value.value


@pytest.mark.parametrize("raised", [StoreTimeout("slow"), KeyboardInterrupt()])
def test_failed_op_is_told_with_the_class_of_its_error(raised: BaseException) -> None:
    """What an op raises is told by its class only, and comes out unchanged."""
    steps = through(observing, flow())
    next(steps)
    steps.send(7.0)

    assert Monotonic() == steps.throw(raised)
    assert Emit(OpDone("GetMany", 0.25, type(raised).__name__)) == steps.send(7.25)
    with pytest.raises(type(raised)):
        steps.send(None)


@pytest.mark.parametrize(
    "op",
    [Now(), Monotonic(), Emit(Event(Happening.HIT)), Call(dict), Landed(), BoardMany([]), LandMany([])],
    ids=lambda op: type(op).__name__,
)
def test_what_is_not_the_stores_is_not_timed(op: Op[Any]) -> None:
    """Clocks, events, the user's own call and who waits for it pass as they are."""

    def other() -> Steps[Any]:
        return (yield from op)

    steps = through(observing, other())

    assert op == next(steps)
    with pytest.raises(StopIteration) as finished:
        steps.send("reply")
    assert "reply" == finished.value.value


def test_abandoned_op_is_not_timed() -> None:
    """Where the driver itself is given up nothing can be asked any more, and closing is no error."""
    steps = through(observing, flow())
    next(steps)
    steps.send(7.0)

    steps.close()

    with pytest.raises(StopIteration):
        next(steps)
