"""Caches that objects of one turn share."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache.api.opening import open_settings
from llmcache.config.settings import Settings
from llmcache.errors import ClosedError, ConfigError, UsageError
from llmcache_langchain import ChatMessageHistory, LLMCache, holding


def test_all_who_ask_at_once_get_the_same_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lost the race is closed again."""
    meeting, opened = threading.Barrier(4), list[llmcache.Cache]()

    def open_together(settings: Settings) -> llmcache.Cache:
        cache = open_settings(settings)
        opened.append(cache)
        meeting.wait(timeout=30)
        return cache

    monkeypatch.setattr(holding, "open_settings", open_together)
    shared = holding.SharedCaches()
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: shared.get("memory:", None), range(4)))
    (winner,) = found
    winner.history("s").append(["x"])

    assert winner in opened
    for loser in opened:
        if loser is not winner:
            with pytest.raises(ClosedError):
                loser.history("s").length()
    assert shared.get("memory:", None) is winner
    shared.close()


@pytest.mark.parametrize("make", [LLMCache, lambda store: ChatMessageHistory("s", store)])
def test_a_path_of_a_folder_is_told_what_it_becomes_as_a_url(make: Callable[[Any], object]) -> None:
    """It is the mistake people make."""
    with pytest.raises(ConfigError, match="for a folder write sqlite:/tmp"):
        make(Path("/tmp"))


@pytest.mark.parametrize("wrong", [5, b"memory:"])
def test_what_is_no_store_is_refused(wrong: Any) -> None:
    """Whatever else it is."""
    for make in (LLMCache, lambda store: ChatMessageHistory("s", store)):
        with pytest.raises(UsageError, match=f"found {type(wrong).__name__}"):
            make(wrong)
