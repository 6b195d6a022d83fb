from llmcache_conformance.case import Case, Need
from llmcache_conformance.clauses import CLAUSES
from llmcache_conformance.clock import Clock
from llmcache_conformance.colour import Colour, run_case
from llmcache_conformance.expect import Broken
from llmcache_conformance.subject import Subject, Wire
from llmcache_conformance.suite import Run, conformance_cases, unmet_needs

__all__ = [
    "CLAUSES",
    "Broken",
    "Case",
    "Clock",
    "Colour",
    "Need",
    "Run",
    "Subject",
    "Wire",
    "conformance_cases",
    "run_case",
    "unmet_needs",
]
