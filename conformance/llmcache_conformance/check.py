"""A check: anything the suite does to a store that ends well or badly, under a name by which it can be chosen or waived."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from llmcache_conformance.case import Case, Need
from llmcache_conformance.colour import Colour, run_case
from llmcache_conformance.subject import Subject

Function = Callable[[Subject], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Args:
        name: Unique in the suite.
        says: What it shows, in a sentence.
        clauses: The numbers of the clauses it shows.
        needs: What it cannot do without.
        family: The group it stands in.
        run: Does it; raises `Broken` where a clause does not hold, and `NotRun` where the machine lacks something.
    """

    name: str
    says: str
    clauses: tuple[str, ...]
    needs: tuple[Need, ...]
    family: str
    run: Function

    @property
    def profile(self) -> str:
        """What it belongs to: what a store must do, or one of the things that it may declare."""
        if Need.VECTORS in self.needs:
            return "vector"
        if Need.NEWS in self.needs:
            return "news"
        if Need.SCAN in self.needs:
            return "scan"
        return "log" if Need.LOG in self.needs else "key-value"


def check_of_case(case: Case, colour: Colour) -> Check:
    """Return the check that runs `case` in one colour."""
    return Check(
        f"{case.name}-{colour.name.lower()}",
        said(case.steps),
        case.clauses,
        case.needs,
        family_of(case.steps),
        partial(run_case, case, colour=colour),
    )


def check_of(function: Function, clauses: tuple[str, ...], needs: tuple[Need, ...] = ()) -> Check:
    """Return the check that a function is; it has the function's name and says its docstring."""
    return Check(function.__name__, said(function), clauses, needs, family_of(function), function)


def said(function: Callable[..., object]) -> str:
    """Return the first paragraph of the docstring, in one line."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def family_of(function: Callable[..., object]) -> str:
    """Return the name of the module, in words."""
    return function.__module__.rpartition(".")[2].replace("_", " ")
