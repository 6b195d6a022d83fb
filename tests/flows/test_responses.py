"""The response flows, fed with answers by hand: no store, no loop, no clock."""

from typing import Any

import pytest

from llmcache.codec.envelope import pack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import ClosedError, DecodeError, StoreLimit, StoreUnavailable
from llmcache.flows.looking import Found, look_up
from llmcache.flows.responses import Draft, Terms, get_or_call, keep, keep_if_possible
from llmcache.model.entry import Entry, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.freshness import Freshness
from llmcache.protocols.flight_ops import Drops, Land, WasDropped
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
KEY = Key(SPACE, "ab" * 32)
ENTRY = Entry("answer", made_at=100.0, expires_at=200.0, provenance=Provenance("m", 3, 4, None, 1.5))


def admit_all(value: Any) -> str | None:
    """Keep everything."""
    return None


TERMS = Terms(admit_all, READABLE, Draft())


def call() -> str:
    """Stand for the model; never run here."""
    raise AssertionError("the flow yields the call, the driver runs it")


CALLED = [Drops(), Monotonic(), Call(call), Monotonic(), WasDropped(KEY, 0), Now()]
"""What is done about a miss, up to the answer's envelope."""


def finish(steps: Steps[Any], reply: Any) -> Any:
    """Send the last reply and return the steps' answer."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def landing(value: Any) -> Land:
    """What those who wait for KEY are given, made at 100."""
    return Land(KEY, pack(Entry(value, 100.0), KEY))


def told(what: Happening, detail: str = "") -> Emit:
    """The event of KEY, as the flows tell it."""
    return Emit(Event(what, KEY.digest, detail))


def test_a_hit_is_judged_and_told_with_what_it_saved() -> None:
    """One read, one look at the clock, one event."""
    steps = look_up(KEY, READABLE)

    assert next(steps) == GetMany((KEY,))
    assert steps.send([pack(ENTRY, KEY)]) == Now()
    assert steps.send(150.0) == Emit(Event(Happening.HIT, KEY.digest, "", 3, 4, 1.5))
    assert finish(steps, None) == Found(ENTRY, Freshness.FRESH)


def test_a_missing_entry_is_a_miss() -> None:
    """Nothing under the key: told, and None."""
    steps = look_up(KEY, READABLE)
    next(steps)

    assert steps.send([None]) == told(Happening.MISS)
    assert finish(steps, None) is None


def test_a_body_that_does_not_decode_is_a_counted_miss() -> None:
    """Whatever is wrong with it, it never becomes an answer or an exception."""
    steps = look_up(KEY, READABLE)
    next(steps)

    assert steps.send([b"\x00garbage"]) == told(Happening.UNREADABLE, "DecodeError")
    assert finish(steps, None) is None


def test_an_entry_past_its_own_time_is_not_served_even_if_the_store_kept_it() -> None:
    """The times inside the entry hold, whatever the store does."""
    steps = look_up(KEY, READABLE)
    next(steps)
    steps.send([pack(ENTRY, KEY)])

    assert steps.send(200.0) == told(Happening.EXPIRED)
    assert finish(steps, None) is None


def test_an_entry_older_than_max_age_is_not_served() -> None:
    """The caller's wish is a limit like expiry."""
    steps = look_up(KEY, READABLE, max_age=10.0)
    next(steps)
    steps.send([pack(ENTRY, KEY)])

    assert steps.send(110.5) == told(Happening.EXPIRED)


def test_keeping_writes_the_times_into_the_entry_and_the_ttl_to_the_store() -> None:
    """Both know when it ends."""
    steps = keep(KEY, "answer", Draft(ttl=60.0, tags=("faq",), marks=()), READABLE)
    next(steps)
    body = pack(Entry("answer", made_at=100.0, expires_at=160.0, tags=("faq",)), KEY)

    assert steps.send(100.0) == PutMany((Put(KEY, body, 60.0),))
    assert steps.send(None) == told(Happening.KEPT)


def test_an_answer_not_admitted_is_told_with_the_reason_and_not_written() -> None:
    """No write is attempted."""
    steps = keep_if_possible(KEY, "", Draft(), lambda value: "empty", READABLE)

    assert next(steps) == told(Happening.NOT_ADMITTED, "empty")
    assert steps.send(None) == Now()
    assert steps.send(100.0) == landing("")
    assert finish(steps, None) is False


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (StoreUnavailable("down"), told(Happening.STORE_FAILED, "StoreUnavailable")),
        (StoreLimit("big"), told(Happening.TOO_LARGE, "StoreLimit")),
        (ConnectionError("a stranger's"), told(Happening.STORE_FAILED, "ConnectionError")),
    ],
)
def test_whatever_prevents_keeping_a_paid_answer_is_told_and_not_raised(error: Exception, event: Emit) -> None:
    """The answer is worth more than the cache, and those who wait for it get it all the same."""
    steps = keep_if_possible(KEY, "answer", Draft(), admit_all, READABLE)
    next(steps)
    steps.send(100.0)

    assert steps.throw(error) == event
    assert steps.send(None) == landing("answer")
    assert finish(steps, None) is False


