"""The course of the demonstration of the semantic cache: one process asks, another asks in other words."""

from collections.abc import Callable
from dataclasses import dataclass, field

from llmcache.model.units import Plain
from llmcache_langchain.demo.meanings import KEPT, OTHER, SAME
from llmcache_langchain.demo.story import Chosen, steps

NAMESPACE = "llmcache-demo-semantic"
_PROGRAM = "llmcache_langchain.demo.meaning_part"


@dataclass(slots=True)
class Outcome:
    """What happened: the objects that `meaning_part` prints.

    Attributes:
        kept: For the questions that were asked first.
        same: For those that mean the same as one of them.
        other: For those that mean something else.
    """

    kept: list[dict[str, Plain]] = field(default_factory=list)
    same: list[dict[str, Plain]] = field(default_factory=list)
    other: list[dict[str, Plain]] = field(default_factory=list)


def run(chosen: Chosen, store: str, progress: Callable[[str], None]) -> Outcome:
    """Run both processes and return what they did; `progress` is told what happens next.

    Raises:
        PartFailed: The model or the store failed.
    """
    outcome = Outcome()
    courses = ((KEPT, ()), ((*SAME, *OTHER), KEPT))
    for number, (questions, kept) in enumerate(courses, start=1):
        progress(f"process {number}: starting Python, importing LangChain and loading the embedding model")
        task = {"questions": questions, "kept": kept, "store": store, "namespace": NAMESPACE, "model": chosen.name}
        for step in steps(_PROGRAM, task, chosen):
            question = step["question"]
            where = outcome.kept if number == 1 else outcome.same if question in SAME else outcome.other
            where.append(step)
            progress(f"process {number}: {question} ({step['seconds']:.3f} s)")
    return outcome
