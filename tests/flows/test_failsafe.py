"""A broken store never breaks the application."""

import pytest

from llmcache.errors import ClosedError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable, UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Emit

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "9f86d081884c7d65")


def read_twice() -> Steps[str]:
    """Read, read again, and answer."""
    yield from GetMany((KEY,))
    yield from GetMany((KEY,))
    return "answer"


def test_working_store_is_not_noticed() -> None:
    """Where nothing fails the ops and the answer are those of the steps."""
    steps = failing_open(read_twice(), KEY, "instead")

    assert GetMany((KEY,)) == next(steps) == steps.send([None])
    with pytest.raises(StopIteration) as finished:
        steps.send([None])
    assert "answer" == finished.value.value


@pytest.mark.parametrize("error", [StoreUnavailable, StoreTimeout, StoreRefused, OSError, ZeroDivisionError])
def test_failure_is_told_and_answered_instead(error: type[Exception]) -> None:
    """An error of the store, translated or not, is told by its class and key, and the other answer is given."""
    steps = failing_open(read_twice(), KEY, "instead")
    next(steps)
    steps.send([None])

    assert Emit(Event(Happening.STORE_FAILED, "9f86d081884c", error.__name__)) == steps.throw(error("sk-secret"))
    with pytest.raises(StopIteration) as finished:
        steps.send(None)
    assert "instead" == finished.value.value


def test_body_over_the_limit_is_told_as_too_large() -> None:
    """What does not fit is counted apart from what failed."""
    steps = failing_open(read_twice(), KEY, None)
    next(steps)

    assert Emit(Event(Happening.TOO_LARGE, "9f86d081884c", "StoreLimit")) == steps.throw(StoreLimit("5 bytes"))


@pytest.mark.parametrize("error", [UsageError("wrong"), ClosedError("closed"), KeyboardInterrupt(), SystemExit()])
def test_what_the_caller_must_know_passes(error: BaseException) -> None:
    """A wrong call, a closed cache, and what ends the program are not swallowed, and nothing is told."""
    steps = failing_open(read_twice(), KEY, None)
    next(steps)

    with pytest.raises(type(error)) as raised:
        steps.throw(error)
    assert raised.value is error


def test_given_up_steps_are_closed() -> None:
    """Closing is no failure of the store."""
    steps = failing_open(read_twice(), KEY, None)
    next(steps)

    steps.close()

    with pytest.raises(StopIteration):
        next(steps)
