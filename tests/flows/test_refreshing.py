"""Refreshing early and standing in for a model that fails, fed with answers by hand: no store, no loop, no clock."""

from typing import Any

import pytest

from llmcache.codec.envelope import pack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import StoreTimeout, UsageError
from llmcache.flows.looking import Found, saving
from llmcache.flows.once import LEASE, lease_key
from llmcache.flows.refreshing import found_or_lead
from llmcache.flows.responses import Draft, Terms, get_or_call, keep
from llmcache.flows.tags import tag_key
from llmcache.model.entry import Entry, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.freshness import Aging, Freshness
from llmcache.protocols.flight_ops import Board, Drops, Hold, Land, Landed, Token, WasDropped
from llmcache.protocols.flights import Witness
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import GetMany, PutIfAbsent, PutMany
from llmcache.protocols.world_ops import Behind, Call, Emit, Monotonic, Now
from tests.flows.hand_flight import HandFlight

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
KEY = Key(SPACE, "ab" * 32)
OLD = Entry("old", made_at=0.0, stale_at=90.0, expires_at=100.0, provenance=Provenance("m", 3, 4, None, 1.5))
NEW = Entry("new", made_at=95.0, stale_at=185.0, expires_at=195.0)
BODY, RENEWED = pack(OLD, KEY), pack(NEW, KEY)
GRACE = Aging(stale_if_error=50.0)
HIT = Emit(saving(Happening.HIT, OLD, KEY))
LOOK, CLOCK = GetMany((KEY,)), Now()
WITNESS = Witness(object(), 1)


def call() -> Any:
    """Stand for the model; never run here."""
    raise AssertionError("the flow yields the call, the driver runs it")


CALLED = [Drops(), Monotonic(), Call(call), Monotonic(), WasDropped(KEY, 0), Now()]
"""What is done to refresh, up to the answer's envelope."""


def terms(**others: Any) -> Terms:
    """Return terms of a caller who draws a number that always refreshes, and keeps for 100 seconds."""
    given: dict[str, Any] = {"draft": Draft(ttl=100.0), "coalesce": "process", **others}
    return Terms(lambda value: None, READABLE, **given)


def ops_of(steps: Steps[Any], replies: list[Any]) -> list[Op[Any]]:
    """Return the first op and those that the replies lead to, an exception being thrown."""
    found = [next(steps)]
    for reply in replies:
        found.append(steps.throw(reply) if isinstance(reply, BaseException) else steps.send(reply))
    return found


