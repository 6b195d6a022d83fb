"""The SQLite store against the oracle, closing and opening included."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from llmcache_conformance import Subject
from llmcache_conformance.machine import machine_for
from llmcache_sqlite import open_pair

# A step is some transactions and a read of every key; the disk decides how long that takes.
SHORT = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.slow
def test_sqlite_answers_as_the_oracle(tmp_path: Path) -> None:
    """Whatever program is run, the SQLite store answers as a dict and a list do, opened again in the middle, too."""
    subject = Subject("sqlite", open=lambda clock: open_pair(tmp_path, max_bytes=1 << 26, clock=clock), opens_same=True)

    run_state_machine_as_test(machine_for(subject), settings=SHORT)
