"""Tuning: thresholds that keep wrong hits under a share, learned from questions of which it is known who shares an answer.

Each question is asked of a cache that holds others, and what would have come of it is written down as an `Outcome`, from which every
pair of thresholds can be judged. Chosen is the pair with the most hits among those whose share of wrong ones is *surely* under
the limit: not the share that was seen, which the choice itself makes look better than it is, but the upper end of its
interval after Clopper and Pearson (1934), which is exact for any count.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from llmcache.model.units import Share
from llmcache.policy.similarity import Candidate, Thresholds, margin_of

CONFIDENCE: Final[Share] = 0.95
_STEP: Final = 0.01
_LEAST_SIMILARITY: Final = 0.5
_MOST_MARGIN: Final = 0.6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a question would have met.

    Attributes:
        similarity: Of the nearest kept question that holds the nearest one's answer and that the guard lets through; -1 where none does.
        margin: Of that answer over all others.
        is_right: True where it is the right answer.
    """

    similarity: float
    margin: float
    is_right: bool

    def is_hit(self, thresholds: Thresholds) -> bool:
        """True where it would have been served: `similarity.decide` says the same."""
        return self.similarity >= thresholds.similarity and self.margin >= thresholds.margin


@dataclass(frozen=True, slots=True)
class Score:
    """What thresholds do to many questions."""

    asked: int
    hits: int
    wrong: int

    @property
    def hit_share(self) -> Share:
        """Hits among all that was asked."""
        return self.hits / self.asked if self.asked else 0.0

    @property
    def wrong_share(self) -> Share:
        """Wrong ones among the hits."""
        return self.wrong / self.hits if self.hits else 0.0

    @property
    def interval(self) -> tuple[Share, Share]:
        """Where the share of wrong hits lies at the confidence of this file, two-sided."""
        return interval(self.wrong, self.hits)

    def __add__(self, other: "Score") -> "Score":
        return Score(self.asked + other.asked, self.hits + other.hits, self.wrong + other.wrong)


def outcome_of(neighbours: Sequence[Candidate], right: str, refusal: Callable[[Candidate], str | None]) -> Outcome:
    """Return what a question whose answer is `right` meets among `neighbours`."""
    ordered = sorted(neighbours, key=lambda each: -each.similarity)
    if not ordered:
        return Outcome(-1.0, -1.0, is_right=False)
    answer = ordered[0].answer
    near = (each.similarity for each in ordered if each.answer == answer and refusal(each) is None)
    return Outcome(next(near, -1.0), margin_of(ordered, answer), answer == right)


def score(outcomes: Sequence[Outcome], thresholds: Thresholds) -> Score:
    """Return what `thresholds` would have done."""
    hits = [outcome for outcome in outcomes if outcome.is_hit(thresholds)]
    return Score(len(outcomes), len(hits), sum(not outcome.is_right for outcome in hits))


def learn(outcomes: Sequence[Outcome], wrong: Share) -> Thresholds | None:
    """Return the thresholds with the most hits of which surely no greater share than `wrong` is wrong; None where there are none."""
    best: tuple[int, Thresholds] | None = None
    for thresholds, found in every(outcomes):
        if (best is None or found.hits > best[0]) and is_surely_under(found.wrong, found.hits, wrong):
            best = (found.hits, thresholds)
    return None if best is None else best[1]


def every(outcomes: Sequence[Outcome]) -> list[tuple[Thresholds, Score]]:
    """Return what each pair of thresholds that is considered would have done, the strictest of equals first."""
    found: list[tuple[Thresholds, Score]] = []
    margins = [round(step * _STEP, 2) for step in range(round(_MOST_MARGIN / _STEP), -1, -1)]
    for step in range(round((1 - _LEAST_SIMILARITY) / _STEP) - 1, -1, -1):
        similarity = round(_LEAST_SIMILARITY + step * _STEP, 2)
        near = [outcome for outcome in outcomes if outcome.similarity >= similarity]
        hits = sorted(outcome.margin for outcome in near)
        wrong = sorted(outcome.margin for outcome in near if not outcome.is_right)
        for margin in margins:
            above = Score(len(outcomes), len(hits) - bisect_left(hits, margin), len(wrong) - bisect_left(wrong, margin))
            found.append((Thresholds(similarity, margin), above))
    return found


def is_surely_under(wrong: int, hits: int, limit: Share, confidence: Share = CONFIDENCE) -> bool:
    """True where as few wrong ones among so many would hardly be seen if their true share were `limit` or more."""
    return _at_most(wrong, hits, limit) <= 1 - confidence


def interval(wrong: int, hits: int, confidence: Share = CONFIDENCE) -> tuple[Share, Share]:
    """Return between which shares the true one lies, after Clopper and Pearson; everything where nothing was seen."""
    if hits == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if wrong == 0 else _where(lambda share: 1 - _at_most(wrong - 1, hits, share) >= tail)
    high = 1.0 if wrong == hits else _where(lambda share: _at_most(wrong, hits, share) <= tail)
    return low, high


def _where(holds: Callable[[Share], bool]) -> Share:
    """Return where `holds` begins to be true, from 0 to 1."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _at_most(wrong: int, hits: int, share: Share) -> float:
    """Return how likely it is that at most `wrong` of `hits` are wrong, each with the chance `share`."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(wrong >= hits)
    whole, once, never = math.lgamma(hits + 1), math.log(share), math.log1p(-share)
    return min(
        1.0,
        math.fsum(
            math.exp(whole - math.lgamma(n + 1) - math.lgamma(hits - n + 1) + n * once + (hits - n) * never)
            for n in range(wrong + 1)
        ),
    )
