"""LangChain's embeddings with a cache before them, on any llmcache store."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings

from llmcache.api.cache import AsyncCache, Cache
from llmcache.model.embedder import Embedder
from llmcache.model.namespace import Namespace
from llmcache.model.options import check_seconds
from llmcache.model.units import Seconds
from llmcache_langchain.embedders import check_embeddings, check_order, dimensions_of, name_of
from llmcache_langchain.holding import Given, check_given, setup_of, shared_caches

if TYPE_CHECKING:
    from llmcache.api.progress import Progress


class CachedEmbeddings(Embeddings):
    """Embeds each text once as a document, and once as a query; both colours are native.

    A store that fails is a miss. What `embeddings` raises passes unchanged, and what it returned before that is kept.

    Args:
        embeddings: Embeds what is not kept.
        store: A store URL, the path of a llmcache.toml, an open cache, or None for what the environment or a file says. Those
            that mean the same stores and settings share open ones for the life of the process.
        model: The name of the model, and another one for what makes other vectors: a version, a fine-tuning, other words before a
            query. None means the attribute `model`, `model_name` or `model_id` of `embeddings`.
        namespace: Keeps this application's vectors apart; only with a URL or None.
        dimensions: How many numbers the model is asked for. None means the attribute of that name, or as many as it gives.
        normalised: True where it is asked for vectors of length one; nothing is normalised here.
        ttl: Time to live of what is kept, in seconds; None means the cache's own.
        batch_size: Most documents in one call of `embeddings`; None leaves that to `embeddings`.
        progress: As in `EmbeddingCache.embed`.

    Raises:
        UsageError: No name of the model is given, and `embeddings` does not say it.
    """

    def __init__(
        self,
        embeddings: Embeddings,
        store: Given = None,
        *,
        model: str | None = None,
        namespace: Namespace | str | None = None,
        dimensions: int | None = None,
        normalised: bool = False,
        ttl: Seconds | None = None,
        batch_size: int | None = None,
        progress: "Progress" = None,
    ) -> None:
        check_order(store, embeddings, "CachedEmbeddings(embeddings, store)")
        check_embeddings("embeddings", embeddings)
        check_given(store)
        if isinstance(store, Cache | AsyncCache):
            setup = setup_of(store, namespace)
        else:
            setup = shared_caches.get(store, namespace).setup
        self.embeddings = embeddings
        self.embedder = Embedder(
            name_of(embeddings) if model is None else model,
            dimensions=dimensions_of(embeddings) if dimensions is None else dimensions,
            normalised=normalised,
        )
        terms: dict[str, Any] = {
            "model": self.embedder.model,
            "dimensions": self.embedder.dimensions,
            "normalised": normalised,
            "ttl": check_seconds("ttl", ttl),
            "batch_size": batch_size,
            "progress": progress,
        }
        self._embed: Callable[..., Any] = partial(Cache(setup).embeddings.embed, **terms)
        self._aembed: Callable[..., Awaitable[Any]] = partial(AsyncCache(setup).embeddings.embed, **terms)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of documents in their order; those that are not kept go to the model in one call."""
        rows: list[list[float]] = self._embed(texts, self.embeddings.embed_documents).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a query."""
        (row,) = self._embed([text], self._queries, role="query").tolist()
        vector: list[float] = row
        return vector

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """As `embed_documents`."""
        rows: list[list[float]] = (await self._aembed(texts, self.embeddings.aembed_documents)).tolist()
        return rows

    async def aembed_query(self, text: str) -> list[float]:
        """As `embed_query`."""
        (row,) = (await self._aembed([text], self._aqueries, role="query")).tolist()
        vector: list[float] = row
        return vector

    def _queries(self, texts: list[str]) -> list[list[float]]:
        return [self.embeddings.embed_query(text) for text in texts]

    async def _aqueries(self, texts: list[str]) -> list[list[float]]:
        return [await self.embeddings.aembed_query(text) for text in texts]

    def __repr__(self) -> str:
        return f"<CachedEmbeddings of {self.embedder.model!r}>"
