"""A store that is written behind against every case, in every colour: who uses one handle cannot tell."""

import pytest

from llmcache.drivers.layered import layered
from llmcache.drivers.worlds import Surroundings
from llmcache.drivers.writing_behind import WritingBehind
from llmcache.memory import open_pair
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Need, Run, Subject, conformance_cases


def wrapped(clock: Clock) -> StorePair:
    """Open a memory store that is written behind."""
    pair, around = open_pair(clock=clock), Surroundings(clock, clock, lambda told: None)
    assert pair.blocking is not None
    behind = WritingBehind(pair.blocking, around, 1 << 24)
    return layered(pair, behind, around, closing=behind.closing, capabilities=behind.declared)


BEHIND = Subject("memory, written behind", open=wrapped)

# Left out: a put that the store has no room for is told to the listener and not to the caller; and where a case turns the clock
# while the thread writes, the time to live that was left before would count from after. `tests/memory/test_backlog.py` has the times.
# Vectors need logs alone, and those are not written behind.
RUNS = [
    run
    for run in conformance_cases(without={Need.SECOND, Need.SMALL, Need.CLOCK, Need.VECTORS})
    if not run.case.name.endswith("_as_time_goes_by")
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_store_that_is_written_behind_conforms(run: Run) -> None:
    """Reads see what waits, and nothing that is deleted, cleared or conditional is overtaken."""
    run.on(BEHIND)
