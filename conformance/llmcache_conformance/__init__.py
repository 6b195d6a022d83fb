"""The contract of a store as numbered clauses, and the suite that checks it.

Names are loaded when they are first used: pytest loads the plugin of this package in every run, and should not pay for
a suite that nobody asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_conformance.addressed import subject_for
    from llmcache_conformance.case import Case, Need
    from llmcache_conformance.clauses import CLAUSES
    from llmcache_conformance.clock import Clock
    from llmcache_conformance.colour import Colour, run_case
    from llmcache_conformance.conformance import Conformance
    from llmcache_conformance.expect import Broken
    from llmcache_conformance.report import Report, make_report
    from llmcache_conformance.result import NotRun, Result, Status
    from llmcache_conformance.runner import Choice, Running
    from llmcache_conformance.subject import Server, Subject, Wire
    from llmcache_conformance.suite import Run, conformance_cases, unmet_needs

_HOMES = {
    "CLAUSES": "clauses",
    "Broken": "expect",
    "Case": "case",
    "Choice": "runner",
    "Clock": "clock",
    "Colour": "colour",
    "Conformance": "conformance",
    "Need": "case",
    "NotRun": "result",
    "Report": "report",
    "Result": "result",
    "Run": "suite",
    "Running": "runner",
    "Server": "subject",
    "Status": "result",
    "Subject": "subject",
    "Wire": "subject",
    "conformance_cases": "suite",
    "make_report": "report",
    "run_case": "colour",
    "subject_for": "addressed",
    "unmet_needs": "suite",
}

__all__ = [
    "CLAUSES",
    "Broken",
    "Case",
    "Choice",
    "Clock",
    "Colour",
    "Conformance",
    "Need",
    "NotRun",
    "Report",
    "Result",
    "Run",
    "Running",
    "Server",
    "Status",
    "Subject",
    "Wire",
    "conformance_cases",
    "make_report",
    "run_case",
    "subject_for",
    "unmet_needs",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
