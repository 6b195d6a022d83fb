"""Answers of LangChain's models in any llmcache store: what `LLMCache` does."""

import itertools
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from langchain_core.outputs import Generation

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.decoded import Decoded
from llmcache.api.opening import open as open_cache
from llmcache.api.options import in_force
from llmcache.api.responses import AsyncResponseCache, Form, ResponseCache
from llmcache.api.setup import Setup, Tenant
from llmcache.errors import ClosedError, UsageError
from llmcache.flows.looking import Found, Missed
from llmcache.keys import langchain_key, langchain_model
from llmcache.memory.forking import lock_across_forks
from llmcache.model.entry import Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.model.options import check_models, check_tags
from llmcache.model.units import Seconds
from llmcache.policy.clearing import Marks
from llmcache_langchain.asking import call_here
from llmcache_langchain.binding import Under, Unknown, recall, remember
from llmcache_langchain.generations import generations_to_plain
from llmcache_langchain.hits import ENTRY_TYPE, revive, served
from llmcache_langchain.holding import Given, check_given, setup_of
from llmcache_langchain.judging import provenance_of, refusal_of_generations

FORM = Form(ENTRY_TYPE, generations_to_plain, refusal_of_generations)

_short_key = lru_cache(maxsize=256)(langchain_key)
_LONGEST_REMEMBERED = 32_000


_numbers: Final = itertools.count()
"""Of caches in this process. What a context remembers outlives a cache, and its place in memory may be another's then."""


