"""Similarity: from the questions nearest to one that is asked to whether the answer of one of them may be given.

How near the nearest one is says little: between "how do I top up my card" and "how do I block my card" lies a cosine of 0.85, and
many a paraphrase is farther away. What tells is whether those nearby agree. Each neighbour speaks for the answer that is kept for
it, the louder the nearer it is:

    voice(answer) = T · log Σ exp(similarity / T)        over the neighbours that hold it
    margin        = voice(nearest's answer) - voice(all others, and one that is not there)

With a T towards 0 that is the distance between the nearest neighbour and the nearest with a *different answer*; with T = 0.05 a
crowd that agrees outweighs one that does not, and a lone voice in a dense place says little. So the cache must know which
entries share an answer: each carries a label, decided once when it is kept (`flows.meaning`). On public data this rule
serves several times what a bare threshold does at the same share of wrong answers (docs/explanation/semantic.md).

*One that is not there* is the answer that nobody has asked for yet. Where little is kept, the nearest question is often the only one of
its kind, and the right answer none of those at hand. So a voice of 0.7 speaks for it always: a lone neighbour must be much nearer than that,
and ten that agree need not. Without it thresholds that are right for a full cache are wrong for a young one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

NEIGHBOURS: Final = 16
"""How many are asked; measured: fewer see too little of the neighbourhood, more add what is far away."""

_T: Final = 0.05
_NOT_THERE: Final = 0.7
_NEAR_BY: Final = 0.1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure a decision must be.

    The defaults are meant for a cache that knows nothing of its questions yet, and give away hits for that: `llmcache tune`
    learns better ones from a user's own.

    Attributes:
        similarity: The least cosine between what is asked and what is kept.
        margin: The least margin of the answer over all others, in the same unit.
    """

    similarity: float = 0.8
    margin: float = 0.18


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question that is kept, seen from the one that is asked.

    Attributes:
        id: Which.
        similarity: The cosine between both, from -1 to 1.
        answer: A label that is equal for two questions exactly where one answer may serve both.
    """

    id: str
    similarity: float
    answer: str


class Verdict(Enum):
    """What came of looking around."""

    HIT = "hit"
    NEAR_MISS = "near miss"
    REFUSED = "refused"
    MISS = "miss"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an answer may be given, and why.

    Attributes:
        verdict: `HIT` gives the answer of `candidate`; `NEAR_MISS` is not sure enough; `REFUSED` is near enough, but for the guard.
        candidate: Whose answer it is, or would have been; None where nothing is near.
        margin: Of its answer over all others.
        reason: Why it is no hit, in a few words without content; "" for a hit.
    """

    verdict: Verdict
    candidate: Candidate | None = None
    margin: float = 0.0
    reason: str = ""

    @property
    def similarity(self) -> float:
        """The cosine between what is asked and `candidate`; 0 where there is none."""
        return 0.0 if self.candidate is None else self.candidate.similarity


def decide(
    neighbours: Sequence[Candidate], thresholds: Thresholds, refusal: Callable[[Candidate], str | None]
) -> Decision:
    """Return whether the answer of one of `neighbours` may be given.

    It is given by the nearest question that holds the nearest one's answer, is near enough, and that `refusal` lets through: where
    one answer serves "my card" and "my two cards" alike, their difference does not matter.

    Args:
        neighbours: The nearest of those kept, in any order, `NEIGHBOURS` of them where there are as many.
        thresholds: How sure it must be.
        refusal: Says why a neighbour's answer must not be given however near it is, or None.
    """
    ordered = sorted(neighbours, key=lambda each: -each.similarity)
    if not ordered:
        return Decision(Verdict.MISS, reason="nothing kept")
    nearest = ordered[0]
    margin = margin_of(ordered, nearest.answer)
    if nearest.similarity < thresholds.similarity:
        is_near = nearest.similarity >= thresholds.similarity - _NEAR_BY
        return Decision(Verdict.NEAR_MISS if is_near else Verdict.MISS, nearest, margin, "too far away")
    able = [each for each in ordered if each.answer == nearest.answer and each.similarity >= thresholds.similarity]
    reasons: list[str] = []
    for each in able:
        reason = refusal(each)
        if reason is None:
            is_clear = margin >= thresholds.margin
            verdict = Verdict.HIT if is_clear else Verdict.NEAR_MISS
            return Decision(verdict, each, margin, "" if is_clear else "not clear enough")
        reasons.append(reason)
    return Decision(Verdict.REFUSED, nearest, margin, reasons[0])


def margin_of(neighbours: Sequence[Candidate], answer: str) -> float:
    """Return how much louder the neighbours with `answer` speak than all others, and the one that is not there; -1 where there are none."""
    own = [each.similarity for each in neighbours if each.answer == answer]
    others = [each.similarity for each in neighbours if each.answer != answer]
    return _voice(own) - _voice([*others, _NOT_THERE]) if own else -1.0


def alike(candidate: Candidate, neighbours: Sequence[Candidate]) -> list[Candidate]:
    """Return those of `neighbours` that hold the answer of `candidate`, too: what they differ in does not matter to it."""
    return [each for each in neighbours if each.answer == candidate.answer and each.id != candidate.id]


def _voice(similarities: Sequence[float]) -> float:
    loudest = max(similarities)
    return loudest + _T * math.log(sum(math.exp((each - loudest) / _T) for each in similarities))
