"""When a failing store is asked no more, and when it is tried again."""

from contextlib import nullcontext

import pytest

from llmcache.policy.breaker import Breaker, Pass, Refused, Rules

RULES = Rules(failures=3, slow=0.05, first_pause=1.0, longest_pause=8.0, readers_gone=100.0)


class Story:
    """A breaker and what happens to it; times are in seconds, and calls take none unless it is said."""

    def __init__(self) -> None:
        self.breaker = Breaker(nullcontext(), RULES)

    def ask(self, now: float, *, reads: bool = True) -> Pass | Refused:
        """Ask to read, or to write."""
        return self.breaker.ask(now, reads=reads)

    def given(self, now: float, *, reads: bool = True) -> Pass:
        """Ask, and be let through."""
        given = self.ask(now, reads=reads)
        assert isinstance(given, Pass)
        return given

    def fail(self, given: Pass, now: float, *, took: float = 0.0, is_late: bool = False, reads: bool = True) -> bool:
        """Tell a failure; drawn is the longest pause."""
        return self.breaker.failed(given, now, took=took, is_late=is_late, reads=reads, chance=1.0)

    def open_at(self, now: float, *, reads: bool = True) -> None:
        """Time out once."""
        assert self.fail(self.given(now, reads=reads), now, is_late=True, reads=reads)


@pytest.fixture
def story() -> Story:
    """A breaker that has seen nothing yet."""
    return Story()


def test_one_timeout_opens(story: Story) -> None:
    """One deadline lost is enough."""
    story.open_at(0.0)

    assert Refused(1.0) == story.ask(0.0)
    assert not story.breaker.is_closed


def test_one_slow_failure_opens(story: Story) -> None:
    """An error that took as long as half a deadline costs as much as a timeout."""
    opened = [story.fail(story.given(0.0), 0.05, took=took) for took in (0.049, 0.05)]

    assert [False, True] == opened


def test_quick_failures_open_when_there_are_some_in_a_row(story: Story) -> None:
    """Two refused connections may be a restart; an answer in between begins the count anew."""
    opened = [story.fail(story.given(0.0), 0.0) for _ in range(2)]
    story.breaker.answered(story.given(0.0))
    opened += [story.fail(story.given(0.0), 0.0) for _ in range(3)]

    assert [False, False, False, False, True] == opened


def test_store_is_not_asked_during_the_pause_and_probed_once_behind_it(story: Story) -> None:
    """Behind the pause one read goes through, and all others wait for what becomes of it."""
    story.open_at(0.0)

    assert Refused(0.5) == story.ask(0.5)
    assert story.given(1.0).is_probe
    assert Refused(0.0) == story.ask(1.0)


def test_answered_probe_closes(story: Story) -> None:
    """The store is asked as usual, and the next pause is short again."""
    story.open_at(0.0)
    closed = story.breaker.answered(story.given(1.0))

    assert (True, True) == (closed, story.breaker.is_closed)
    story.open_at(2.0)
    assert Refused(1.0) == story.ask(2.0)


def test_failed_probes_double_the_pause_up_to_a_bound(story: Story) -> None:
    """A store that is away for long costs a deadline now and then, and not more often."""
    story.open_at(0.0)
    now, pauses = 1.0, []
    for _ in range(5):
        assert not story.fail(story.given(now), now)
        refused = story.ask(now)
        assert isinstance(refused, Refused)
        pauses.append(refused.seconds)
        now += refused.seconds

    assert [2.0, 4.0, 8.0, 8.0, 8.0] == pauses


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_pauses_are_spread(story: Story, chance: float, pause: float) -> None:
    """From half of the pause to all of it, as drawn."""
    story.breaker.failed(story.given(0.0), 0.0, took=0.0, is_late=True, reads=True, chance=chance)

    assert Refused(pause) == story.ask(0.0)


def test_writes_wait_for_a_read(story: Story) -> None:
    """A model call whose look-up has lost a deadline must not lose another one for keeping, however long the model takes."""
    story.open_at(0.0)

    assert [Refused(0.0)] * 2 == [story.ask(now, reads=False) for now in (1.0, 99.0)]


def test_keeping_waits_also_where_the_lookup_was_the_probe(story: Story) -> None:
    """The look-up probes and fails; the model takes longer than the pause; the answer is not offered to the store."""
    story.open_at(0.0)
    story.fail(story.given(1.0), 1.0, is_late=True)

    assert Refused(0.0) == story.ask(50.0, reads=False)


def test_writes_probe_where_nobody_reads(story: Story) -> None:
    """A program that only writes finds the store again, at once or when the last read is long ago."""
    story.open_at(0.0, reads=False)
    first = story.given(1.0, reads=False)
    story.fail(first, 1.0, reads=False)
    story.ask(2.0)

    assert first.is_probe
    assert Refused(0.0) == story.ask(101.0, reads=False)
    assert story.given(102.0, reads=False).is_probe


def test_outcomes_of_an_earlier_term_are_out_of_date(story: Story) -> None:
    """Calls that were under way when the breaker opened neither open it again, nor close it, nor lengthen its pause."""
    first, second, third = (story.given(0.0) for _ in range(3))
    story.fail(first, 0.1, is_late=True)

    assert not story.fail(second, 0.2, is_late=True)
    assert not story.breaker.answered(third)
    assert Refused(1.0) == story.ask(0.1)
    story.breaker.answered(story.given(1.1))
    assert not story.fail(second, 1.2, is_late=True)
    assert story.breaker.is_closed


def test_probe_that_was_given_up_is_made_by_the_next_read(story: Story) -> None:
    """A cancelled call tells nothing about the store."""
    story.open_at(0.0)
    story.breaker.gave_up(story.given(1.0))

    assert story.given(1.0).is_probe


def test_probe_that_never_ends_is_made_again(story: Story) -> None:
    """Its thread may be in the process that forked this one."""
    story.open_at(0.0)
    story.ask(1.0)

    assert Refused(0.0) == story.ask(8.9)
    assert story.given(9.0).is_probe


def test_calls_that_were_given_up_are_no_failures(story: Story) -> None:
    """However many."""
    for _ in range(10):
        story.breaker.gave_up(story.given(0.0))

    assert story.breaker.is_closed
