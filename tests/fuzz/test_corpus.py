"""What fuzzing found once is found again, without a fuzzer: every kept input of every target keeps its promise."""

import pytest

from tests.fuzz import corpora


@pytest.mark.parametrize("name", corpora.names())
def test_kept_inputs_keep_the_promise(name: str) -> None:
    """Seeds and corpus of a target raise nothing but what it expects."""
    target = corpora.target(name)

    for data in (*target.SEEDS, *corpora.kept(name), b""):
        target.check(data)


def test_every_target_has_a_corpus() -> None:
    """A target that was never run would be a promise that nobody tried."""
    assert [] == [name for name in corpora.names() if not corpora.kept(name)]