def test_a_cache_closed_meanwhile_loses_no_paid_answer() -> None:
    """It is told, and not raised."""
    steps = keep_if_possible(KEY, "answer", Draft(), admit_all, READABLE)
    next(steps)
    steps.send(100.0)

    assert steps.throw(ClosedError("closed")) == told(Happening.STORE_FAILED, "ClosedError")
    assert steps.send(None) == landing("answer")
    assert finish(steps, None) is False


def test_an_answer_that_is_not_plain_data_is_told() -> None:
    """An object has no place in an entry."""
    steps = keep_if_possible(KEY, object(), Draft(), admit_all, READABLE)
    next(steps)

    assert steps.send(100.0) == told(Happening.NOT_ENCODABLE, "UsageError")


def test_a_closed_cache_refuses_before_the_model_is_paid() -> None:
    """The caller's mistake is raised on reading."""
    steps = get_or_call(KEY, call, TERMS)
    next(steps)
    with pytest.raises(ClosedError):
        steps.throw(ClosedError("closed"))


def test_a_hit_makes_no_call() -> None:
    """The entry is the answer."""
    steps = get_or_call(KEY, call, TERMS)
    next(steps)
    steps.send([pack(ENTRY, KEY)])
    steps.send(150.0)

    assert finish(steps, None) == Found(ENTRY, Freshness.FRESH)


def test_a_miss_calls_times_the_call_and_keeps_the_answer() -> None:
    """Look up, call, keep, in that order; the duration is written down."""
    steps = get_or_call(KEY, call, TERMS)
    ops = [next(steps), *(steps.send(reply) for reply in ([None], None, 0, 10.0, "new", 12.5, False))]
    written = steps.send(100.0)

    assert ops == [GetMany((KEY,)), told(Happening.MISS), *CALLED]
    assert written == PutMany((Put(KEY, pack(Entry("new", 100.0, provenance=Provenance(seconds=2.5)), KEY)),))
    assert steps.send(None) == told(Happening.KEPT)
    assert steps.send(None) == WasDropped(KEY, 0)
    assert isinstance(steps.send(False), Land)
    assert finish(steps, None) == "new"


def test_a_store_that_is_down_costs_nothing_but_the_call() -> None:
    """Read fails: a miss. Write fails: the answer is returned."""
    steps = get_or_call(KEY, call, TERMS)
    next(steps)

    assert steps.throw(StoreUnavailable("down")) == told(Happening.STORE_FAILED, "StoreUnavailable")
    assert CALLED == [steps.send(reply) for reply in (None, 0, 1.0, "new", 2.0, False)]
    steps.send(100.0)
    assert steps.throw(StoreUnavailable("down")) == told(Happening.STORE_FAILED, "StoreUnavailable")
    assert isinstance(steps.send(None), Land)
    assert finish(steps, None) == "new"


def test_an_exception_of_the_call_passes_and_nothing_is_kept() -> None:
    """It is the user's own, unchanged."""
    steps = get_or_call(KEY, call, TERMS)
    next(steps)
    steps.send([None])
    steps.send(None)
    steps.send(1.0)
    error = DecodeError("of the user's own making")
    with pytest.raises(DecodeError) as raised:
        steps.throw(error)

    assert raised.value is error


def test_bypass_neither_reads_nor_keeps() -> None:
    """Only the call happens."""
    steps = get_or_call(KEY, call, Terms(admit_all, READABLE, Draft(), bypass=True))

    assert [next(steps), steps.send(None)] == [told(Happening.BYPASSED), Call(call)]
    assert finish(steps, "new") == "new"


def test_refresh_does_not_read_but_keeps() -> None:
    """The first op is the call's clock, the last a write."""
    steps = get_or_call(KEY, call, Terms(admit_all, READABLE, Draft(), refresh=True))
    ops = [next(steps), *(steps.send(reply) for reply in (0, 1.0, "new", 2.0, False, 100.0))]

    assert CALLED == ops[:-1]
    assert isinstance(ops[-1], PutMany)


def test_a_judge_that_fails_loses_no_answer() -> None:
    """Whatever judging raises is told by its class; nothing is kept, nothing raised."""

    def broken(value: Any) -> str | None:
        raise ZeroDivisionError("secret")

    steps = keep_if_possible(KEY, "paid", Draft(), broken, READABLE)

    assert next(steps) == told(Happening.NOT_ADMITTED, "ZeroDivisionError")
    assert steps.send(None) == Now()
    assert steps.send(100.0) == landing("paid")
    assert finish(steps, None) is False
