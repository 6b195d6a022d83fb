"""Stores behind a near tier against every case of entries: one process is never answered wrongly.

Other handles are not among it: what they change is seen within the near time to live, and `tests/api/test_near.py` shows that.
"""

import time
from pathlib import Path

import pytest

from llmcache.drivers.tiered import tiered
from llmcache.drivers.worlds import Surroundings
from llmcache.memory import open_pair as open_memory
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Colour, Need, Run, Subject, conformance_cases
from llmcache_sqlite import open_pair as open_sqlite

SMALL = 1 << 16


def near(pair: StorePair, clock: Clock, max_bytes: int = 1 << 22) -> StorePair:
    """Put a near tier before a store; its time to live is short, so that entries still have their own."""
    around = Surroundings(clock, time.monotonic, lambda told: None)
    return tiered(pair, around, max_bytes=max_bytes, ttl=0.25, clock=clock)


MEMORY = Subject(
    "near memory",
    open=lambda clock: near(open_memory(max_bytes=1 << 24, clock=clock), clock),
    open_small=lambda clock: near(open_memory(max_bytes=SMALL, clock=clock), clock, SMALL),
)
RUNS = [
    run
    for run in conformance_cases(without={Need.SECOND, Need.SCAN, Need.VECTORS})
    if run.colour in {Colour.BLOCKING, Colour.ASYNC_WRITES} and any(one.startswith("KV") for one in run.case.clauses)
]
AWAITED = [
    run for run in RUNS if run.colour is Colour.ASYNC_WRITES and not {Need.SMALL, Need.BODY_LIMIT} & set(run.case.needs)
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_memory_behind_a_near_tier_conforms(run: Run) -> None:
    """Copies never show what the store behind would not."""
    run.on(MEMORY)


@pytest.mark.slow
@pytest.mark.parametrize("run", AWAITED, ids=str)
def test_sqlite_behind_a_near_tier_conforms(run: Run, tmp_path: Path) -> None:
    """Nor where the store takes its time, and is awaited in threads."""
    run.on(Subject("near sqlite", open=lambda clock: near(open_sqlite(tmp_path, clock=clock), clock)))
