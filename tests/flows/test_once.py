"""One call per key, fed with answers by hand."""

from dataclasses import replace
from typing import Any

import pytest

from llmcache.codec.envelope import pack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import StoreTimeout, StoreUnavailable
from llmcache.flows.looking import Found
from llmcache.flows.once import LONGEST_WAIT, nothing_shared, share, share_or_lead
from llmcache.model.entry import Entry, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.clearing import Mark
from llmcache.protocols.flight_ops import Await, Board, Hold, Land, Landed, Leading, Token
from llmcache.protocols.flights import Ending, Witness
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutIfAbsent
from llmcache.protocols.world_ops import Emit, Now, Pause
from tests.flows.hand_flight import HandFlight

KEY = Key(Space(Namespace(("shop",)), Kind.RESPONSE), "ab" * 32)
ENTRY = Entry("answer", made_at=100.0, provenance=Provenance("m", 3, 4, None, 1.5))
BODY = pack(ENTRY, KEY)
LEASE = Put(Key(Space(Namespace(("shop",)), Kind.LEASE), "ab" * 32), b"mine", 10.0)
BOTH = GetMany((LEASE.key, KEY))
COALESCED = Emit(Event(Happening.COALESCED, KEY.digest, "", 3, 4, 1.5))


def finish(steps: Steps[Any], reply: Any) -> Any:
    """Send the last reply and return the steps' answer."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def test_who_leads_goes_on_where_nothing_landed_since_they_looked() -> None:
    """No second look-up."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)

    assert Board(KEY) == next(steps)
    assert Landed() == steps.send((flight, True))
    assert flight is finish(steps, 7)


def test_who_leads_looks_again_where_something_landed_meanwhile() -> None:
    """What is there now is given to all who board since, too."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((flight, True))

    assert GetMany((KEY,)) == steps.send(8)
    assert Now() == steps.send([BODY])
    assert Land(KEY, BODY) == steps.send(150.0)
    assert COALESCED == steps.send(None)
    assert Found(ENTRY) == finish(steps, None)


@pytest.mark.parametrize("found", [None, b"damaged"])
def test_who_leads_and_finds_nothing_again_leads(found: bytes | None) -> None:
    """The second miss is not counted."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((flight, True))
    steps.send(8)

    assert flight is finish(steps, [found])


def test_a_store_that_fails_meanwhile_keeps_nobody_from_leading() -> None:
    """It is told, as any other failure."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((flight, True))
    steps.send(8)

    assert Emit(Event(Happening.STORE_FAILED, KEY.digest, "StoreUnavailable")) == steps.throw(StoreUnavailable("down"))
    assert flight is finish(steps, None)


def test_a_leader_that_is_cancelled_while_it_looks_again_hands_over() -> None:
    """Nobody waits for it in vain."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((flight, True))
    steps.send(8)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt())

    assert flight.is_over


