"""Tests that share something dear are run by one process."""

import pytest


@pytest.mark.xdist_group("together")
def test_groups_stay_together(request: pytest.FixtureRequest) -> None:
    """What a group shares is made once; a pytest that pytest-xdist does not know loses groups without a word."""
    is_dealt_out = bool(getattr(request.config.option, "loadgroup", False))

    assert is_dealt_out == request.node.nodeid.endswith("@together")
