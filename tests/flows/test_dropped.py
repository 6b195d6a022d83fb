"""What is asked for while it is cleared or deleted: fed by hand, and every interleaving that Hypothesis finds."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcache.codec.envelopes import READABLE
from llmcache.flows.looking import Found, look_up
from llmcache.flows.once import dropping, unshared_after
from llmcache.flows.responses import Draft, Terms, get_or_call, keep_if_possible
from llmcache.memory.flights import LocalFlights
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.flight_ops import Drop, Forget, WasDropped
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, DeleteMany, PutMany
from llmcache.protocols.world_ops import Emit
from tests.flows.interleaving import Running, Shared, over

SPACE = Space(Namespace.of("shop"), Kind.RESPONSE)
KEY = Key(SPACE, "ab" * 32)
OTHER = Key(SPACE, "cd" * 32)
ELSEWHERE = Key(Space(Namespace.of("else"), Kind.RESPONSE), KEY.name)


def test_what_was_dropped_meanwhile_is_neither_kept_nor_given_to_who_waits() -> None:
    """Who waits may have asked behind the dropping; the answer goes to who asked for it."""
    steps = keep_if_possible(KEY, "answer", Draft(asked=3), lambda _: None, READABLE)

    assert WasDropped(KEY, 3) == next(steps)
    assert Emit(Event(Happening.NOT_ADMITTED, KEY.digest, "cleared meanwhile")) == steps.send(True)
    with pytest.raises(StopIteration) as finished:
        steps.send(None)
    assert finished.value.value is False


def test_what_is_dropped_while_it_is_written_is_deleted() -> None:
    """It may have been written behind the dropping."""
    steps = keep_if_possible(KEY, "answer", Draft(asked=3), lambda _: None, READABLE)
    written = [next(steps), *(steps.send(reply) for reply in (False, 100.0, None))]

    assert isinstance(written[2], PutMany)
    assert WasDropped(KEY, 3) == steps.send(None)
    assert DeleteMany((KEY,)) == steps.send(True)


def test_dropping_is_told_before_and_sharing_ends_behind() -> None:
    """Before: what is written meanwhile is known for old. Behind: nobody joins who has looked before the store was cleared."""
    steps = dropping(iter(Clear(SPACE)), SPACE, KEY)

    assert [Drop(SPACE, KEY), Clear(SPACE), Forget(SPACE, KEY)] == [next(steps), steps.send(None), steps.send(None)]


def test_clearing_a_tag_ends_sharing_alone() -> None:
    """Stamps hide what carries it; what does not is kept."""
    steps = unshared_after(iter(Clear(SPACE)), SPACE)

    assert [Clear(SPACE), Forget(SPACE)] == [next(steps), steps.send(None)]


def test_dropped_is_the_key_or_its_space_and_nothing_else() -> None:
    """A deletion of another answer, or another namespace's clearing, costs nobody an answer."""
    flights = LocalFlights()
    since = flights.drops
    flights.drop(SPACE, OTHER)
    flights.drop(ELSEWHERE.space, None)
    first = [flights.was_dropped(key, since) for key in (KEY, OTHER, ELSEWHERE)]
    later = flights.drops
    flights.drop(SPACE, None)

    assert [False, True, True] == first
    assert [True, True, False] == [flights.was_dropped(key, later) for key in (KEY, OTHER, ELSEWHERE)]


def test_what_nobody_remembers_counts_as_dropped() -> None:
    """Of a thousand deletions is known what they dropped; a model that takes longer costs another call, and never an old answer."""
    flights = LocalFlights()
    flights.drop(SPACE, KEY)
    for _ in range(1_000):
        flights.drop(SPACE, OTHER)

    assert [True, False] == [flights.was_dropped(KEY, 0), flights.was_dropped(KEY, 1)]


DOING: dict[str, Callable[[], Steps[Any]]] = {
    "ask": lambda: get_or_call(KEY, dict, Terms(lambda _: None, READABLE, Draft())),
    "refresh": lambda: get_or_call(KEY, dict, Terms(lambda _: None, READABLE, Draft(), refresh=True)),
    "clear": lambda: dropping(iter(Clear(SPACE)), SPACE),
    "delete": lambda: dropping(iter(DeleteMany((KEY,))), SPACE, KEY),
    "look": lambda: look_up(KEY, READABLE),
}


def _check(running: Running, shared: Shared) -> None:
    """What is kept at the end was asked for behind the beginning of every dropping."""
    if isinstance(running.answer, Found):
        asked_at = running.answer.entry.value
        assert isinstance(asked_at, int)
        assert all(asked_at > begun for begun, _ in shared.cleared)


@given(st.lists(st.tuples(st.sampled_from(sorted(DOING)), st.integers(0, 6)), min_size=2, max_size=8), st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_older_than_a_dropping_is_left(doings: list[tuple[str, int]], data: st.DataObject) -> None:
    """Askers and droppers run beside each other, op by op in any order; at the end somebody looks."""
    shared, running = Shared(), list[Running]()
    kinds: dict[Running, str] = {}

    def advance() -> None:
        one = data.draw(st.sampled_from(running))
        one.advance()
        if one.is_over:
            running.remove(one)
            if kinds[one] in {"clear", "delete"}:
                shared.cleared.append((one.began, shared.step))

    for doing, steps in doings:
        running.append(Running(DOING[doing](), shared, 0.0))
        kinds[running[-1]] = doing
        for _ in range(steps):
            if running:
                advance()
    while running:
        advance()

    _check(over(Running(DOING["look"](), shared, 0.0)), shared)


@given(st.lists(st.sampled_from(sorted(DOING)), max_size=6))
def test_what_is_asked_for_behind_every_dropping_is_kept(doings: list[str]) -> None:
    """One after the other: who asks now is answered by the next look."""
    shared = Shared()
    *_, last = [over(Running(DOING[doing](), shared, 0.0)) for doing in [*doings, "ask", "look"]]

    assert isinstance(last.answer, Found)
