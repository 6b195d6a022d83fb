"""Steps, ops and layers, fed by hand: no store, no loop, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from llmcache.protocols.steps import Op, Reply, Steps, through
from llmcache.protocols.world_ops import Monotonic, Now


@dataclass(frozen=True, slots=True)
class Ask(Op[str]):
    """A question of these tests."""

    what: str


def asked(op: Op[Any]) -> str:
    """The text of a question."""
    assert isinstance(op, Ask)
    return op.what


def asks(*questions: str) -> Steps[list[str]]:
    """Ask in turn and return the replies."""
    replies: list[str] = []
    for question in questions:
        replies += [(yield from Ask(question))]
    return replies


def answered(steps: Steps[Any], answer: Callable[[Op[Any]], Any]) -> tuple[list[Op[Any]], Any]:
    """Run steps with `answer`, and return the ops that arrived and the steps' answer."""
    arrived: list[Op[Any]] = []
    try:
        op = next(steps)
        while True:
            arrived.append(op)
            op = steps.send(answer(op))
    except StopIteration as finished:
        return arrived, finished.value


def test_op_yields_itself_and_returns_its_reply() -> None:
    """`yield from Op()` hands the op out once and gives back what was sent."""
    steps = asks("a")

    assert Ask("a") == next(steps)
    with pytest.raises(StopIteration) as finished:
        steps.send("1")
    assert ["1"] == finished.value.value


def test_ops_are_values() -> None:
    """Equal ops are equal and hash alike, so that a test can say which op it expects."""
    assert Ask("a") == Ask("a") != Ask("b")
    assert hash(Ask("a")) == hash(Ask("a"))
    assert len({Now(), Now(), Monotonic()}) == 2


async def test_op_without_a_colour_says_so() -> None:
    """An op that a driver cannot do is named in the error."""
    world: Any = None

    with pytest.raises(NotImplementedError, match="Ask has no blocking colour"):
        Ask("a").on(world)
    with pytest.raises(NotImplementedError, match="Ask has no async colour"):
        await Ask("a").on_async(world)


def test_layer_that_passes_ops_on_changes_nothing() -> None:
    """Through a layer that only passes on, the same ops arrive and the same answer returns."""

    def passing(op: Op[Reply]) -> Steps[Reply]:
        return (yield from op)

    found = answered(through(passing, asks("a", "b")), lambda op: asked(op).upper())

    assert ([Ask("a"), Ask("b")], ["A", "B"]) == found


def test_layer_answers_without_asking_below() -> None:
    """What a layer knows does not reach the driver."""

    def knowing(op: Op[Any]) -> Steps[Any]:
        if op == Ask("a"):
            return "known"
        return (yield from op)

    found = answered(through(knowing, asks("a", "b")), lambda op: asked(op).upper())

    assert ([Ask("b")], ["known", "B"]) == found


def test_ops_of_a_layer_go_to_the_layer_below() -> None:
    """The layer nearest to the flow is answered by the one outside it, and that one by the driver."""

    def doubling(op: Op[Any]) -> Steps[Any]:
        first = yield from op
        second = yield from op
        return first + second

    def marking(op: Op[Any]) -> Steps[Any]:
        return (yield from Ask(asked(op) + "!"))

    marked_below = answered(through(marking, through(doubling, asks("a"))), asked)
    marked_above = answered(through(doubling, through(marking, asks("a"))), asked)

    assert ([Ask("a!"), Ask("a!")], ["a!a!"]) == marked_below
    assert ([Ask("a!"), Ask("a!")], ["a!a!"]) == marked_above


class Interrupted(BaseException):
    """Neither an error nor one that `except Exception` would see."""


@pytest.mark.parametrize("raised", [ValueError("x"), KeyboardInterrupt(), SystemExit(2), Interrupted()])
def test_layers_exception_is_raised_where_the_flow_asked(raised: BaseException) -> None:
    """Whatever a layer raises, the flow can catch at its own yield and go on asking."""

    def failing(op: Op[Any]) -> Steps[Any]:
        if op == Ask("a"):
            raise raised
        return (yield from op)

    def flow() -> Steps[str]:
        try:
            yield from Ask("a")
        except type(raised):
            return (yield from Ask("b"))
        return "not raised"

    found = answered(through(failing, flow()), asked)

    assert ([Ask("b")], "b") == found


@pytest.mark.parametrize("raised", [ValueError("x"), KeyboardInterrupt(), Interrupted()])
def test_drivers_exception_passes_layer_and_flow(raised: BaseException) -> None:
    """What a driver throws in runs the `finally` of the layer and of the flow, whose ops still go out, and leaves."""
    seen: list[str] = []

    def layer(op: Op[Any]) -> Steps[Any]:
        try:
            return (yield from op)
        finally:
            seen.append("layer")

    def flow() -> Steps[None]:
        try:
            yield from Ask("a")
        finally:
            seen.append("flow")
            yield from Ask("clean up")

    steps = through(layer, flow())
    next(steps)

    assert Ask("clean up") == steps.throw(raised)
    with pytest.raises(type(raised)):
        steps.send(None)
    assert ["layer", "flow", "layer"] == seen


def test_closed_steps_close_the_flow() -> None:
    """Steps that nobody goes on with run the `finally` of the flow inside."""
    seen: list[str] = []

    def passing(op: Op[Reply]) -> Steps[Reply]:
        return (yield from op)

    def flow() -> Steps[None]:
        try:
            yield from Ask("a")
        finally:
            seen.append("closed")

    steps = through(passing, flow())
    next(steps)
    steps.close()

    assert ["closed"] == seen


def test_flow_that_asks_nothing_needs_no_layer() -> None:
    """Steps without ops return through a layer that answers nothing."""

    def failing(op: Op[Any]) -> Steps[Any]:
        raise AssertionError("asked")
        yield op  # never reached: makes this a generator

    found = answered(through(failing, asks()), lambda op: None)

    assert ([], []) == found


def test_stop_iteration_in_a_flow_is_no_answer() -> None:
    """A `StopIteration` that escapes a flow is a mistake, never taken for its end."""

    def passing(op: Op[Reply]) -> Steps[Reply]:
        return (yield from op)

    def flow() -> Steps[None]:
        yield from Ask("a")
        next(iter(()))

    with pytest.raises(RuntimeError, match="raised StopIteration"):
        answered(through(passing, flow()), lambda op: None)