def test_who_waits_opens_what_landed() -> None:
    """It says what it saved."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7)
    next(steps)

    assert Await(flight, LONGEST_WAIT) == steps.send((flight, False))
    assert COALESCED == steps.send(BODY)
    assert Found(ENTRY) == finish(steps, None)


def test_what_landed_and_cannot_be_read_means_to_call_alone() -> None:
    """As where nothing came."""
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((HandFlight(KEY), False))

    assert finish(steps, b"damaged") is None


def test_who_must_not_wait_calls_alone() -> None:
    """At once."""
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((HandFlight(KEY), False))

    assert finish(steps, Ending.NOT_WAITED) is None


def test_after_two_abandoned_flights_nobody_waits_again() -> None:
    """A model that keeps failing must not make a queue."""
    steps = share(KEY, READABLE, 7)
    next(steps)
    steps.send((HandFlight(KEY), False))

    assert Board(KEY) == steps.send(Ending.ABANDONED)
    steps.send((HandFlight(KEY), False))
    assert finish(steps, Ending.ABANDONED) is None


def begun_across() -> tuple[HandFlight, Steps[Any]]:
    """The steps of one who leads and shares with other processes, at taking the lease."""
    flight = HandFlight(KEY)
    steps = share(KEY, READABLE, 7, across=True)

    assert Leading() == next(steps)
    assert Board(KEY) == steps.send(False)
    assert Token() == steps.send((flight, True))
    assert Hold(flight, LEASE) == steps.send(b"mine")
    assert PutIfAbsent(LEASE) == steps.send(None)
    return flight, steps


def test_who_takes_the_lease_looks_again_and_leads() -> None:
    """Another process may have answered just before."""
    flight, steps = begun_across()

    assert GetMany((KEY,)) == steps.send(True)
    assert flight is finish(steps, [None])


def test_who_waits_for_another_process_looks_less_and_less_often() -> None:
    """Never later than by 15 % of what it has waited, until the lease is gone; then the answer is there, for all who wait here."""
    _, steps = begun_across()

    assert BOTH == steps.send(False)
    assert BOTH == steps.send([b"theirs", None])
    assert Pause(0.005) == steps.send([b"theirs", None])
    waited = 0.005
    for _ in range(60):
        assert BOTH == steps.send(None)
        pause = steps.send([b"theirs", None])
        assert isinstance(pause, Pause)
        assert min(max(0.005, waited * 0.15), 0.25) == pytest.approx(pause.seconds)
        waited += pause.seconds
    steps.send(None)
    assert GetMany((KEY,)) == steps.send([None, None])
    assert Now() == steps.send([BODY])
    assert Land(KEY, BODY) == steps.send(150.0)
    assert COALESCED == steps.send(None)
    assert Found(ENTRY) == finish(steps, None)


def test_an_answer_ends_the_waiting_where_the_lease_was_not_given_back() -> None:
    """Its process ended right after keeping it. What was there before, and may not be served, is no answer."""
    _, steps = begun_across()
    steps.send(False)
    steps.send([b"theirs", b"old"])

    assert Pause(0.005) == steps.send([b"theirs", b"old"])
    steps.send(None)
    assert GetMany((KEY,)) == steps.send([b"theirs", BODY])


def test_nobody_waits_for_another_process_for_ever() -> None:
    """A lease may stay long after its holder, where a clock was set back."""
    _, steps = begun_across()
    steps.send(False)
    op, pauses = steps.send([b"theirs", None]), 0.0
    while op != GetMany((KEY,)):
        op = steps.send([b"theirs", None])
        if isinstance(op, Pause):
            pauses += op.seconds
            op = steps.send(None)

    assert LONGEST_WAIT <= pauses < LONGEST_WAIT + 1


def test_a_lease_that_ends_without_an_answer_is_taken_over() -> None:
    """The process failed or was killed."""
    flight, steps = begun_across()
    steps.send(False)
    steps.send([b"theirs", None])

    assert GetMany((KEY,)) == steps.send([None, None])
    assert Hold(flight, LEASE) == steps.send([None])
    assert PutIfAbsent(LEASE) == steps.send(None)
    steps.send(True)
    assert flight is finish(steps, [None])


def test_after_two_processes_that_failed_nobody_waits_for_a_third() -> None:
    """Leading goes on without a lease."""
    flight, steps = begun_across()
    steps.send(False)
    steps.send([b"theirs", None])
    steps.send([None, None])
    steps.send([None])
    assert PutIfAbsent(LEASE) == steps.send(None)
    steps.send(False)
    steps.send([b"theirs", None])
    assert GetMany((KEY,)) == steps.send([None, None])

    assert flight is finish(steps, [None])


def test_who_leads_something_already_waits_for_no_other_process() -> None:
    """The other may wait for what is led here; the call is made alone."""
    flight, steps = HandFlight(KEY), share(KEY, READABLE, 7, across=True)
    next(steps)
    steps.send(True)
    steps.send((flight, True))

    assert Hold(flight, LEASE) == steps.send(b"mine")
    assert PutIfAbsent(LEASE) == steps.send(None)
    assert flight is finish(steps, False)


def test_who_leads_something_already_waits_for_nobody_here_either() -> None:
    """Its own lease would be waited for by another process, and that waits for this one."""
    steps = share(KEY, READABLE, 7, across=True)
    next(steps)
    steps.send(True)

    assert finish(steps, (HandFlight(KEY), False)) is None


@pytest.mark.parametrize(("age", "found"), [(50.0, Found(ENTRY)), (49.9, None)])
def test_an_answer_that_lands_is_taken_by_its_age_alone(age: float, found: Found | None) -> None:
    """It may be one that was kept before, which its leader took."""
    steps = share(KEY, READABLE, 7, max_age=age)
    next(steps)
    steps.send((HandFlight(KEY), False))

    assert Now() == steps.send(BODY)
    if found is None:
        assert finish(steps, 150.0) is None
    else:
        assert COALESCED == steps.send(150.0)
        assert found == finish(steps, None)


@pytest.mark.parametrize(("seen", "is_taken"), [(Mark(), True), (Mark("one", 5.0), False)])
def test_an_answer_that_was_asked_for_before_a_clearing_is_not_taken(seen: Mark, is_taken: bool) -> None:
    """By another process: who asks behind it has read a stamp that the answer does not hold. Tags that are not known do not count."""
    body = pack(replace(ENTRY, tags=("faq", "unknown")), KEY)
    steps = share(KEY, READABLE, 7, marks=(("faq", seen),))
    next(steps)
    steps.send((HandFlight(KEY), False))
    if is_taken:
        assert COALESCED == steps.send(body)
    else:
        assert finish(steps, body) is None


def test_looking_again_takes_nothing_that_is_too_old() -> None:
    """As the first look did."""
    flight, steps = HandFlight(KEY), share(KEY, READABLE, 7, max_age=49.9)
    next(steps)
    steps.send((flight, True))
    steps.send(8)
    steps.send([BODY])

    assert flight is finish(steps, 150.0)


def test_a_store_that_takes_no_lease_keeps_nobody_from_leading() -> None:
    """Sharing with other processes is given up, and told."""
    flight, steps = begun_across()

    assert Emit(Event(Happening.STORE_FAILED, KEY.digest, "StoreTimeout")) == steps.throw(StoreTimeout("slow"))
    assert flight is finish(steps, None)


def test_who_is_seen_only_twice_leads_without_knowing() -> None:
    """The witness goes along, and the flight stays with those who keep it."""
    witness = Witness(object, 1)
    steps = share_or_lead(KEY, READABLE, 7, witness)

    assert Board(KEY, witness) == next(steps)
    steps.send((HandFlight(KEY), True))
    assert finish(steps, 7) is None


def test_sharing_with_nobody_takes_no_op() -> None:
    """For calls that are not to be shared."""
    assert [] == list(nothing_shared())
