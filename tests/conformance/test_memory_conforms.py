"""The memory store against every case, in every colour."""

import pytest

from llmcache.memory import open_pair
from llmcache_conformance import Need, Run, Subject, conformance_cases, unmet_needs

MEMORY = Subject(
    "memory",
    open=lambda clock: open_pair(max_bytes=1 << 24, clock=clock),
    open_small=lambda clock: open_pair(max_bytes=1 << 16, clock=clock),
)


@pytest.mark.parametrize("run", conformance_cases(without={Need.SECOND}), ids=str)
def test_memory_conforms(run: Run) -> None:
    """The memory store keeps the clauses that the case shows."""
    run.on(MEMORY)


def test_memory_lacks_only_a_second_handle() -> None:
    """Nothing but the cases of a second handle is left out: each memory store is alone."""
    unmet = unmet_needs(MEMORY)

    assert {Need.SECOND} == unmet
