"""LangChain's answer cache on any llmcache store."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Self

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.outputs import Generation

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.counters import Stats
from llmcache.api.decoded import Decoded
from llmcache.api.opening import open as open_cache
from llmcache.api.options import in_force
from llmcache.api.responses import AsyncResponseCache, Form, ResponseCache
from llmcache.api.setup import Setup, Tenant
from llmcache.errors import UsageError
from llmcache.flows.responses import Found
from llmcache.keys import langchain_key
from llmcache.memory.forking import lock_across_forks
from llmcache.model.entry import Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.model.options import check_tags
from llmcache.model.units import Seconds
from llmcache_langchain.generations import generations_to_plain
from llmcache_langchain.hits import ENTRY_TYPE, revive, served
from llmcache_langchain.holding import Given, check_given, setup_of
from llmcache_langchain.judging import provenance_of, refusal_of_generations

FORM = Form(ENTRY_TYPE, generations_to_plain, refusal_of_generations)

_short_key = lru_cache(maxsize=256)(langchain_key)
_LONGEST_REMEMBERED = 32_000


class LLMCache(BaseCache):
    """Keeps answers of models under what was asked; for `set_llm_cache` or a model's `cache=`.

    Both colours are native. A hit has a fresh message id, counts no tokens and carries
    `response_metadata["llmcache"]`. A store that fails is a miss and never fails or loses a model's answer: look at
    `stats()`. Answers that are empty, cut off, filtered or failed are not kept.

    Args:
        store: A store URL, an open cache (then it is yours to close), or None for $LLMCACHE_URL or the default.
        namespace: Keeps this application's entries apart; only with a URL or None.
        tenant: A context variable or function that tells the tenant; only with a URL or None. A call without a
            tenant is neither answered from the cache nor kept.
        ttl: Time to live of answers in seconds; only with a URL or None.
    """

    def __init__(
        self,
        store: Given = None,
        *,
        namespace: Namespace | str | None = None,
        tenant: Tenant | None = None,
        ttl: Seconds | None = None,
    ) -> None:
        check_given(store)
        if isinstance(store, Cache | AsyncCache):
            if tenant is not None or ttl is not None:
                raise UsageError("tenant and ttl go with a URL; an open cache has its own, given to llmcache.open(...)")
            setup = setup_of(store, namespace)
        else:
            setup = open_cache(store, namespace=namespace, tenant=tenant, ttl=ttl).setup
        self._setup: Setup = replace(setup, decoded=Decoded(revive))
        self._blocking = ResponseCache(self._setup)
        self._awaiting = AsyncResponseCache(self._setup)
        self._asked = Asked()
        self._has_warned = False

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Return the kept answers to a prompt as a list of the caller's own, or None."""
        key = self._key(prompt, llm_string)
        return None if key is None else self._served(key, self._blocking.find(key))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep the answers to a prompt if they are worth it; never raises for the store's sake."""
        key = self._key(prompt, llm_string)
        if key is not None:
            answers = list(return_val)
            self._blocking.offer(key, answers, FORM, provenance=self._provenance(key, answers))

    def clear(self, **kwargs: Any) -> None:
        """Drop the answers of this cache's namespace, and nothing else.

        Args:
            kwargs: `tags`, names of which a dropped answer carries one; without it all are dropped.

        Raises:
            UsageError: Another argument, which must not end in dropping everything.
            StoreError: It could not be done.
        """
        tags = _tags_of(kwargs)
        if tags:
            Cache(self._setup).clear(tags=tags)
        else:
            self._blocking.clear()

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """As `lookup`."""
        key = self._key(prompt, llm_string)
        return None if key is None else self._served(key, await self._awaiting.find(key))

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """As `update`."""
        key = self._key(prompt, llm_string)
        if key is not None:
            answers = list(return_val)
            await self._awaiting.offer(key, answers, FORM, provenance=self._provenance(key, answers))

    async def aclear(self, **kwargs: Any) -> None:
        """As `clear`."""
        tags = _tags_of(kwargs)
        if tags:
            await AsyncCache(self._setup).clear(tags=tags)
        else:
            await self._awaiting.clear()

    def stats(self) -> Stats:
        """Return what was counted since the cache was opened."""
        return self._setup.counters.stats()

    def close(self) -> None:
        """Close the open cache underneath; a second call does nothing."""
        Cache(self._setup).close()

    async def aclose(self) -> None:
        """As `close`."""
        await AsyncCache(self._setup).close()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return the cache itself: a model that is copied keeps its cache."""
        return self

    def __repr__(self) -> str:
        return f"<LLMCache in {Cache(self._setup)!r}>"

    def _key(self, prompt: str, llm_string: str) -> Key | None:
        try:
            namespace = self._setup.namespace_for(in_force())
        except UsageError as error:
            self._setup.tell(Event(Happening.BYPASSED, detail=type(error).__name__))
            self._warn_once(error)
            return None
        if len(prompt) + len(llm_string) > _LONGEST_REMEMBERED:
            return langchain_key(prompt, llm_string, namespace)
        return _short_key(prompt, llm_string, namespace)

    def _warn_once(self, error: UsageError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logging.getLogger("llmcache").warning("calls go past the cache: %s", error)

    def _served(self, key: Key, found: Found | None) -> list[Generation] | None:
        if found is None:
            self._asked.begin(key, self._setup.monotonic())
            return None
        return served(found.entry)

    def _provenance(self, key: Key, generations: Sequence[Generation]) -> Provenance:
        return provenance_of(generations, self._asked.end(key, self._setup.monotonic()))


def _tags_of(given: dict[str, Any]) -> tuple[str, ...]:
    for name in given.keys() - {"tags"}:
        raise UsageError(f"clear() takes tags, found {name!r}")
    return check_tags(given.get("tags", ()))


class Asked:
    """When which key was missed last, to know how long its answer took. Bounded; what is not known is None."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = lock_across_forks()
        self._since: dict[Key, float] = {}

    def begin(self, key: Key, now: float) -> None:
        """Remember that `key` was missed at `now`, on a monotonic clock."""
        with self._lock:
            self._since[key] = now
            if len(self._since) > self._most:
                del self._since[next(iter(self._since))]

    def end(self, key: Key, now: float) -> Seconds | None:
        """Return how long ago `key` was missed, and forget it."""
        with self._lock:
            since = self._since.pop(key, None)
        return None if since is None else now - since
