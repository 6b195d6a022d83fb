"""Learning thresholds: surely under the limit, with the most hits, and judged as a decision would be."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.policy.similarity import Candidate, Thresholds, Verdict, decide
from llmcache.policy.tuning import (
    Outcome,
    Score,
    every,
    interval,
    is_surely_under,
    learn,
    outcome_of,
    score,
)

CANDIDATES = st.lists(
    st.builds(Candidate, st.sampled_from("abcdef"), st.floats(-1, 1), st.sampled_from(["x", "y"])), max_size=12
)


def made(many: int, seed: int = 1) -> list[Outcome]:
    """Return outcomes in which a greater margin is right more often."""
    draw = random.Random(seed)
    found = []
    for _ in range(many):
        margin = draw.random() * 0.6
        found.append(Outcome(0.5 + draw.random() / 2, margin, draw.random() < 0.8 + margin / 2))
    return found


@given(CANDIDATES, st.sampled_from(["x", "y", "z"]), st.sets(st.sampled_from("abcdef")))
def test_outcome_is_what_the_decision_would_be(found: list[Candidate], right: str, refused: set[str]) -> None:
    """At any thresholds: what is tuned is what is served."""

    def refusal(each: Candidate) -> str | None:
        return "refused" if each.id in refused else None

    outcome = outcome_of(found, right, refusal)
    for thresholds in (Thresholds(0.5, 0.0), Thresholds(0.8, 0.1), Thresholds(0.9, 0.3)):
        decision = decide(found, thresholds, refusal)

        assert outcome.is_hit(thresholds) is (decision.verdict is Verdict.HIT)
        if decision.verdict is Verdict.HIT and decision.candidate is not None:
            assert outcome.is_right is (decision.candidate.answer == right)


def test_learned_thresholds_keep_the_limit_on_what_they_have_not_seen() -> None:
    """With enough to learn from, the share of wrong hits among others is under the limit, too."""
    for limit in (0.02, 0.05):
        learned = learn(made(6_000), limit)

        assert learned is not None
        assert score(made(20_000, seed=2), learned).wrong_share <= limit


def test_looser_limit_gives_no_fewer_hits() -> None:
    """What is sure at one in a hundred is sure at one in twenty."""
    outcomes = made(3_000)
    hits = [score(outcomes, found).hits for limit in (0.02, 0.05, 0.1) if (found := learn(outcomes, limit))]

    assert 3 == len(hits)
    assert hits == sorted(hits)


def test_too_little_to_be_sure_gives_no_thresholds() -> None:
    """Ten right hits say nothing about one in a hundred."""
    assert learn([Outcome(0.9, 0.5, is_right=True)] * 10, 0.01) is None
    assert learn([Outcome(0.9, 0.5, is_right=True)] * 1_000, 0.01) is not None
    assert learn([], 0.01) is None


def test_scores_of_all_thresholds_are_those_of_each() -> None:
    """The quick way counts as the plain one does."""
    outcomes = made(200)

    for thresholds, found in every(outcomes)[::97]:
        assert score(outcomes, thresholds) == found


@pytest.mark.parametrize(
    ("wrong", "hits", "low", "high"),
    [
        (0, 10, 0.0, 0.30850),
        (1, 10, 0.00253, 0.44502),
        (5, 100, 0.01643, 0.11284),
        (10, 10, 0.69150, 1.0),
        (20, 2000, 0.00612, 0.01540),
    ],
)
def test_interval_is_clopper_and_pearsons(wrong: int, hits: int, low: float, high: float) -> None:
    """The values of published tables, for all and for none as well."""
    assert (low, high) == pytest.approx(interval(wrong, hits), abs=2e-5)


def test_interval_of_nothing_is_everything() -> None:
    """No hit was seen."""
    assert (0.0, 1.0) == interval(0, 0)
    assert (0.0, 1.0) == Score(5, 0, 0).interval
    assert (0.0, 0.0) == (Score(5, 0, 0).wrong_share, Score(0, 0, 0).hit_share)


def test_sure_is_what_the_upper_end_is_under() -> None:
    """No wrong one among 299 is sure to be under one in a hundred at 95 %, among 298 it is not: the rule of three."""
    assert is_surely_under(0, 299, 0.01)
    assert not is_surely_under(0, 298, 0.01)
