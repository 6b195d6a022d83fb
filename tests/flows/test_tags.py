"""Clearing by tag, fed with answers by hand; and every interleaving of askers, clearers and clocks that Hypothesis finds."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcache.codec.envelope import pack, unpack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import StoreUnavailable
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, Missed, look_to_ask, look_up, pass_by
from llmcache.flows.responses import Draft, Terms, get_or_call, keep
from llmcache.flows.tags import clear_tags, tag_key
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.policy.clearing import Mark
from llmcache.protocols.flight_ops import Drops, Token, WasDropped
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now
from tests.flows.interleaving import Running, Shared, over

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
KEY = Key(SPACE, "ab" * 32)
TAGGED = Entry("answer", made_at=100.0, tags=("faq", "en"))
MARKS = [tag_key(SPACE, "faq"), tag_key(SPACE, "en")]


def mark(key: Key, stamp: str | None, at: float = 120.0) -> bytes:
    """Return the body of a mark; None as the first scheme wrote it."""
    return pack(Entry(stamp, made_at=at), key)


def told(what: Happening, detail: str = "") -> Emit:
    """The event of KEY, as the flows tell it."""
    return Emit(Event(what, KEY.digest, detail))


def finish(steps: Steps[Any], reply: Any) -> Any:
    """Send the last reply and return the steps' answer."""
    with pytest.raises(StopIteration) as finished:
        steps.send(reply)
    return finished.value.value


def reach_marks() -> Steps[Found | None]:
    """Return a look-up that has just asked for the marks of a tagged entry."""
    steps = look_up(KEY, READABLE)
    next(steps)
    steps.send([pack(TAGGED, KEY)])

    assert steps.send(150.0) == GetMany(MARKS)
    return steps


@pytest.mark.parametrize(("stamp", "at", "hidden"), [(None, 99.0, False), (None, 100.0, True), ("one", 99.0, True)])
def test_a_tag_cleared_after_the_entry_was_asked_for_hides_it(stamp: str | None, at: float, hidden: bool) -> None:
    """By its stamp or, where neither has one, by the times."""
    event = reach_marks().send([None, mark(MARKS[1], stamp, at)])

    assert isinstance(event, Emit)
    assert (event.event == Event(Happening.CLEARED, KEY.digest)) is hidden


def test_a_tag_without_marks_was_never_cleared() -> None:
    """The entry is served."""
    assert reach_marks().send([None, None]) == Emit(Event(Happening.HIT, KEY.digest))


def test_a_mark_that_cannot_be_read_counts_as_cleared() -> None:
    """Better to pay again than to serve what was cleared."""
    assert reach_marks().send([b"garbage", None]) == told(Happening.CLEARED)


def test_a_store_that_fails_on_the_marks_makes_the_look_up_fail() -> None:
    """So that failing open gives a miss, not the entry."""
    guarded = failing_open(look_up(KEY, READABLE), KEY, None)
    next(guarded)
    guarded.send([pack(TAGGED, KEY)])
    guarded.send(150.0)

    assert guarded.throw(StoreUnavailable("down")) == told(Happening.STORE_FAILED, "StoreUnavailable")
    assert finish(guarded, None) is None


def test_clearing_writes_one_mark_each_with_a_stamp_of_its_own() -> None:
    """One write, however many entries carry them, and nothing is read first that could have changed meanwhile."""
    steps = clear_tags(SPACE, ("faq", "en"), READABLE)

    assert next(steps) == Token()
    assert steps.send(b"one") == Now()
    assert steps.send(130.0) == PutMany([Put(key, mark(key, "one", 130.0)) for key in MARKS])
    assert finish(steps, None) is None


def test_who_asks_with_tags_reads_their_marks_in_the_same_batch() -> None:
    """A hit takes one round trip then, and the marks come with a miss."""
    steps = look_to_ask(KEY, READABLE, chance=1.0, tags=("faq", "en"))

    assert next(steps) == GetMany((KEY, *MARKS))
    assert steps.send([None, None, mark(MARKS[1], "one")]) == told(Happening.MISS)
    assert Missed((("faq", Mark()), ("en", Mark("one", 120.0)))) == finish(steps, None)


def test_only_what_is_not_known_is_read() -> None:
    """The entry carries a tag more than the caller would give it."""
    steps = look_to_ask(KEY, READABLE, chance=1.0, tags=("en",))

    assert next(steps) == GetMany((KEY, MARKS[1]))
    assert steps.send([pack(TAGGED, KEY), None]) == Now()
    assert steps.send(150.0) == GetMany(MARKS[:1])
    assert steps.send([None]) == told(Happening.HIT)


