"""The layer that stops asking a store that fails."""

from contextlib import nullcontext
from typing import Any

import pytest

from llmcache.errors import (
    ClosedError,
    LLMCacheError,
    StoreLimit,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
    UsageError,
)
from llmcache.layers.breaking import Breaking
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.breaker import Breaker
from llmcache.protocols.key_value import Put
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
)
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "9f86d081884c7d65")
READ, WRITE = GetMany((KEY,)), PutMany((Put(KEY, b"body"),))
ENTRIES = (READ, WRITE, PutIfAbsent(Put(KEY, b"x")), DeleteMany((KEY,)), DeleteIfEqual(KEY, b"x"), Clear(KEY.space))
OTHERS: tuple[Op[Any], ...] = (
    Append(KEY, (b"x",)), ReadLog(KEY), LogLength(KEY), DeleteLog(KEY), Spaces(), Scan(KEY.space),
    Now(), Monotonic(), Call(dict), Emit(Event(Happening.HIT)),
)  # fmt: skip


class Stage:
    """The layer over a store whose answers the test gives, with the clock in its hand.

    Attributes:
        asked: Ops that reached the store.
        told: Events.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[Op[Any]] = []
        self.told: list[Event] = []
        self._breaking = Breaking(Breaker(nullcontext()), "redis", lambda: 1.0)

    def do(self, op: Op[Any], outcome: Any = "reply", *, took: float = 0.0) -> Any:
        """Do `op`; the store answers with `outcome`, or raises it, after some time."""
        steps = self._breaking(op)
        try:
            asked = next(steps)
            while True:
                if isinstance(asked, Monotonic) and asked is not op:
                    asked = steps.send(self.now)
                elif isinstance(asked, Emit) and asked is not op:
                    assert isinstance(asked.event, Event)
                    self.told.append(asked.event)
                    asked = steps.send(None)
                else:
                    self.asked.append(asked)
                    self.now += took
                    asked = steps.throw(outcome) if isinstance(outcome, BaseException) else steps.send(outcome)
        except StopIteration as finished:
            return finished.value

    def raised(self, op: Op[Any], outcome: Any, *, took: float = 0.0) -> BaseException:
        """Do `op` and return what it raises."""
        with pytest.raises(BaseException) as raised:
            self.do(op, outcome, took=took)
        return raised.value


@pytest.fixture
def stage() -> Stage:
    """A store that has not been asked yet."""
    return Stage()


@pytest.fixture
def hung(stage: Stage) -> Stage:
    """A store that has just hung."""
    stage.raised(READ, StoreTimeout("late"), took=0.1)
    stage.asked.clear()
    return stage


@pytest.mark.parametrize("op", [*ENTRIES, *OTHERS], ids=lambda op: type(op).__name__)
def test_working_store_is_not_noticed(stage: Stage, op: Op[Any]) -> None:
    """Every op reaches it, and its reply comes back."""
    assert "reply" == stage.do(op)
    assert ([op], []) == (stage.asked, stage.told)


@pytest.mark.parametrize("op", ENTRIES, ids=lambda op: type(op).__name__)
def test_hung_store_is_not_asked_for_entries(hung: Stage, op: Op[Any]) -> None:
    """Each op on entries is refused; the error says how long, and that nothing was done."""
    error = hung.raised(op, "reply")

    assert [] == hung.asked
    assert type(error) is StoreUnavailable
    assert "redis was not asked for" in str(error)
    assert "is not asked for 0.5 s more; nothing was done" in str(error)


@pytest.mark.parametrize("op", OTHERS, ids=lambda op: type(op).__name__)
def test_hung_store_is_asked_for_everything_else(hung: Stage, op: Op[Any]) -> None:
    """A conversation raises on its own, by what the store says now."""
    assert "reply" == hung.do(op)
    assert [op] == hung.asked


def test_deadline_and_opening_are_told_once(hung: Stage) -> None:
    """With the key's digest and the class of what was raised."""
    hung.raised(READ, "reply")

    expected = [
        Event(Happening.TIMED_OUT, "9f86d081884c", "GetMany"),
        Event(Happening.BREAKER_OPENED, "9f86d081884c", "StoreTimeout"),
    ]
    assert expected == hung.told


def test_read_behind_the_pause_closes(hung: Stage) -> None:
    """It is told as a probe, its reply is the caller's, and then the store is written again."""
    hung.now += 0.6
    hung.told.clear()
    reply = hung.do(READ)
    hung.do(WRITE)

    assert ("reply", [READ, WRITE]) == (reply, hung.asked)
    assert [Event(Happening.BREAKER_PROBED, "9f86d081884c"), Event(Happening.BREAKER_CLOSED)] == hung.told


def test_probe_that_fails_asks_for_twice_the_pause(hung: Stage) -> None:
    """Whatever it raises, and however quickly."""
    hung.now += 0.6
    hung.raised(READ, ConnectionResetError("foreign"))

    assert "1.0 s more" in str(hung.raised(READ, "reply"))


def test_reading_nothing_is_no_probe(hung: Stage) -> None:
    """A store answers it without its server."""
    hung.now += 0.6

    assert "until a read has shown" in str(hung.raised(GetMany(()), "reply"))


@pytest.mark.parametrize("error", [StoreUnavailable("down"), ConnectionResetError("foreign"), LLMCacheError("odd")])
def test_failures_in_a_row_open(stage: Stage, error: Exception) -> None:
    """Also those that a stranger's store forgets to translate."""
    raised = [stage.raised(READ, error) for _ in range(4)]

    assert [error] * 3 == raised[:3]
    assert "was not asked" in str(raised[3])
    assert [Happening.BREAKER_OPENED] == [event.what for event in stage.told]


def test_failure_that_took_long_opens_at_once(stage: Stage) -> None:
    """A name server that hangs, retries of the store's own."""
    stage.raised(READ, StoreUnavailable("down"), took=0.06)

    assert "was not asked" in str(stage.raised(WRITE, "reply"))


@pytest.mark.parametrize("error", [StoreRefused("no"), StoreLimit("large"), UsageError("wrong"), ClosedError("closed")])
def test_answers_that_say_no_never_open(stage: Stage, error: Exception) -> None:
    """However slow, and however many: the store is well."""
    raised = [stage.raised(WRITE, error, took=1.0) for _ in range(10)]

    assert ([error] * 10, []) == (raised, stage.told)


def test_refusal_of_the_store_closes(hung: Stage) -> None:
    """Who says no is there."""
    hung.now += 0.6
    hung.raised(READ, StoreRefused("no"))

    assert "reply" == hung.do(WRITE)


@pytest.mark.parametrize("ended", [KeyboardInterrupt(), GeneratorExit()])
def test_cancelled_probe_leaves_it_to_the_next(hung: Stage, ended: BaseException) -> None:
    """It told nothing about the store."""
    hung.now += 0.6
    hung.raised(READ, ended)

    assert "reply" == hung.do(READ)
    assert [READ, READ] == hung.asked
