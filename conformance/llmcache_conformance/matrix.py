"""The kill matrix: which cases catch which saboteurs. It is the test of the suite itself.

    python -m llmcache_conformance.matrix tests/conformance/kill_matrix.json

writes the matrix that is committed, with which the tests compare. Cases that race catch by chance what others catch for
certain, so their kills are left out of it, but for saboteurs that only they catch.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from llmcache.errors import LLMCacheError
from llmcache_conformance.case import Case, Need, uses
from llmcache_conformance.cases import CASES
from llmcache_conformance.colour import Colour, run_case
from llmcache_conformance.expect import Broken
from llmcache_conformance.saboteurs import SABOTEURS, Saboteur


def kill_matrix(saboteurs: Iterable[Saboteur], cases: Sequence[Case]) -> Mapping[str, frozenset[str]]:
    """Return the names of the cases that catch each saboteur, by its name.

    Only cases that cite a clause which the saboteur breaks are tried: one that is caught for another reason is
    not caught. An exception that is neither `Broken` nor of llmcache is a mistake of the suite, and passes.
    """
    return {saboteur.name: _killers(saboteur, cases) for saboteur in saboteurs}


def _killers(saboteur: Saboteur, cases: Sequence[Case]) -> frozenset[str]:
    tried = [case for case in cases if set(case.clauses) & set(saboteur.clauses)]
    can_run = [case for case in tried if saboteur.opens_same or Need.SECOND not in case.needs]
    return frozenset(case.name for case in can_run if _is_killed(saboteur, case))


def _is_killed(saboteur: Saboteur, case: Case) -> bool:
    # A fault of the blocking colour shows in it; the others are tried only for a fault that is not in it.
    colours = tuple(Colour) if saboteur.is_broken_awaited else (Colour.BLOCKING,)
    for colour in colours:
        try:
            run_case(case, saboteur.subject(), colour)
        except (Broken, LLMCacheError):
            return True
    return False


def is_racing(case: Case) -> bool:
    """True where what a case catches may depend on how threads and tasks interleave."""
    return uses(case.steps, "Together") or case.steps.__module__.endswith(".linear")


def certain(matrix: Mapping[str, frozenset[str]], cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return the kills that are the same in every run, sorted; a saboteur that only racing cases catch has "a race"."""
    racing = {case.name for case in cases if is_racing(case)}
    return {
        name: sorted(killers - racing) or ["a race" if killers else "nothing"]
        for name, killers in sorted(matrix.items())
    }


def as_text(matrix: Mapping[str, frozenset[str]], cases: Sequence[Case]) -> str:
    """Return the certain kills as the JSON document that is committed."""
    return json.dumps(certain(matrix, cases), indent=1) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_text(kill_matrix(SABOTEURS, CASES), CASES), "utf-8")