def finish(steps: Steps[Any], reply: Any) -> Any:
    """Send the last reply and return the steps' answer."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def told(what: Happening, detail: str = "") -> Emit:
    """An event of KEY."""
    return Emit(Event(what, KEY.digest, detail))


def test_keeping_writes_the_soft_end_and_has_the_store_keep_it_longer() -> None:
    """The times are in the entry; what the store is told counts the time beyond the end, too."""
    aging = Aging(early_refresh=0.1, jitter=0.2, stale_if_error=500.0)
    steps = keep(KEY, "new", Draft(ttl=100.0, aging=aging, chance=0.5), READABLE)
    body = pack(Entry("new", made_at=1000.0, stale_at=1081.0, expires_at=1090.0), KEY)

    assert [Now(), PutMany((Put(KEY, body, 590.0),))] == ops_of(steps, [1000.0])


def test_one_caller_refreshes_and_waits_for_the_new_answer() -> None:
    """It leads the flight of the key, is told as a refresh and not as a hit, and ends the flight."""
    steps, flight = get_or_call(KEY, call, terms()), HandFlight(KEY)
    looked = ops_of(steps, [0, [BODY], 95.0, (flight, True), 0])

    assert [Landed(), LOOK, CLOCK, Board(KEY), Landed(), told(Happening.REFRESHED_EARLY)] == looked
    asked = [steps.send(reply) for reply in (None, 0, 1.0, "new", 2.0, False, 96.0)]
    assert CALLED == asked[:-1]
    assert isinstance(asked[-1], PutMany)
    assert told(Happening.KEPT) == steps.send(None)
    assert WasDropped(KEY, 0) == steps.send(None)
    assert isinstance(steps.send(False), Land)
    assert not flight.is_over
    assert "new" == finish(steps, None)
    assert flight.is_over


def test_of_all_processes_the_one_that_takes_the_lease_refreshes() -> None:
    """It looks again, because another may have finished just before."""
    steps, flight = get_or_call(KEY, call, terms(coalesce="shared")), HandFlight(KEY)
    lease = Put(lease_key(KEY), b"mine", LEASE)
    looked = ops_of(steps, [0, [BODY], 95.0, (flight, True), b"mine", None, True, 0, [BODY], 95.0])

    assert [Token(), Hold(flight, lease), PutIfAbsent(lease), Landed(), LOOK, CLOCK] == looked[4:10]
    assert told(Happening.REFRESHED_EARLY) == looked[10]


def test_where_another_process_refreshes_all_get_what_is_kept() -> None:
    """And nobody waits."""
    steps, flight = get_or_call(KEY, call, terms(coalesce="shared")), HandFlight(KEY)
    ops = ops_of(steps, [0, [BODY], 95.0, (flight, True), b"mine", None, False])

    assert HIT == ops[-1]
    assert OLD == finish(steps, None).entry
    assert flight.is_over


def test_a_store_that_takes_no_lease_leaves_the_refresh_to_this_process() -> None:
    """It is told, and the refresh goes on."""
    steps, flight = get_or_call(KEY, call, terms(coalesce="shared")), HandFlight(KEY)
    ops = ops_of(steps, [0, [BODY], 95.0, (flight, True), b"mine", None, StoreTimeout("slow"), None, 0, [BODY], 95.0])

    assert told(Happening.STORE_FAILED, "StoreTimeout") == ops[7]
    assert told(Happening.REFRESHED_EARLY) == ops[-1]


def test_the_others_get_what_is_kept_at_once() -> None:
    """Whoever finds a refresh under way is told as a hit and waits for nobody."""
    steps, flight = get_or_call(KEY, call, terms()), HandFlight(KEY)

    assert HIT == ops_of(steps, [0, [BODY], 95.0, (flight, False)])[-1]
    assert Found(OLD, Freshness.STALE) == finish(steps, None)
    assert not flight.is_over


def test_an_unlucky_number_leaves_the_refresh_to_others() -> None:
    """A quarter into the soft time 19 in 20 callers are passed over; those do not board."""
    passed, chosen = get_or_call(KEY, call, terms(chance=0.05)), get_or_call(KEY, call, terms(chance=0.049))

    assert HIT == ops_of(passed, [0, [BODY], 92.5])[-1]
    assert Found(OLD, Freshness.STALE) == finish(passed, None)
    assert Board(KEY) == ops_of(chosen, [0, [BODY], 92.5])[-1]


def test_who_comes_just_after_a_refresh_does_not_refresh_again() -> None:
    """What landed between the look and the boarding is looked at, and served if it is fresh."""
    steps, flight = get_or_call(KEY, call, terms()), HandFlight(KEY)
    ops = ops_of(steps, [0, [BODY], 95.0, (flight, True), 1, [RENEWED], 95.5])

    assert [Landed(), LOOK, CLOCK, Emit(saving(Happening.HIT, NEW, KEY))] == ops[4:]
    assert flight.is_over
    assert Found(NEW) == finish(steps, None)


def test_an_answer_to_something_else_does_not_stop_a_refresh() -> None:
    """Where what lies there is still the old answer, the caller leads."""
    steps = get_or_call(KEY, call, terms())
    ops = ops_of(steps, [0, [BODY], 95.0, (HandFlight(KEY), True), 1, [BODY], 95.5])

    assert told(Happening.REFRESHED_EARLY) == ops[-1]


def test_a_refresh_that_fails_is_answered_by_what_is_kept() -> None:
    """It may still be served, so the caller loses nothing; it is told, and the error comes along."""
    steps, flight, error = get_or_call(KEY, call, terms()), HandFlight(KEY), ConnectionError("down")
    ops = ops_of(steps, [0, [BODY], 95.0, (flight, True), 0, None, 1.0, error, 97.0])

    assert [Now(), told(Happening.SERVED_STALE, "ConnectionError")] == ops[-2:]
    assert Found(OLD, Freshness.STALE, error=error) == finish(steps, None)
    assert flight.is_over


def test_a_refresh_that_is_cancelled_ends_the_flight_and_passes() -> None:
    """Nothing stands in for a caller that has gone."""
    steps, flight = get_or_call(KEY, call, terms()), HandFlight(KEY)
    with pytest.raises(KeyboardInterrupt):
        ops_of(steps, [0, [BODY], 95.0, (flight, True), 0, None, 1.0, KeyboardInterrupt()])

    assert flight.is_over


def in_background() -> tuple[Steps[Any], Behind]:
    """Return a call that has just asked for a refresh behind its back, and what it asked."""
    steps = get_or_call(KEY, call, terms(in_background=True))
    ops = ops_of(steps, [0, [BODY], 95.0, None])

    assert HIT == ops[-2]
    assert isinstance(ops[-1], Behind)
    return steps, ops[-1]


@pytest.mark.parametrize("taken", [True, False])
def test_in_the_background_the_caller_is_served_and_waits_for_nothing(taken: bool) -> None:
    """Whether the work was taken on or not: then the next caller may try."""
    steps, behind = in_background()

    assert KEY == behind.key
    assert Found(OLD, Freshness.STALE) == finish(steps, taken)


def test_the_background_leads_calls_and_keeps() -> None:
    """In its own turn, so that the flight is that of the thread or task that calls."""
    flight = HandFlight(KEY)
    ops = ops_of(in_background()[1].steps(), [(flight, True), 0, None, 0, 1.0, "new", 2.0, False, 96.0])

    assert [Board(KEY), Landed(), told(Happening.REFRESHED_BEHIND), *CALLED] == ops[:-1]
    assert isinstance(ops[-1], PutMany)


def test_the_background_leaves_it_where_somebody_refreshes_or_has_done_so() -> None:
    """One call, however long the work waited for its turn."""
    steps = in_background()[1].steps()
    ops_of(steps, [])
    later, flight = in_background()[1].steps(), HandFlight(KEY)
    ops_of(later, [(flight, True), 1, [RENEWED]])

    assert finish(steps, (HandFlight(KEY), False)) is None
    assert finish(later, 95.5) is None
    assert flight.is_over


def test_a_failure_in_the_background_is_told_and_ends_there() -> None:
    """Nobody is there to raise it to; the flight is over, so that others may try."""
    steps, flight = in_background()[1].steps(), HandFlight(KEY)
    ops = ops_of(steps, [(flight, True), 0, None, 0, 1.0, TimeoutError("slow")])

    assert told(Happening.REFRESH_FAILED, "TimeoutError") == ops[-1]
    assert finish(steps, None) is None
    assert flight.is_over


def failing(error: BaseException, at: float, **others: Any) -> tuple[Steps[Any], Op[Any]]:
    """Return a call that found an answer past its end, whose model raised `error`; and what came of it at `at`."""
    steps = get_or_call(KEY, call, terms(**{"draft": Draft(ttl=100.0, aging=GRACE), "coalesce": "off", **others}))

    ops = ops_of(steps, [[BODY], 120.0, None, 0, 1.0])
    assert [LOOK, CLOCK, told(Happening.EXPIRED), *CALLED[:3]] == ops
    assert Now() == steps.throw(error)
    return steps, steps.send(at)


def test_an_answer_past_its_end_stands_in_for_a_model_that_fails() -> None:
    """It is a miss first: only the failure makes it an answer, and the caller sees which."""
    error = ConnectionError("down")
    steps, op = failing(error, 121.0)

    assert told(Happening.SERVED_STALE, "ConnectionError") == op
    assert Found(OLD, Freshness.GONE, error=error) == finish(steps, None)


def test_it_stands_in_no_longer_than_is_allowed() -> None:
    """Also where the time ran out while the model was asked; then its own error passes, unchanged."""
    error = ConnectionError("down")
    with pytest.raises(ConnectionError) as raised:
        failing(error, 150.0)

    assert error is raised.value


def test_it_never_stands_in_beyond_max_age() -> None:
    """The caller's bound holds over everything; at the look, and when the model has failed."""
    with pytest.raises(ConnectionError):
        failing(ConnectionError("down"), 130.1, max_age=130.0)
    steps = get_or_call(KEY, call, terms(draft=Draft(aging=GRACE), coalesce="off", max_age=119.0))
    ops_of(steps, [[BODY], 120.0, None, 0, 1.0])
    with pytest.raises(ConnectionError):
        steps.throw(ConnectionError("down"))


