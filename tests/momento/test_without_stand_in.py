"""An installation without the stand-in, which is a distribution of its own."""

import sys

import pytest

import llmcache
from llmcache.errors import PluginError


def test_a_store_that_would_start_one_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is told where a stand-in runs does not need it."""
    for name in ("llmcache_momento.local", "llmcache_momento.local.of_process"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(PluginError, match=r"pip install \./stand-in"):
        llmcache.open("momento-local:")
    llmcache.open("momento-local://127.0.0.1:9/shop").close()
