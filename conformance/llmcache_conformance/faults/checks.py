"""The cases of a failing wire as checks, in both colours."""

from functools import partial

from llmcache_conformance.case import Need
from llmcache_conformance.check import Check, family_of, said
from llmcache_conformance.colour import Colour, drive
from llmcache_conformance.faults.bench import at_fault_bench
from llmcache_conformance.faults.wire_faults import WIRE_FAULTS, FaultSteps
from llmcache_conformance.subject import Subject


def run_fault_case(steps: FaultSteps, subject: Subject, colour: Colour) -> None:
    """Open the store of `subject` through a proxy and run a case of faults in it."""
    with at_fault_bench(subject) as (bench, handle):
        drive(steps(bench), handle, colour)


FAULT_CHECKS = tuple(
    Check(
        f"{steps.__name__}-{colour.name.lower()}",
        said(steps),
        clauses,
        (Need.WIRE, Need.LOG) if any(clause.startswith("LOG") for clause in clauses) else (Need.WIRE,),
        family_of(steps),
        partial(run_fault_case, steps, colour=colour),
    )
    for steps, clauses in WIRE_FAULTS
    for colour in (Colour.BLOCKING, Colour.ASYNC)
)