def test_without_tags_nothing_more_is_read_or_written() -> None:
    """Not a key, and not a byte."""
    steps = get_or_call(KEY, dict, Terms(lambda _: None, READABLE, Draft()))

    assert next(steps) == GetMany((KEY,))
    assert steps.send([None]) == told(Happening.MISS)
    called = [steps.send(reply) for reply in (None, 0, 0.0, "answer", 1.0, False)]
    assert [Drops(), Monotonic(), Call(dict), Monotonic(), WasDropped(KEY, 0), Now()] == called
    put = steps.send(100.0)
    assert isinstance(put, PutMany)
    assert b"stamps" not in put.puts[0].body


def test_who_passes_the_cache_by_reads_the_marks_alone() -> None:
    """Before the call, whose answer is kept."""
    steps = get_or_call(KEY, dict, Terms(lambda _: None, READABLE, Draft(tags=("faq",)), refresh=True))

    assert next(steps) == GetMany(MARKS[:1])
    assert steps.send([None]) == Drops()
    looking = pass_by(KEY, READABLE, tags=("faq",))
    assert [told(Happening.BYPASSED), GetMany(MARKS[:1])] == [next(looking), looking.send(None)]


def test_what_nobody_looked_for_reads_the_marks_when_it_is_kept() -> None:
    """`put`, and an answer out of nowhere."""
    steps = keep(KEY, "answer", Draft(tags=("faq",)), READABLE)

    assert next(steps) == GetMany(MARKS[:1])
    assert steps.send([mark(MARKS[0], "one")]) == Now()
    put = steps.send(100.0)
    assert isinstance(put, PutMany)
    assert ("one",) == unpack(put.puts[0].body, KEY).stamps


def test_an_answer_asked_for_while_the_store_was_away_is_hidden_by_any_clearing() -> None:
    """Nobody knows which clearing was the last when it was asked for."""
    steps = get_or_call(KEY, dict, Terms(lambda _: None, READABLE, Draft(tags=("faq",))))
    next(steps)

    assert steps.throw(StoreUnavailable("down")) == told(Happening.STORE_FAILED, "StoreUnavailable")
    called = [steps.send(reply) for reply in (None, 0, 0.0, "answer", 1.0, False)]
    assert [Drops(), Monotonic(), Call(dict), Monotonic(), WasDropped(KEY, 0), Now()] == called
    put = steps.send(100.0)
    assert isinstance(put, PutMany)
    assert () == unpack(put.puts[0].body, KEY).stamps


DOING = st.sampled_from(["ask", "clear", "look"])
SKEWS = st.sampled_from([0.0, 0.0, -500.0, 500.0, 3.0])


def begin(doing: str, shared: Shared, skew: float) -> Running:
    """Begin to ask, clear or look."""
    terms = Terms(lambda _: None, READABLE, Draft(tags=("faq",)))
    steps: dict[str, Callable[[], Steps[Any]]] = {
        "ask": lambda: get_or_call(KEY, dict, terms),
        "clear": lambda: clear_tags(SPACE, ("faq",), READABLE),
        "look": lambda: look_up(KEY, READABLE),
    }
    return Running(steps[doing](), shared, skew)


def check(running: Running, shared: Shared) -> None:
    """What is served was asked for behind every clearing that was over when the one who gets it began."""
    if isinstance(running.answer, Found):
        asked_at = running.answer.entry.value
        assert isinstance(asked_at, int)
        before = [begun for begun, ended in shared.cleared if ended <= running.began]
        assert all(asked_at > begun for begun in before), (asked_at, before)


@given(st.lists(st.tuples(DOING, SKEWS, st.integers(0, 3)), min_size=3, max_size=12), st.data())
@settings(max_examples=150, deadline=None)
def test_no_clearing_brings_back_what_any_clearing_hid(
    doings: list[tuple[str, float, int]], data: st.DataObject
) -> None:
    """Askers, clearers and readers run beside each other, step by step in any order, with clocks that are wrong both ways."""
    shared, running = Shared(), list[Running]()
    kinds: dict[Running, str] = {}

    def advance(one: Running) -> None:
        one.advance()
        if one.is_over:
            running.remove(one)
            check(one, shared)
            if kinds[one] == "clear":
                shared.cleared.append((one.began, shared.step))

    for doing, skew, steps in doings:
        running.append(begin(doing, shared, skew))
        kinds[running[-1]] = doing
        for _ in range(steps):
            if running:
                advance(data.draw(st.sampled_from(running)))
    while running:
        advance(data.draw(st.sampled_from(running)))
    last = begin("look", shared, 0.0)
    while not last.is_over:
        last.advance()
    check(last, shared)


@given(st.lists(st.tuples(DOING, SKEWS), max_size=6))
def test_what_is_asked_for_behind_every_clearing_is_kept(doings: list[tuple[str, float]]) -> None:
    """One after the other, whatever the clocks say: who asks now is answered by the next look."""
    shared = Shared()
    *_, last = [over(begin(doing, shared, skew)) for doing, skew in [*doings, ("ask", 0.0), ("look", -500.0)]]

    assert isinstance(last.answer, Found)
