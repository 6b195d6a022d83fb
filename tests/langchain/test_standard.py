"""LangChain's own standard suites for caches, on every embedded store and in both colours."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from langchain_core.caches import BaseCache
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

from llmcache_langchain import LLMCache


class TestMemory(SyncCacheTestSuite):
    """The blocking suite on the in-process store."""

    @pytest.fixture
    def cache(self) -> Iterator[BaseCache]:
        opened = LLMCache("memory:")
        yield opened
        opened.close()


class TestMemoryAsync(AsyncCacheTestSuite):
    """The async suite on the in-process store."""

    @pytest.fixture
    async def cache(self) -> AsyncIterator[BaseCache]:
        opened = LLMCache("memory:")
        yield opened
        await opened.aclose()


class TestSqlite(SyncCacheTestSuite):
    """The blocking suite on SQLite."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Iterator[BaseCache]:
        opened = LLMCache(f"sqlite:{tmp_path}")
        yield opened
        opened.close()


class TestSqliteAsync(AsyncCacheTestSuite):
    """The async suite on SQLite."""

    @pytest.fixture
    async def cache(self, tmp_path: Path) -> AsyncIterator[BaseCache]:
        opened = LLMCache(f"sqlite:{tmp_path}")
        yield opened
        await opened.aclose()