@pytest.mark.parametrize("error", [UsageError("yours"), KeyboardInterrupt(), SystemExit()])
def test_it_stands_in_for_no_wrong_call_and_no_cancellation(error: BaseException) -> None:
    """Those pass at once."""
    steps = get_or_call(KEY, call, terms(draft=Draft(aging=GRACE), coalesce="off"))
    ops_of(steps, [[BODY], 120.0, None, 0, 1.0])
    with pytest.raises(type(error)):
        steps.throw(error)


def test_what_was_cleared_never_stands_in() -> None:
    """Clearing means that nobody may see it any more."""
    tagged = Entry("old", made_at=0.0, expires_at=100.0, tags=("faq",))
    mark = tag_key(SPACE, "faq")
    steps = get_or_call(KEY, call, terms(draft=Draft(aging=GRACE), coalesce="off"))
    ops = ops_of(steps, [[pack(tagged, KEY)], 120.0, [pack(Entry(None, made_at=110.0), mark)], None, 1.0])

    assert [GetMany([mark]), told(Happening.CLEARED)] == ops[2:4]
    with pytest.raises(ConnectionError):
        steps.throw(ConnectionError("down"))


def test_a_caller_seen_only_twice_leads_by_its_witness() -> None:
    """None tells it to ask; its offer, or the end of its call, ends the flight."""
    steps = found_or_lead(KEY, READABLE, Found(OLD, Freshness.STALE, is_due=True), 0, WITNESS)

    assert [Board(KEY, WITNESS), Landed(), told(Happening.REFRESHED_EARLY)] == ops_of(
        steps, [(HandFlight(KEY), True), 0]
    )
    assert finish(steps, None) is None


def test_a_caller_of_whom_nothing_is_known_is_served() -> None:
    """It would never be known whether it asked."""
    steps = found_or_lead(KEY, READABLE, Found(OLD, Freshness.STALE, is_due=True), 0, None)

    assert [HIT] == ops_of(steps, [])
    assert Found(OLD, Freshness.STALE) == finish(steps, None)
