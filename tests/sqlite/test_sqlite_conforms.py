"""The SQLite store against every case of the contract, in every colour."""

from pathlib import Path

import pytest

from llmcache.protocols.whole import StorePair
from llmcache_conformance import Need, Run, Subject, conformance_cases, unmet_needs
from llmcache_conformance.clock import Clock
from llmcache_sqlite import open_pair


@pytest.fixture
def sqlite(tmp_path: Path) -> Subject:
    """The store in a folder of its own, with a bound of 64 MiB and with the smallest."""
    small = tmp_path / "small"

    def open_small(clock: Clock) -> StorePair:
        return open_pair(small, max_bytes=2**20, clock=clock)

    return Subject(
        "sqlite",
        open=lambda clock: open_pair(tmp_path / "large", max_bytes=2**26, clock=clock),
        open_small=open_small,
        opens_same=True,
    )


@pytest.mark.parametrize("run", conformance_cases(without={Need.NEWS}), ids=str)
def test_sqlite_conforms(run: Run, sqlite: Subject) -> None:
    """The SQLite store keeps the clauses that the case shows."""
    run.on(sqlite)


def test_sqlite_lacks_nothing_a_case_needs(sqlite: Subject) -> None:
    """No case is left out but those of news, which it does not tell."""
    assert {Need.NEWS} == unmet_needs(sqlite)
