"""The door for test files: every case in every colour, as values to parametrize a test with.

    SUBJECT = Subject("mydb", open=lambda clock: mydb.open_pair("localhost", clock=clock))

    @pytest.mark.parametrize("run", conformance_cases(without={Need.SMALL}), ids=str)
    def test_mydb_conforms(run: Run) -> None:
        run.on(SUBJECT)

    def test_nothing_else_is_left_out() -> None:
        assert {Need.SMALL} == unmet_needs(SUBJECT)

What is left out is said in the test file and checked, never decided in silence.
"""

from collections.abc import Collection
from dataclasses import dataclass

from llmcache_conformance.bench import opened
from llmcache_conformance.case import Case, Need, is_met
from llmcache_conformance.cases import CASES
from llmcache_conformance.colour import Colour, run_case
from llmcache_conformance.subject import Subject


@dataclass(frozen=True, slots=True)
class Run:
    """One case in one colour; as text, a test's id."""

    case: Case
    colour: Colour

    def on(self, subject: Subject) -> None:
        """Open the store of `subject` and run the case in it; raises `Broken` where a clause does not hold."""
        run_case(self.case, subject, self.colour)

    def __str__(self) -> str:
        return f"{self.case.name}-{self.colour.name.lower()}"


def conformance_cases(*, without: Collection[Need] = ()) -> list[Run]:
    """Return every case in every colour, but for cases that need one of `without`."""
    return [Run(case, colour) for case in CASES if not set(case.needs) & set(without) for colour in Colour]


def unmet_needs(subject: Subject) -> set[Need]:
    """Return what `subject` lacks of what cases need; the store is opened to read its capabilities."""
    clock = subject.clock()
    needed = {need for case in CASES for need in case.needs}
    with opened(subject.open(clock), clock) as handle:
        return {need for need in needed if not is_met(need, subject, handle.capabilities)}
