"""Trying thresholds on questions of which the answers are known, without a store: what `llmcache tune` and the evaluation learn from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from llmcache.policy.guard import refusal
from llmcache.policy.similarity import NEIGHBOURS, Candidate, alike
from llmcache.policy.tuning import Outcome, outcome_of

if TYPE_CHECKING:
    from llmcache.codec.floats import Array

_AT_ONCE: Final = 512
Refuse = Callable[[str, str, Sequence[str]], str | None]
"""As `policy.guard.refusal`."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Questions with known answers.

    Attributes:
        questions: All different, for one that is asked again word by word never gets as far as meaning.
        answers: A label for each, equal where one answer serves both.
        vectors: A row of unit length for each, shape (n, d).
    """

    questions: Sequence[str]
    answers: Sequence[str]
    vectors: "Array" = field(repr=False)


def try_all(asked: Corpus, kept: Corpus | None = None, refuse: Refuse = refusal) -> list[Outcome]:
    """Return what each question of `asked` meets in a cache that holds `kept`, or all the others of its own where that is None."""
    held = asked if kept is None else kept
    found = _nearest(asked, held, but_itself=kept is None)
    outcomes: list[Outcome] = []
    for text, answer, candidates in zip(asked.questions, asked.answers, found, strict=True):
        outcomes.append(outcome_of(candidates, answer, refusing(refuse, text, candidates, held.questions)))
    return outcomes


def refusing(
    refuse: Refuse, text: str, candidates: Sequence[Candidate], kept: Sequence[str]
) -> Callable[[Candidate], str | None]:
    """Return what says why the answer of one of `candidates`, whose ids are places in `kept`, must not be given to `text`."""

    def refused(each: Candidate) -> str | None:
        return refuse(text, kept[int(each.id)], [kept[int(other.id)] for other in alike(each, candidates)])

    return refused


def _nearest(asked: Corpus, held: Corpus, *, but_itself: bool) -> Iterator[list[Candidate]]:
    for start in range(0, len(asked.questions), _AT_ONCE):
        scores = asked.vectors[start : start + _AT_ONCE] @ held.vectors.T
        for place, row in enumerate(scores):
            if but_itself:
                row[start + place] = -2.0
            best = row.argpartition(-NEIGHBOURS)[-NEIGHBOURS:] if len(row) > NEIGHBOURS else range(len(row))
            yield [Candidate(str(each), float(row[each]), held.answers[each]) for each in best if row[each] >= -1.0]
