"""LangChain caches to test on: every test runs on every kind of store."""

from collections.abc import Iterator

import pytest
from langchain_core.globals import get_llm_cache, set_llm_cache

from llmcache_langchain import LLMCache


@pytest.fixture
def cache(url: str) -> Iterator[LLMCache]:
    """An answer cache, closed afterwards."""
    opened = LLMCache(url, namespace="shop")
    yield opened
    opened.close()


@pytest.fixture
def global_cache(cache: LLMCache) -> Iterator[LLMCache]:
    """The answer cache, set as LangChain's global one."""
    before = get_llm_cache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(before)
