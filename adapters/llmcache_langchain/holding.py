"""From what a user gives to an open cache: a URL, a file, an open cache, or nothing."""

import atexit
import os
from collections.abc import Hashable
from pathlib import Path

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.opening import open_settings
from llmcache.api.settling import settle
from llmcache.api.setup import Setup
from llmcache.config.resolving import check_namespace
from llmcache.config.settings import Settings
from llmcache.config.sources import VARIABLES
from llmcache.errors import UsageError
from llmcache.memory.forking import lock_across_forks
from llmcache.model.namespace import Namespace

Given = str | Path | Cache | AsyncCache | None
"""A store URL or the path of a llmcache.toml, as text or as a `Path`, an open cache of either colour, or None for the configured one."""


def setup_of(given: Cache | AsyncCache, namespace: Namespace | str | None) -> Setup:
    """Return the setup of an open cache; UsageError where a second namespace is named."""
    if namespace is not None:
        raise UsageError("namespace goes with a URL; an open cache has its own, given to llmcache.open(...)")
    return given.setup


def check_given(given: object) -> None:
    """Raise UsageError unless `given` is a URL, an open cache, or None."""
    if given is not None and not isinstance(given, str | Path | Cache | AsyncCache):
        raise UsageError(
            f"the store is a URL such as 'sqlite:', an open llmcache.Cache, or nothing; found {type(given).__name__}"
        )


class SharedCaches:
    """Caches opened for objects that live only for a turn, and so cannot own one.

    LangChain makes a chat history object per call. All that mean the same stores and settings share one open store, for
    the life of the process; `memory:` would forget everything between turns otherwise.
    """

    def __init__(self) -> None:
        self._lock = lock_across_forks()
        self._settled: dict[Hashable, Settings] = {}
        self._opened: dict[Settings, Cache] = {}

    def get(self, given: str | Path | None, namespace: Namespace | str | None) -> Cache:
        """Return the shared cache for a URL, a file or the configuration, opened now if it is the first to ask.

        A file is read once: a change of it holds for the next process.
        """
        settings = self._settings(given, namespace)
        opened = self._opened.get(settings)
        if opened is not None:
            return opened
        # Opened outside the lock: a fork waits for the lock, and opening makes locks, which wait for the fork.
        mine = open_settings(settings)
        with self._lock:
            opened = self._opened.setdefault(settings, mine)
        if opened is not mine:
            mine.close()
        return opened

    def _settings(self, given: str | Path | None, namespace: Namespace | str | None) -> Settings:
        check_namespace(namespace)
        asked = (given, namespace, *map(os.environ.get, VARIABLES), _folder())
        settled = self._settled.get(asked)
        if settled is None:
            settled = self._settled[asked] = settle(given, namespace=namespace)
        return settled

    def close(self) -> None:
        """Close all of them; the next to ask opens anew."""
        with self._lock:
            caches = list(self._opened.values())
            self._opened.clear()
            self._settled.clear()
        for cache in caches:
            cache.close()


def _folder() -> str:
    """Return the working folder, where the search for a file begins; "" where it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 -- asked for every turn of a conversation; a Path costs more than the rest
    except OSError:
        return ""


shared_caches = SharedCaches()
atexit.register(shared_caches.close)
