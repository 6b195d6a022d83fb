"""LangChain's own standard suites for caches, on the store on diskcache and in both colours."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from langchain_core.caches import BaseCache
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

from llmcache_langchain import LLMCache


class TestDisk(SyncCacheTestSuite):
    """The blocking suite."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> Iterator[BaseCache]:
        opened = LLMCache(f"disk:{tmp_path}/store")
        yield opened
        opened.close()


class TestDiskAsync(AsyncCacheTestSuite):
    """The async suite."""

    @pytest.fixture
    async def cache(self, tmp_path: Path) -> AsyncIterator[BaseCache]:
        opened = LLMCache(f"disk:{tmp_path}/store")
        yield opened
        await opened.aclose()
