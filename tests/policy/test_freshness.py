"""How long an answer lives, whether a found one may be served now, and who refreshes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.model.entry import Entry
from llmcache.policy.freshness import (
    AGELESS,
    FOR_EVER,
    Aging,
    Freshness,
    Life,
    is_due,
    judge,
    life,
    may_stand_in,
)

ENTRY = Entry("x", made_at=100.0, stale_at=110.0, expires_at=120.0)


def test_freshness_changes_exactly_at_the_times() -> None:
    """Soft and hard expiry count from their instant on."""
    times = [100.0, 109.999, 110.0, 119.999, 120.0]

    assert [judge(ENTRY, now) for now in times] == [
        Freshness.FRESH,
        Freshness.FRESH,
        Freshness.STALE,
        Freshness.STALE,
        Freshness.GONE,
    ]


def test_an_entry_without_times_is_always_fresh() -> None:
    """None means never."""
    assert judge(Entry("x", made_at=0.0), 1e12) is Freshness.FRESH


def test_max_age_takes_the_limit_itself_and_nothing_older() -> None:
    """An answer exactly max_age old may be served."""
    answers = [judge(ENTRY, 105.0, max_age=5.0), judge(ENTRY, 105.001, max_age=5.0)]

    assert answers == [Freshness.FRESH, Freshness.GONE]


def test_without_a_time_to_live_nothing_ages() -> None:
    """Shares of for ever are for ever."""
    assert FOR_EVER == life(100.0, None, Aging(early_refresh=0.5, jitter=0.5, stale_if_error=60.0), 0.5, 2.0)


def test_without_rules_a_life_is_the_time_to_live() -> None:
    """No soft end, and the store forgets it with the hard one."""
    assert Life(None, 160.0, 60.0) == life(100.0, 60.0, AGELESS, 0.9, 2.0)


def test_the_soft_time_is_a_share_of_the_life_that_jitter_left() -> None:
    """Jitter shortens; the share counts from what remains; the store keeps it for longer."""
    rules = Aging(early_refresh=0.1, jitter=0.2, stale_if_error=500.0)

    assert Life(1090.0, 1100.0, 600.0) == life(1000.0, 100.0, rules, 0.0, None)
    assert Life(1081.0, 1090.0, 590.0) == life(1000.0, 100.0, rules, 0.5, None)


@pytest.mark.parametrize(
    ("took", "stale_at"), [(None, 1090.0), (5.0, 1090.0), (10.0, 1080.0), (25.0, 1050.0), (90.0, 1050.0)]
)
def test_the_soft_time_is_two_calls_at_least_and_half_of_the_life_at_most(took: float | None, stale_at: float) -> None:
    """So that the new answer is there before the old one ends."""
    assert stale_at == life(1000.0, 100.0, Aging(early_refresh=0.1), 0.0, took).stale_at


def test_a_share_over_a_half_holds_whatever_the_call_took() -> None:
    """The bound is for calls, not for what was asked for."""
    assert life(1000.0, 100.0, Aging(early_refresh=0.8), 0.0, 1.0).stale_at == pytest.approx(1020.0)


@given(
    ttl=st.floats(1e-3, 1e9),
    early=st.floats(0.0, 0.999),
    jitter=st.floats(0.0, 0.999),
    chance=st.floats(0.0, 0.999),
    took=st.floats(0.0, 1e9),
    grace=st.floats(0.0, 1e9),
)
def test_a_life_is_never_longer_than_the_time_to_live(
    ttl: float, early: float, jitter: float, chance: float, took: float, grace: float
) -> None:
    """Made, then perhaps soft, then over, then forgotten, in that order, whatever the rules."""
    found = life(0.0, ttl, Aging(early, jitter, grace), chance, took)

    assert found.expires_at is not None
    assert found.kept_for is not None
    assert 0.0 <= (found.expires_at if found.stale_at is None else found.stale_at) <= found.expires_at <= ttl
    assert found.expires_at <= found.kept_for


def test_the_chance_to_refresh_rises_to_certainty_over_the_first_half_of_the_soft_time() -> None:
    """At its beginning one number in 400 wins, from the middle on every one does."""
    soft = Entry("x", made_at=0.0, stale_at=100.0, expires_at=120.0)
    asked = [
        (99.9, 0.0),
        (100.0, 0.0024),
        (100.0, 0.0025),
        (105.0, 0.049),
        (105.0, 0.05),
        (110.0, 0.999),
        (119.0, 0.999),
    ]

    assert [False, True, False, True, False, True, True] == [is_due(soft, now, chance) for now, chance in asked]


def test_an_entry_that_goes_stale_and_never_ends_is_due_at_once() -> None:
    """There is no soft time whose half could be waited for; another writer may have written such a one."""
    assert is_due(Entry("x", made_at=0.0, stale_at=100.0), 100.0, 0.999)
    assert is_due(Entry("x", made_at=0.0, stale_at=100.0, expires_at=100.0), 100.0, 0.999)
    assert not is_due(Entry("x", made_at=0.0, expires_at=100.0), 100.0, 0.0)


def test_an_answer_stands_in_up_to_its_end_and_the_time_allowed_beyond() -> None:
    """The bound is the reader's, so that a shorter one holds at once."""
    times = [119.0, 120.0, 179.9, 180.0]

    assert [True, True, True, False] == [may_stand_in(ENTRY, now, None, 60.0) for now in times]
    assert [True, False, False, False] == [may_stand_in(ENTRY, now, None, 0.0) for now in times]


def test_an_answer_older_than_max_age_never_stands_in() -> None:
    """Not even for a model that fails."""
    assert may_stand_in(ENTRY, 130.0, 30.0, 60.0)
    assert not may_stand_in(ENTRY, 130.1, 30.0, 60.0)