class AnswerCache:
    """Keeps answers under what was asked; see `LLMCache`, which has the same methods and says what they promise.

    Attributes:
        setup: The open cache underneath.
    """

    def __init__(
        self, store: Given, *, namespace: Namespace | str | None, tenant: Tenant | None, ttl: Seconds | None
    ) -> None:
        check_given(store)
        if isinstance(store, Cache | AsyncCache):
            if tenant is not None or ttl is not None:
                raise UsageError("tenant and ttl go with a URL; an open cache has its own, given to llmcache.open(...)")
            setup = setup_of(store, namespace)
        else:
            setup = open_cache(store, namespace=namespace, tenant=tenant, ttl=ttl).setup
        self.setup: Setup = replace(setup, decoded=Decoded(setup.envelopes, revive))
        self._named = setup.envelopes.named
        self._blocking = ResponseCache(self.setup)
        self._awaiting = AsyncResponseCache(self.setup)
        self._asked = Asked()
        self._number = next(_numbers)
        self._has_warned = False

    def cache(self) -> Cache:
        """Return the open cache underneath, blocking."""
        return Cache(self.setup)

    def async_cache(self) -> AsyncCache:
        """Return the open cache underneath, awaited."""
        return AsyncCache(self.setup)

    def lookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """Return the kept answers to a prompt as a list of the caller's own, or None."""
        key = self._key(prompt, llm_string)
        if key is None:
            remember(self._number, prompt, llm_string, Under(None))
            return None
        seen = self.setup.flights.landed
        try:
            looked = self._blocking.look(key, self._model(llm_string))
            found = looked if isinstance(looked, Found) else self._near(key, prompt, llm_string, looked)
            if found is None or found.is_due:
                found = self._blocking.share(key, seen, call_here(), found, marks=looked.marks)
        except ClosedError as error:
            self._closed(key, error)
            return None
        if found is not None:
            return served(found)
        self._missed(key, prompt, llm_string, looked.marks)
        return None

    def update(self, prompt: str, llm_string: str, given: Sequence[Generation]) -> None:
        """Keep the answers to a prompt if they are worth it; never raises for the store's sake.

        They are not kept where tenant or namespace have changed since the prompt was looked up in this thread or task.
        """
        key, marks, asked = self._to_keep(prompt, llm_string)
        if key is not None:
            answers = list(given)
            provenance, model = self._provenance(key, answers), self._model(llm_string)
            offered = self._blocking.offer(
                key, answers, FORM, provenance=provenance, model=model, marks=marks, asked=asked
            )
            if offered:
                self._learn(key, prompt, llm_string, answers)

    def clear(self, given: dict[str, Any]) -> None:
        """Drop the answers of the namespace, or those of the tags and models in `given`, and nothing else."""
        which = _which(given)
        if any(which.values()):
            self.cache().clear(**which)
        else:
            self._blocking.clear()

    def delete(self, model: Any, asked: Any) -> None:
        """Drop the answer that `model` would get to `asked`."""
        self._blocking.delete(self._key_of(model, asked))

    async def alookup(self, prompt: str, llm_string: str) -> list[Generation] | None:
        """As `lookup`."""
        key = self._key(prompt, llm_string)
        if key is None:
            remember(self._number, prompt, llm_string, Under(None))
            return None
        seen = self.setup.flights.landed
        try:
            looked = await self._awaiting.look(key, self._model(llm_string))
            found = looked if isinstance(looked, Found) else await self._anear(key, prompt, llm_string, looked)
            if found is None or found.is_due:
                found = await self._awaiting.share(key, seen, call_here(), found, marks=looked.marks)
        except ClosedError as error:
            self._closed(key, error)
            return None
        if found is not None:
            return served(found)
        self._missed(key, prompt, llm_string, looked.marks)
        return None

    async def aupdate(self, prompt: str, llm_string: str, given: Sequence[Generation]) -> None:
        """As `update`."""
        key, marks, asked = self._to_keep(prompt, llm_string)
        if key is not None:
            answers = list(given)
            provenance, model = self._provenance(key, answers), self._model(llm_string)
            offered = await self._awaiting.offer(
                key, answers, FORM, provenance=provenance, model=model, marks=marks, asked=asked
            )
            if offered:
                await self._alearn(key, prompt, llm_string, answers)

    async def aclear(self, given: dict[str, Any]) -> None:
        """As `clear`."""
        which = _which(given)
        if any(which.values()):
            await self.async_cache().clear(**which)
        else:
            await self._awaiting.clear()

    async def adelete(self, model: Any, asked: Any) -> None:
        """As `delete`."""
        await self._awaiting.delete(self._key_of(model, asked))

    def _near(self, key: Key, prompt: str, llm_string: str, missed: Missed) -> Found | None:
        """Return the answer of another prompt that may be given to this one, which has none; here there never is one."""

    def _learn(self, key: Key, prompt: str, llm_string: str, answers: list[Generation]) -> None:
        """Have a prompt found by others, whose answers are kept under `key`; here none is."""

    async def _anear(self, key: Key, prompt: str, llm_string: str, missed: Missed) -> Found | None:
        """As `_near`."""

    async def _alearn(self, key: Key, prompt: str, llm_string: str, answers: list[Generation]) -> None:
        """As `_learn`."""

    def _key_of(self, model: Any, asked: Any) -> Key:
        from llmcache_langchain.questions import question_of  # noqa: PLC0415 -- loads LangChain's models; few delete

        prompt, llm_string = question_of(model, asked)
        return self._named(langchain_key(prompt, llm_string, self.setup.namespace_for(in_force())))

    def _key(self, prompt: str, llm_string: str) -> Key | None:
        try:
            namespace = self.setup.namespace_for(in_force())
        except UsageError as error:
            self.setup.tell(Event(Happening.BYPASSED, detail=type(error).__name__))
            self._warn_once(error)
            return None
        is_short = len(prompt) + len(llm_string) <= _LONGEST_REMEMBERED
        key = (_short_key if is_short else langchain_key)(prompt, llm_string, namespace)
        return self._named(key)

    def _to_keep(self, prompt: str, llm_string: str) -> tuple[Key | None, Marks | None, int | None]:
        """Return the key of an answer with the marks that were read, and the drops there had been, when it was asked for.

        Both are None where nobody looked.

        There is no key where it was asked under another namespace: nobody may read it here. It is not kept there either: a
        look-up whose answer never came looks the same, and then it is not theirs.
        """
        key = self._key(prompt, llm_string)
        under = recall(self._number, prompt, llm_string)
        if isinstance(under, Unknown):
            return key, None, None
        if key is None or under.namespace == key.space.namespace:
            return key, under.marks, under.asked
        self.setup.tell(Event(Happening.NOT_ADMITTED, key.digest, "asked under another namespace"))
        return None, None, None

    def _closed(self, key: Key, error: ClosedError) -> None:
        """Count a miss: a model whose cache was closed, as a global one may be at the end of a `with`, goes on without it."""
        self.setup.tell(Event(Happening.STORE_FAILED, key.digest, type(error).__name__))
        self._warn_once(error)

    def _warn_once(self, error: UsageError) -> None:
        if not self._has_warned:
            self._has_warned = True
            logging.getLogger("llmcache").warning("calls go past the cache: %s", error)

    def _missed(self, key: Key, prompt: str, llm_string: str, marks: Marks) -> None:
        remember(self._number, prompt, llm_string, Under(key.space.namespace, marks, self.setup.flights.drops))
        self._asked.begin(key, self.setup.monotonic())

    def _model(self, llm_string: str) -> str | None:
        return langchain_model(llm_string) if self.setup.defaults.tag_models else None

    def _provenance(self, key: Key, generations: Sequence[Generation]) -> Provenance:
        return provenance_of(generations, self._asked.end(key, self.setup.monotonic()))


def _which(given: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    for name in given.keys() - {"tags", "models"}:
        raise UsageError(f"clear() takes tags and models, found {name!r}")
    return {"tags": check_tags(given.get("tags", ())), "models": check_models(given.get("models", ()))}


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
