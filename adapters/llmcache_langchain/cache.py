"""LangChain's answer cache on any llmcache store: the class that LangChain sees.

All of it happens in `answers`, which is loaded with the first cache that is made: what an application imports at its
start is this file and LangChain's own.
"""

from typing import TYPE_CHECKING, Any, Self

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache

if TYPE_CHECKING:
    from llmcache.api.counters import Stats
    from llmcache.api.setup import Tenant
    from llmcache.model.namespace import Namespace
    from llmcache.model.units import Seconds
    from llmcache_langchain.holding import Given


class LLMCache(BaseCache):
    """Keeps answers of models under what was asked; for `set_llm_cache` or a model's `cache=`.

    Both colours are native. A hit has a fresh message id, counts no tokens and carries
    `response_metadata["llmcache"]`. A store that fails is a miss and never fails or loses a model's answer: look at
    `stats()`. Answers that are empty, cut off, filtered or failed are not kept.

    Args:
        store: A store URL, the path of a llmcache.toml, an open cache (then it is yours to close), or None for what the
            environment or a file says.
        namespace: Keeps this application's entries apart; only with a URL or None.
        tenant: A context variable or function that tells the tenant; only with a URL or None. A call without a
            tenant is neither answered from the cache nor kept.
        ttl: Time to live of answers in seconds; only with a URL or None.
    """

    def __init__(
        self,
        store: "Given" = None,
        *,
        namespace: "Namespace | str | None" = None,
        tenant: "Tenant | None" = None,
        ttl: "Seconds | None" = None,
    ) -> None:
        from llmcache_langchain.answers import AnswerCache  # noqa: PLC0415 -- see the head of this file

        self._answers = AnswerCache(store, namespace=namespace, tenant=tenant, ttl=ttl)

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """Return the kept answers to a prompt as a list of the caller's own, or None."""
        return self._answers.lookup(prompt, llm_string)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep the answers to a prompt if they are worth it; never raises for the store's sake."""
        self._answers.update(prompt, llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        """Drop the answers of this cache's namespace, and nothing else.

        Args:
            kwargs: `tags`, names of which a dropped answer carries one, and `models`, names of models, where the open cache
                tags them (`tag_models`); without either all are dropped.

        Raises:
            UsageError: Another argument, which must not end in dropping everything.
            StoreError: It could not be done.
        """
        self._answers.clear(kwargs)

    def delete(self, model: Any, asked: Any) -> None:
        """Drop the answer that `model.invoke(asked)` would get from this cache, if there is one. No model is called.

        The options in force hold, and so does the tenant.

        Args:
            model: A chat or text model, or one with bound arguments, as `bind_tools` returns; whether this is its cache or not.
            asked: What `invoke` takes: a text, messages, or a prompt value.

        Raises:
            UsageError: It is no such model, or no tenant is set.
            StoreError: It could not be done.
        """
        self._answers.delete(model, asked)

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """As `lookup`."""
        return await self._answers.alookup(prompt, llm_string)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """As `update`."""
        await self._answers.aupdate(prompt, llm_string, return_val)

    async def aclear(self, **kwargs: Any) -> None:
        """As `clear`."""
        await self._answers.aclear(kwargs)

    async def adelete(self, model: Any, asked: Any) -> None:
        """As `delete`."""
        await self._answers.adelete(model, asked)

    def stats(self) -> "Stats":
        """Return what was counted since the cache was opened."""
        return self._answers.setup.stats()

    def close(self) -> None:
        """Close the open cache underneath; a second call does nothing."""
        self._answers.cache().close()

    async def aclose(self) -> None:
        """As `close`."""
        await self._answers.async_cache().close()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return the cache itself: a model that is copied keeps its cache."""
        return self

    def __repr__(self) -> str:
        return f"<LLMCache in {self._answers.cache()!r}>"
