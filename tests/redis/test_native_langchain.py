"""LangChain's own suite for vector stores, on vector sets of Redis 8."""

from collections.abc import Iterator

import pytest
from langchain_core.vectorstores import VectorStore as LangChainVectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

import llmcache
from llmcache_langchain import VectorStore
from tests.redis.servers import newer_programs
from tests.redis.things import Newer

PROGRAMS = [program for program in newer_programs() if program.name.startswith("redis-8")]


@pytest.mark.slow
class TestNative(VectorStoreIntegrationTests):
    """All 25, in both colours, with the index in the server."""

    @pytest.fixture(params=PROGRAMS, ids=lambda program: program.name)
    def vectorstore(self, request: pytest.FixtureRequest, newer: Newer) -> Iterator[LangChainVectorStore]:
        """An empty collection."""
        url = f"redis://127.0.0.1:{newer(request.param).port}?timeout=20s&log_timeout=20s&vectors=native"
        with llmcache.open(url) as cache:
            store = VectorStore(self.get_embeddings(), cache, name="docs", model="fake", ttl=3600)
            store.delete()
            yield store
