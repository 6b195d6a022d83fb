"""The plan: every check of the suite, in the order it is run."""

from llmcache_conformance.cases import CASES
from llmcache_conformance.check import Check, check_of_case
from llmcache_conformance.colour import Colour
from llmcache_conformance.faults.checks import FAULT_CHECKS
from llmcache_conformance.missing import Probe
from llmcache_conformance.outside.killed import KILLED
from llmcache_conformance.outside.leaks import LEAKS
from llmcache_conformance.outside.points import POINT_WRITERS
from llmcache_conformance.outside.programs import PROGRAMS


def all_checks() -> list[Check]:
    """Return every check of the suite: the cases in each colour, and those that look at a store from outside."""
    cases = (check_of_case(case, colour) for case in CASES for colour in Colour)
    # What is said of vectors is always looked at: where a store has none, its logs may have stood in for them.
    return [*cases, *PROGRAMS, *FAULT_CHECKS, *LEAKS, *KILLED, *POINT_WRITERS, Probe.VECTORS.value]
