"""Several processes write to one collection at once, while it is made anew again and again: nothing is lost, nothing comes back."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import llmcache
from tests.api.shelving import DELETED, DOCUMENTS
from tests.stores import Clock

ROOT = Path(__file__).parents[2]
PROCESSES, ROUNDS = 3, 18
"""More than two thousand points for a hundred documents: the index is made anew at least once."""


@pytest.mark.slow
@pytest.mark.stores(needs="shared", few=True)
def test_every_document_is_there_as_it_was_put_last(url: str, clock: Clock) -> None:
    """And those that were deleted are not."""
    not_covered = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    commands = [[sys.executable, "-m", "tests.api.shelving", url, str(one), str(ROUNDS)] for one in range(PROCESSES)]
    running = [subprocess.Popen(command, cwd=ROOT, env=not_covered) for command in commands]

    assert [0] * PROCESSES == [one.wait(120) for one in running]

    with llmcache.open(url, namespace="shop", clock=clock) as cache:
        found = cache.vectors("docs").search([1.0, 0.5], DOCUMENTS * PROCESSES)
    expected = {f"{one}-{two}" for one in range(PROCESSES) for two in range(DOCUMENTS) if two % DELETED}
    assert expected == {match.document.id for match in found}
    assert {ROUNDS - 1} == {match.document.metadata["turn"] for match in found}
