"""The blocking driver: ops in turn, exceptions where they were asked for."""

from dataclasses import dataclass
from typing import Any

import pytest

from llmcache.drivers.blocking import run
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world import World
from llmcache.protocols.world_ops import Call, Emit, Now
from tests.drivers.conftest import Worlds

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "one")


def test_ops_are_done_in_turn(worlds: Worlds) -> None:
    """Each reply is sent to where its op was asked, and the steps' answer returns."""

    def flow() -> Steps[tuple[float, list[bytes | None]]]:
        now = yield from Now()
        yield from PutMany((Put(KEY, b"body"),))
        return now, list((yield from GetMany((KEY,))))

    answer = run(flow(), worlds.blocking)

    assert (1_000.0, [b"body"]) == answer


def test_steps_without_ops_return(worlds: Worlds) -> None:
    """Steps that ask nothing answer at once."""

    def flow() -> Steps[str]:
        yield from ()
        return "nothing asked"

    answer = run(flow(), worlds.blocking)

    assert answer == "nothing asked"


def failing(raised: BaseException) -> Call[Any]:
    """A call that raises."""

    def ask() -> Any:
        raise raised

    return Call(ask)


@pytest.mark.parametrize("raised", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_exception_runs_finally_and_leaves(worlds: Worlds, raised: BaseException) -> None:
    """Whatever an op raises runs the `finally` of the steps, whose ops are still done, and comes out unchanged."""

    def flow() -> Steps[None]:
        try:
            yield from failing(raised)
        finally:
            yield from Emit(Event(Happening.STORE_FAILED))

    with pytest.raises(type(raised)) as left:
        run(flow(), worlds.blocking)

    assert left.value is raised
    assert [Event(Happening.STORE_FAILED)] == worlds.told


def test_steps_may_catch_and_go_on(worlds: Worlds) -> None:
    """Steps that catch an op's exception are asked for their next op."""

    def flow() -> Steps[float]:
        try:
            yield from failing(KeyError("x"))
        except KeyError:
            return (yield from Now())
        return 0.0

    answer = run(flow(), worlds.blocking)

    assert answer == 1_000.0


def test_exception_of_the_steps_leaves_unchanged(worlds: Worlds) -> None:
    """What the steps themselves raise is not wrapped."""

    def flow() -> Steps[None]:
        yield from Now()
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(flow(), worlds.blocking)


def test_steps_may_raise_another_exception(worlds: Worlds) -> None:
    """Steps may translate what an op raised; the cause is kept."""

    def flow() -> Steps[None]:
        try:
            yield from failing(KeyError("x"))
        except KeyError as error:
            raise LookupError("translated") from error

    with pytest.raises(LookupError, match="translated") as left:
        run(flow(), worlds.blocking)

    assert isinstance(left.value.__cause__, KeyError)


def test_stop_iteration_of_a_call_leaves_unchanged(worlds: Worlds) -> None:
    """A `StopIteration` of a user's function is theirs: never the end of the steps, nor another error; `finally` runs."""
    raised = StopIteration("not the answer")
    cause = raised.__cause__ = KeyError("theirs")

    def flow() -> Steps[str]:
        try:
            yield from failing(raised)
        finally:
            yield from Emit(Event(Happening.STORE_FAILED))
        return "answer"

    with pytest.raises(StopIteration) as left:
        run(flow(), worlds.blocking)

    assert left.value is raised
    assert (cause, None) == (raised.__cause__, raised.__context__)
    assert [Event(Happening.STORE_FAILED)] == worlds.told


def test_stop_iteration_of_a_store_is_an_error(worlds: Worlds) -> None:
    """A store that raises `StopIteration` has a bug, which must not end the steps."""

    @dataclass(frozen=True)
    class Broken(Op[str]):
        """An op of a store that forgets to translate."""

        def on(self, world: World, /) -> str:
            raise StopIteration("not the answer")

    def flow() -> Steps[str]:
        return (yield from Broken())

    with pytest.raises(RuntimeError, match="StopIteration"):
        run(flow(), worlds.blocking)
