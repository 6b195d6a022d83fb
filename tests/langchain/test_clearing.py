"""Clearing LangChain's cache: all of a namespace, or what carries a tag."""

import pytest
from langchain_core.outputs import Generation

import llmcache
from llmcache.errors import UsageError
from llmcache_langchain import LLMCache

OLD, NEW = [Generation(text="old")], [Generation(text="new")]


async def test_tags_clear_only_what_carries_them(cache: LLMCache) -> None:
    """In both colours; the rest stays."""
    for tag in ("a", "b", "c"):
        with llmcache.options(tags=(tag,)):
            cache.update(tag, "m", OLD)
    cache.clear(tags=("a",))
    await cache.aclear(tags=("b",))

    assert [cache.lookup(tag, "m") for tag in ("a", "b", "c")] == [None, None, OLD]


async def test_an_unknown_argument_clears_nothing(cache: LLMCache) -> None:
    """A misspelt tag must not end in dropping everything."""
    cache.update("p", "m", OLD)
    with pytest.raises(UsageError, match="clear\\(\\) takes tags, found 'tag'"):
        cache.clear(tag="a")
    with pytest.raises(UsageError, match="clear\\(\\) takes tags, found 'tag'"):
        await cache.aclear(tag="a")
    with pytest.raises(UsageError, match="tags is a collection of texts"):
        cache.clear(tags="a")

    assert cache.lookup("p", "m") == OLD


async def test_without_arguments_everything_is_cleared(cache: LLMCache) -> None:
    """In both colours."""
    cache.update("p", "m", OLD)
    cache.clear()
    first = cache.lookup("p", "m")
    cache.update("p", "m", NEW)
    await cache.aclear()

    assert (first, cache.lookup("p", "m")) == (None, None)
