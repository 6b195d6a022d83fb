"""Under what a question was asked, from the look-up that missed to the answer that is to be kept.

LangChain looks up, asks the model and keeps the answer in one thread or task, but tells the cache nothing that ties the
two calls together. Where the tenant changed in between, the answer to one tenant would be kept where another reads
it; where a tag was cleared in between, an answer from before would survive. So a miss is remembered in the context, which each thread and task has of its own. What is remembered is never
changed, only replaced: a task begins with a copy of its parent's context, and must not see what its siblings ask.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from llmcache.model.namespace import Namespace
from llmcache.policy.clearing import NOTHING_READ, Marks


@dataclass(frozen=True, slots=True)
class Under:
    """Under what a question was asked.

    Attributes:
        namespace: None where no tenant was set.
        marks: Those that were read when it was looked up.
        asked: How often something had been dropped by then; None where nothing is asked for.
    """

    namespace: Namespace | None
    marks: Marks = field(default=NOTHING_READ)
    asked: int | None = None


_Missed = dict[int, tuple[Under, ...]]

_MOST_QUESTIONS = 2_000
_MOST_OF_ONE = 64

_missed: ContextVar[_Missed] = ContextVar("llmcache_langchain_missed")
_NOTHING: Final[_Missed] = {}


class Unknown:
    """Says that the context remembers no look-up of the question."""


UNKNOWN: Final = Unknown()


def remember(cache: int, prompt: str, llm_string: str, under: Under) -> None:
    """Remember that the question was not answered.

    Bounded: of more than 2,000 questions that were never answered the oldest are forgotten.

    Args:
        cache: The number of the cache that was asked; no two have the same.
    """
    missed = dict(_missed.get(_NOTHING))
    question = hash((cache, prompt, llm_string))
    missed[question] = (*missed.pop(question, ()), under)[-_MOST_OF_ONE:]
    if len(missed) > _MOST_QUESTIONS:
        del missed[next(iter(missed))]
    _missed.set(missed)


def recall(cache: int, prompt: str, llm_string: str) -> Under | Unknown:
    """Return under what the question was asked last in this context, and forget that one look-up."""
    before = _missed.get(_NOTHING)
    question = hash((cache, prompt, llm_string))
    asked = before.get(question)
    if asked is None:
        return UNKNOWN
    *earlier, last = asked
    missed = dict(before)
    del missed[question]
    if earlier:
        missed[question] = tuple(earlier)
    _missed.set(missed)
    return last
