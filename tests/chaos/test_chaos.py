"""A few seconds of chaos on each kind of store, by a fixed seed; `make chaos` runs for minutes and draws one."""

import pytest

from tests.chaos.report import report
from tests.chaos.running import run
from tests.chaos.watching import growth

SEED = 5
SECONDS = 2.0


@pytest.mark.slow
@pytest.mark.parametrize("store", ["memory", "sqlite", "redis", "momento"])
def test_store_holds_out(store: str) -> None:
    """No wrong answer, no failed call, no message lost, doubled or out of order, and nothing over its deadline."""
    outcome = run(store, SEED, SECONDS)

    assert outcome.verdict.is_good, (
        f"python -m tests.chaos --store {store} --seed {SEED} --seconds {SECONDS:g}\n"
        + report(outcome.verdict, growth(outcome.samples))
    )
    assert outcome.verdict.faults
    assert outcome.verdict.counts["hits"] > 0
    assert outcome.verdict.counts["message kept"] > 0
