"""Whether an answer was asked for before a tag of it was cleared."""

import pytest

from llmcache.model.entry import Entry
from llmcache.policy.clearing import (
    NEVER_CLEARED,
    NOTHING_READ,
    UNREADABLE,
    Mark,
    is_cleared,
    is_hidden,
    stamps_for,
)

ENTRY = Entry("answer", made_at=100.0, tags=("faq",))
STAMPED = Entry("answer", made_at=100.0, tags=("faq",), stamps=("one",))


def test_a_tie_counts_as_cleared() -> None:
    """An entry made in the same instant as the clearing is hidden; one made later is not."""
    answers = [is_cleared(ENTRY, at) for at in (99.0, 100.0, 101.0)]

    assert answers == [False, True, True]


@pytest.mark.parametrize("at", [1.0, 100.0, 1000.0])
def test_the_stamp_decides_and_no_clock(at: float) -> None:
    """An answer that was asked for under the last clearing is served, and under another one hidden, whatever the times say."""
    marks = [NEVER_CLEARED, Mark("one", at), Mark("two", at), UNREADABLE]

    assert [True, False, True, True] == [is_hidden(STAMPED, (("faq", mark),)) for mark in marks]
    assert [False, True, True, True] == [is_hidden(ENTRY, (("faq", mark),)) for mark in marks]


@pytest.mark.parametrize(("at", "hidden"), [(99.0, False), (100.0, True), (101.0, True)])
def test_between_two_of_the_first_scheme_the_times_decide(at: float, hidden: bool) -> None:
    """Marks and answers that an older release has kept mean what they meant."""
    assert hidden is is_hidden(ENTRY, (("faq", Mark("", at)),))


def test_one_cleared_tag_hides_the_answer() -> None:
    """Each stamp belongs to the tag in its place."""
    entry = Entry("answer", made_at=100.0, tags=("faq", "en"), stamps=("one", ""))
    kept, cleared = (
        (("en", NEVER_CLEARED), ("faq", Mark("one", 5.0))),
        (("en", Mark("two", 5.0)), ("faq", Mark("one", 5.0))),
    )

    assert (False, True) == (is_hidden(entry, kept), is_hidden(entry, cleared))


def test_an_answer_holds_a_stamp_for_each_tag_or_none_at_all() -> None:
    """Where no tag was ever cleared it is as long as before; what is not known, or cannot be read, is no stamp."""
    marks = (("faq", Mark("one", 5.0)), ("old", Mark("", 5.0)), ("odd", UNREADABLE))

    assert ("one", "", "", "") == stamps_for(("faq", "old", "odd", "en"), marks)
    assert () == stamps_for(("old", "odd", "en"), marks)
    assert () == stamps_for(("faq",), NOTHING_READ)
