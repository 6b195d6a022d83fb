"""MiniLM as LangChain's embeddings."""

import asyncio

import numpy as np
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

from llmcache_minilm import MiniLM, MiniLMEmbeddings


class TestStandard(EmbeddingsIntegrationTests):
    """LangChain's own suite for embeddings, in both colours."""

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return MiniLMEmbeddings


def test_documents_and_questions_are_embedded_alike() -> None:
    """The vectors are lists of floats, those of `MiniLM`, and a question has the vector that a document has."""
    embeddings: Embeddings = MiniLMEmbeddings()
    documents = embeddings.embed_documents(["one", "two"])

    assert np.array_equal(MiniLM().embed(["one", "two"]), np.array(documents, np.float32))
    assert np.allclose(documents[0], embeddings.embed_query("one"), atol=1e-6)
    assert [] == embeddings.embed_documents([])


async def test_a_loop_goes_on_while_it_embeds() -> None:
    """The async methods work in a thread: the loop runs other tasks meanwhile."""
    embedding = asyncio.ensure_future(MiniLMEmbeddings().aembed_documents(["a text of some words"] * 200))
    turns = 0
    while not embedding.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert 200 == len(await embedding)
    assert turns > 3


def test_a_vector_store_of_langchain_finds_by_meaning() -> None:
    """It is an `Embeddings` like any other."""
    store = InMemoryVectorStore.from_texts(
        ["The invoice is sent by e-mail.", "Trains to Lyon leave at noon."], MiniLMEmbeddings()
    )
    (found,) = store.similarity_search("How do I get my bill?", k=1)

    assert "The invoice is sent by e-mail." == found.page_content
