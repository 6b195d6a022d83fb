"""From what a user gives to an open cache: a URL, an open cache, or nothing."""

import atexit

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.opening import open as open_cache
from llmcache.api.setup import Setup
from llmcache.config.sources import namespace as find_namespace
from llmcache.config.sources import store_url
from llmcache.errors import UsageError
from llmcache.memory.forking import lock_across_forks
from llmcache.model.namespace import Namespace

Given = str | Cache | AsyncCache | None
"""A store URL, an open cache of either colour, or None for the configured one."""


def setup_of(given: Cache | AsyncCache, namespace: Namespace | str | None) -> Setup:
    """Return the setup of an open cache; UsageError where a second namespace is named."""
    if namespace is not None:
        raise UsageError("namespace goes with a URL; an open cache has its own, given to llmcache.open(...)")
    return given.setup


def check_given(given: object) -> None:
    """Raise UsageError unless `given` is a URL, an open cache, or None."""
    if given is not None and not isinstance(given, str | Cache | AsyncCache):
        raise UsageError(
            f"the store is a URL such as 'sqlite:', an open llmcache.Cache, or nothing; found {type(given).__name__}"
        )


class SharedCaches:
    """Caches opened by URL for objects that live only for a turn, and so cannot own one.

    LangChain makes a chat history object per call. All that name the same URL and namespace share one open store, for
    the life of the process; `memory:` would forget everything between turns otherwise.
    """

    def __init__(self) -> None:
        self._lock = lock_across_forks()
        self._opened: dict[tuple[str, Namespace], Cache] = {}

    def get(self, url: str | None, namespace: Namespace | str | None) -> Cache:
        """Return the shared cache for a URL, opened now if it is the first to ask."""
        asked = (store_url(url), find_namespace(namespace))
        opened = self._opened.get(asked)
        if opened is not None:
            return opened
        # Opened outside the lock: a fork waits for the lock, and opening makes locks, which wait for the fork.
        mine = open_cache(asked[0], namespace=asked[1])
        with self._lock:
            opened = self._opened.setdefault(asked, mine)
        if opened is not mine:
            mine.close()
        return opened

    def close(self) -> None:
        """Close all of them; the next to ask opens anew."""
        with self._lock:
            caches = list(self._opened.values())
            self._opened.clear()
        for cache in caches:
            cache.close()


shared_caches = SharedCaches()
atexit.register(shared_caches.close)
