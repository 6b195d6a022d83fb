"""LangChain's own suite for vector stores, on every store."""

from collections.abc import Generator

import pytest
from langchain_core.vectorstores import VectorStore as LangChainVectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

import llmcache
from llmcache_langchain import VectorStore

pytestmark = pytest.mark.stores(few=True)


class TestStandard(VectorStoreIntegrationTests):
    """All 25, in both colours."""

    @pytest.fixture
    def vectorstore(self, url: str) -> Generator[LangChainVectorStore]:
        """An empty collection."""
        with llmcache.open(url) as cache:
            yield VectorStore(self.get_embeddings(), cache, name="docs", model="fake", ttl=3600)
