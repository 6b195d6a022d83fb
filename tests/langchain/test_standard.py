"""LangChain's own standard suites for caches, on every kind of store and in both colours."""

from collections.abc import AsyncIterator, Iterator

import pytest
from langchain_core.caches import BaseCache
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

from llmcache_langchain import LLMCache, SemanticCache
from tests.langchain.embeddings import AngleEmbeddings


@pytest.mark.stores(cluster=True)
class TestStandard(SyncCacheTestSuite):
    """The blocking suite."""

    @pytest.fixture
    def cache(self, url: str) -> Iterator[BaseCache]:
        opened = LLMCache(url)
        yield opened
        opened.close()


@pytest.mark.stores(cluster=True)
class TestStandardAsync(AsyncCacheTestSuite):
    """The async suite."""

    @pytest.fixture
    async def cache(self, url: str) -> AsyncIterator[BaseCache]:
        opened = LLMCache(url)
        yield opened
        await opened.aclose()


class TestStandardSemantic(SyncCacheTestSuite):
    """The blocking suite on the cache by meaning: what it asks for is found exactly, and nothing else is."""

    @pytest.fixture
    def cache(self, url: str) -> Iterator[BaseCache]:
        opened = SemanticCache(url, AngleEmbeddings())
        yield opened
        opened.close()


class TestStandardSemanticAsync(AsyncCacheTestSuite):
    """The async suite on it."""

    @pytest.fixture
    async def cache(self, url: str) -> AsyncIterator[BaseCache]:
        opened = SemanticCache(url, AngleEmbeddings())
        yield opened
        await opened.aclose()
