"""Cached embeddings for LangChain: each text is paid for once in either role and either colour, and the standard suites."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

import llmcache
from llmcache.errors import UsageError
from llmcache_langchain import CachedEmbeddings
from tests.api.embedding import vector

pytestmark = pytest.mark.stores(few=True)


def embedded(text: str) -> list[float]:
    """The vector of a text, as LangChain has them."""
    row: list[float] = vector(text).tolist()
    return row


class Counting(Embeddings):
    """Embeddings that remember what they were asked, by method; a query has other vectors than a document."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(("documents", texts))
        return [embedded(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        self.asked.append(("query", [text]))
        return embedded(f"query: {text}")

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(("adocuments", texts))
        return [embedded(text) for text in texts]

    async def aembed_query(self, text: str) -> list[float]:
        self.asked.append(("aquery", [text]))
        return embedded(f"query: {text}")


@pytest.fixture
def cache(url: str) -> Iterator[llmcache.Cache]:
    """An open cache."""
    with llmcache.open(url, namespace="shop") as opened:
        yield opened


def test_a_text_is_embedded_once_as_document_and_once_as_query(cache: llmcache.Cache) -> None:
    """They have different vectors with many models; both are lists of Python's floats, exact ones."""
    counting = Counting()
    cached = CachedEmbeddings(counting, cache, model="m")
    for _ in range(2):
        cached.embed_documents(["a", "b", "a"])
        cached.embed_query("a")
    documents, query = cached.embed_documents(["a", "b", "a"]), cached.embed_query("a")

    assert [("documents", ["a", "b"]), ("query", ["a"])] == counting.asked
    assert [vector(text).tolist() for text in "aba"] == documents
    assert vector("query: a").tolist() == query
    assert {float} == {type(number) for row in documents for number in row}


async def test_awaited_the_awaited_methods_are_asked(cache: llmcache.Cache) -> None:
    """And what one colour kept, the other finds."""
    counting = Counting()
    cached = CachedEmbeddings(counting, cache, model="m")
    await cached.aembed_documents(["a", "b"])
    await cached.aembed_query("a")
    found = await asyncio.to_thread(cached.embed_documents, ["b", "a"])

    assert [("adocuments", ["a", "b"]), ("aquery", ["a"])] == counting.asked
    assert [vector(text).tolist() for text in "ba"] == found
    assert cached.embed_query("a") == await cached.aembed_query("a")


def test_batches_bound_what_is_asked_at_once(cache: llmcache.Cache) -> None:
    """Of documents."""
    counting = Counting()
    CachedEmbeddings(counting, cache, model="m", batch_size=2).embed_documents([*"abc"])

    assert [("documents", ["a", "b"]), ("documents", ["c"])] == counting.asked
    assert [] == CachedEmbeddings(counting, cache, model="m").embed_documents([])


class Named(Counting):
    """Embeddings that say what their model is called, and how many numbers they ask for."""

    model = "text-embedding-3-small"
    dimensions: object = 4


def test_the_name_of_the_model_is_what_the_embeddings_say(cache: llmcache.Cache) -> None:
    """With their dimensions; a name that is given holds over it."""
    named = CachedEmbeddings(Named(), cache)

    assert ("text-embedding-3-small", 4) == (named.embedder.model, named.embedder.dimensions)
    assert "<CachedEmbeddings of 'text-embedding-3-small'>" == repr(named)
    assert "m" == CachedEmbeddings(Named(), cache, model="m").embedder.model
    assert 3 == CachedEmbeddings(Named(), cache, dimensions=3).embedder.dimensions


def test_without_a_name_nothing_is_guessed() -> None:
    """Two models under one name would answer for each other."""
    with pytest.raises(UsageError, match="Counting does not say what its model is called; name it: "):
        CachedEmbeddings(Counting(), "memory:")
    with pytest.raises(UsageError, match="namespace goes with a URL"), llmcache.open("memory:") as cache:
        CachedEmbeddings(Counting(), cache, model="m", namespace="n")


def test_a_url_keeps_vectors_for_the_next_object(tmp_path: Path) -> None:
    """With its namespace and its time to live."""
    counting, url = Counting(), f"sqlite:{tmp_path / 'store'}"
    for namespace in ("one", "one", "two"):
        CachedEmbeddings(counting, url, model="m", namespace=namespace).embed_query("a")

    assert [("query", ["a"])] * 2 == counting.asked


def test_options_and_errors_pass(cache: llmcache.Cache) -> None:
    """As everywhere."""
    counting = Counting()
    cached = CachedEmbeddings(counting, cache, model="m", ttl=60)
    with llmcache.options(bypass=True):
        cached.embed_query("a")
    cached.embed_query("a")
    failure = RuntimeError("quota")

    class Failing(Counting):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise failure

    with pytest.raises(RuntimeError) as caught:
        CachedEmbeddings(Failing(), cache, model="m").embed_documents(["x"])

    assert failure is caught.value
    assert [("query", ["a"])] * 2 == counting.asked


class TestStandard(EmbeddingsIntegrationTests):
    """LangChain's own suite, on every kind of store."""

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return CachedEmbeddings

    @pytest.fixture
    def model(self, cache: llmcache.Cache) -> Embeddings:
        return CachedEmbeddings(DeterministicFakeEmbedding(size=8), cache, model="fake")


class TestStandardUnits(EmbeddingsUnitTests):
    """And the one for construction."""

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return CachedEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embeddings": DeterministicFakeEmbedding(size=8), "store": "memory:", "model": "fake"}
