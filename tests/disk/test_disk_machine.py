"""The store on diskcache against the oracle: whatever program is run, it answers as a dict and a list do."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from llmcache_conformance import Subject
from llmcache_conformance.machine import machine_for
from llmcache_disk import open_pair

SHORT = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.slow
def test_disk_answers_as_the_oracle(tmp_path: Path) -> None:
    """The store, in both colours, opened again in the middle, on a clock that is set."""
    subject = Subject("disk", open=lambda clock: open_pair(tmp_path, clock=clock), opens_same=True)

    run_state_machine_as_test(machine_for(subject), settings=SHORT)
