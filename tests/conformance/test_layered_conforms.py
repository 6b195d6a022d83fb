"""A store under a layer that does nothing against every case, in every colour."""

import time

import pytest

from llmcache.drivers.layered import layered
from llmcache.drivers.worlds import Surroundings
from llmcache.memory import open_pair
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Need, Run, Subject, conformance_cases, unmet_needs


def passing(op: Op[Reply]) -> Steps[Reply]:
    """Pass every op on unchanged."""
    reply: Reply = yield from op
    return reply


def wrapped(max_bytes: int, clock: Clock) -> StorePair:
    """Open a memory store under the layer."""
    pair = open_pair(max_bytes=max_bytes, clock=clock)
    return layered(pair, passing, Surroundings(clock, time.monotonic, lambda told: None))


LAYERED = Subject(
    "layered memory", open=lambda clock: wrapped(1 << 24, clock), open_small=lambda clock: wrapped(1 << 16, clock)
)


# Left out: indexes are under a layer themselves, so every store that has one by its logs shows it.
@pytest.mark.parametrize("run", conformance_cases(without={Need.SECOND, Need.VECTORS}), ids=str)
def test_layered_store_conforms(run: Run) -> None:
    """A layered store keeps the clauses of the store that it wraps."""
    run.on(LAYERED)


def test_layered_store_lacks_what_the_wrapped_one_lacks() -> None:
    """Nothing but the cases of a second handle is left out."""
    unmet = unmet_needs(LAYERED)

    assert {Need.SECOND} == unmet
