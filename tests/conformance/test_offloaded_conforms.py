"""A blocking store that is awaited through threads against every case that awaits it."""

import pytest

from llmcache.drivers.offload import Offloaded
from llmcache.memory import MemoryStore
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Colour, Need, Run, Subject, conformance_cases


def offloaded(max_bytes: int, clock: Clock) -> StorePair:
    """Open a memory store whose async colour runs in threads."""
    blocking = MemoryStore(max_bytes=max_bytes, clock=clock)
    return StorePair(blocking, Offloaded(blocking, threads=4))


OFFLOADED = Subject(
    "offloaded memory",
    open=lambda clock: offloaded(1 << 24, clock),
    open_small=lambda clock: offloaded(1 << 16, clock),
)
RUNS = [run for run in conformance_cases(without={Need.SECOND}) if run.colour is not Colour.BLOCKING]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_offloaded_store_conforms(run: Run) -> None:
    """A store that only blocks keeps the clause when it is awaited, cancelled calls included."""
    run.on(OFFLOADED)
