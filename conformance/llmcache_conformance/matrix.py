"""The kill matrix: which cases catch which saboteurs. It is the test of the suite itself."""

from collections.abc import Iterable, Mapping, Sequence

from llmcache.errors import LLMCacheError
from llmcache.memory import AsyncMemoryStore
from llmcache_conformance.case import Case, Need
from llmcache_conformance.colour import Colour, run_case
from llmcache_conformance.expect import Broken
from llmcache_conformance.saboteurs import Saboteur


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
    colours = (Colour.BLOCKING,) if saboteur.awaiting is AsyncMemoryStore else tuple(Colour)
    for colour in colours:
        try:
            run_case(case, saboteur.subject(), colour)
        except (Broken, LLMCacheError):
            return True
    return False
