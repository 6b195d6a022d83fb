"""LangChain's vector store on any llmcache store that keeps logs: documents end, and come back."""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore as LangChainVectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from llmcache.api.cache import AsyncCache, Cache
from llmcache.errors import UsageError
from llmcache.model.document import Document as Kept
from llmcache.model.document import Match
from llmcache.model.embedder import check_function
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain, Seconds
from llmcache_langchain.embedders import check_embeddings, check_order, dimensions_of, name_of
from llmcache_langchain.embeddings import CachedEmbeddings
from llmcache_langchain.holding import Given, check_given, setup_of, shared_caches

Filter = Mapping[str, Plain]


class VectorStore(LangChainVectorStore):
    """Documents by meaning, on any store; searches are exact unless you say otherwise. Both colours are native.

    A document ends after `ttl`, and is never found from that instant on. With a loader it is got and embedded again when it has
    ended, before a search answers, and shortly before its end behind the callers' backs: so what is found is never older than
    `ttl`, and never missing. Vectors go through the embedding cache of the same store.

    Args:
        embedding: Embeds documents and questions.
        store: A store URL, the path of a llmcache.toml, an open cache, or None for what the environment or a file says. Those that mean
            the same stores and settings share open ones for the life of the process.
        name: Of the collection.
        model: The embedding model's name; None means the attribute `model`, `model_name` or `model_id` of `embedding`. Vectors of
            different models never meet.
        ttl: Time to live of a document in seconds; None means it does not end.
        sliding: True begins it anew when a document is found or got in the second half of it.
        loader: Gets a document by its id from where it comes from; None where it is there no more, and then it is removed.
        remembered: How long after its end a document can come back, in seconds: from the loader, or without one from its kept text. None
            means ten times `ttl` with a loader, and not at all without.
        approximate: True lets a search of 50,000 documents and more leave one out now and then, which makes it three times as quick
            and takes twice the memory.
        namespace: Keeps this application's documents apart; only with a URL or None.
    """

    def __init__(
        self,
        embedding: Embeddings,
        store: Given = None,
        *,
        name: str = "documents",
        model: str | None = None,
        ttl: Seconds | None = None,
        sliding: bool = False,
        loader: Callable[[str], Document | Awaitable[Document | None] | None] | None = None,
        remembered: Seconds | None = None,
        approximate: bool = False,
        namespace: Namespace | str | None = None,
    ) -> None:
        check_order(store, embedding, "VectorStore(embedding, store), as in LangChain's own")
        check_given(store)
        check_embeddings("embedding", embedding)
        if loader is not None:
            check_function("loader", loader)
        if isinstance(store, Cache | AsyncCache):
            setup = setup_of(store, namespace)
        else:
            setup = shared_caches.get(store, namespace).setup
        how: dict[str, Any] = {
            "model": _model_of(embedding) if model is None else model,
            "ttl": ttl,
            "sliding": sliding,
            "remembered": remembered,
            "approximate": approximate,
        }
        self._embedding = embedding
        self._blocking = Cache(setup).vectors(
            name,
            embed=embedding.embed_documents,
            embed_query=lambda texts: [embedding.embed_query(text) for text in texts],
            loader=None if loader is None else lambda asked: _kept_or_none(loader(asked), asked),
            **how,
        )
        self._awaiting = AsyncCache(setup).vectors(
            name,
            embed=embedding.aembed_documents,
            embed_query=self._aembed_queries,
            loader=None if loader is None else _awaited(loader),
            **how,
        )

    async def _aembed_queries(self, texts: list[str]) -> list[list[float]]:
        return [await self._embedding.aembed_query(text) for text in texts]

    @property
    def embeddings(self) -> Embeddings:
        """What embeds."""
        return self._embedding

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Return a vector store that holds `texts`; other arguments are the class's own."""
        made = cls(embedding, **kwargs)
        made.add_texts(texts, metadatas, ids=ids)
        return made

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """As `from_texts`."""
        made = cls(embedding, **kwargs)
        await made.aadd_texts(texts, metadatas, ids=ids)
        return made

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Keep texts, each in the place of one of the same id, and return their ids; one without an id gets a new one.

        Raises:
            UsageError: Numbers of texts, metadatas and ids differ, or metadata are not JSON-like; nothing was kept.
            StoreError: Some may have been kept; safe to repeat with the same ids.
        """
        documents = _documents(texts, metadatas, ids)
        self._blocking.upsert(documents)
        return [one.id for one in documents]

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """As `add_texts`."""
        documents = _documents(texts, metadatas, ids)
        await self._awaiting.upsert(documents)
        return [one.id for one in documents]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents by their ids; without ids the whole collection. One that is not there is no error."""
        if ids is None:
            self._blocking.clear()
        else:
            self._blocking.delete(ids)
        return True

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """As `delete`."""
        if ids is None:
            await self._awaiting.clear()
        else:
            await self._awaiting.delete(ids)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the documents of these ids that are there, in order; what has ended comes back where it can."""
        return [_langchain(one) for one in self._blocking.get(ids) if one is not None]

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """As `get_by_ids`."""
        return [_langchain(one) for one in await self._awaiting.get(ids) if one is not None]

    def refresh(self) -> int:
        """Bring back what has ended or will soon, and return how many that were; for a job that runs now and then."""
        return self._blocking.refresh()

    async def arefresh(self) -> int:
        """As `refresh`."""
        return await self._awaiting.refresh()

    def similarity_search(self, query: str, k: int = 4, filter: Filter | None = None, **kwargs: Any) -> list[Document]:
        """Return the `k` documents nearest to `query`, the nearest first.

        Args:
            filter: A condition on the metadata, such as {"year": {"$gte": 2024}}; see docs/howto/vectors.md.
        """
        _refuse(kwargs)
        return [_langchain(one.document) for one in self._blocking.search(query, k, where=filter)]

    async def asimilarity_search(
        self,
        query: str,
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `similarity_search`."""
        _refuse(kwargs)
        return [_langchain(one.document) for one in await self._awaiting.search(query, k, where=filter)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """As `similarity_search`, each with its similarity: the cosine, in [-1, 1]; 1 means the same direction."""
        _refuse(kwargs)
        return _scored(self._blocking.search(query, k, where=filter))

    async def asimilarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """As `similarity_search_with_score`."""
        _refuse(kwargs)
        return _scored(await self._awaiting.search(query, k, where=filter))

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `similarity_search`, by the vector of a question."""
        _refuse(kwargs)
        return [_langchain(one.document) for one in self._blocking.search(embedding, k, where=filter)]

    async def asimilarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `similarity_search_by_vector`."""
        _refuse(kwargs)
        return [_langchain(one.document) for one in await self._awaiting.search(embedding, k, where=filter)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return `k` of the `fetch_k` nearest documents, chosen to be near to `query` and unlike each other.

        Args:
            lambda_mult: From 0, as unlike as can be, to 1, as near as can be.
        """
        asked = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(asked, k, fetch_k, lambda_mult, filter, **kwargs)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `max_marginal_relevance_search`."""
        asked = await self._embedding.aembed_query(query)
        return await self.amax_marginal_relevance_search_by_vector(asked, k, fetch_k, lambda_mult, filter, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `max_marginal_relevance_search`, by the vector of a question."""
        _refuse(kwargs)
        found = self._blocking.search(embedding, max(k, fetch_k), where=filter, with_vectors=True)
        return _diverse(embedding, found, k, lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `max_marginal_relevance_search_by_vector`."""
        _refuse(kwargs)
        found = await self._awaiting.search(embedding, max(k, fetch_k), where=filter, with_vectors=True)
        return _diverse(embedding, found, k, lambda_mult)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        # What points away from the question is as irrelevant as what has nothing to do with it.
        return lambda similarity: max(0.0, similarity)


def _model_of(embedding: Embeddings) -> str:
    """Return a name for the vectors that `embedding` makes."""
    if isinstance(embedding, CachedEmbeddings):
        return embedding.embedder.model
    dimensions = dimensions_of(embedding)
    return name_of(embedding) if dimensions is None else f"{name_of(embedding)}:{dimensions}"


def _documents(
    texts: Iterable[str], metadatas: Sequence[Mapping[str, Any]] | None, ids: Sequence[str | None] | None
) -> list[Kept]:
    if isinstance(texts, str):
        raise UsageError("a vector store takes a list of texts, found one str; write [text]")
    given = list(texts)
    for name, found in (("metadatas", metadatas), ("ids", ids)):
        if found is not None and len(found) != len(given):
            raise UsageError(f"{len(given):,} texts came with {len(found):,} {name}")
    known = metadatas or [{}] * len(given)
    named = [one or str(uuid.uuid4()) for one in ids or [None] * len(given)]
    return [Kept(one, text, about) for one, text, about in zip(named, given, known, strict=True)]


def _langchain(document: Kept) -> Document:
    return Document(id=document.id, page_content=document.text, metadata=dict(document.metadata))


def _refuse(others: Mapping[str, Any]) -> None:
    """Raise UsageError for arguments of a search that nobody reads: a filter by another name would choose nothing out."""
    if others:
        raise UsageError(
            f"a search takes k and filter, and does not know {', '.join(others)}; a condition is filter={{...}}"
        )


def _scored(found: Sequence[Match]) -> list[tuple[Document, float]]:
    return [(_langchain(one.document), one.similarity) for one in found]


def _diverse(asked: Sequence[float], found: Sequence[Match], count: int, share: float) -> list[Document]:
    vectors = [np.frombuffer(one.vector, "<f4").tolist() for one in found]
    chosen = maximal_marginal_relevance(np.asarray(asked, np.float32), vectors, lambda_mult=share, k=count)
    return [_langchain(found[place].document) for place in chosen]


def _kept_or_none(found: object, asked: str) -> Kept | None:
    if found is None:
        return None
    if not isinstance(found, Document):
        raise UsageError(f"a loader returns LangChain's Document or None, found {type(found).__name__}")
    return Kept(asked, found.page_content, found.metadata)


def _awaited(loader: Callable[[str], Any]) -> Callable[[str], Awaitable[Kept | None]]:
    async def load(asked: str) -> Kept | None:
        found = loader(asked)
        return _kept_or_none(await found if isinstance(found, Awaitable) else found, asked)

    return load
