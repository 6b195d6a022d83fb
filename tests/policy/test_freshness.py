"""Whether a found entry may be served now."""

from llmcache.model.entry import Entry
from llmcache.policy.freshness import Freshness, is_cleared, judge

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


def test_a_tie_counts_as_cleared() -> None:
    """An entry made in the same instant as the clearing is hidden; one made later is not."""
    answers = [is_cleared(ENTRY, at) for at in (99.0, 100.0, 101.0)]

    assert answers == [False, True, True]
