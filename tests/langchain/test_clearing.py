"""Clearing LangChain's cache: all of a namespace, or what carries a tag."""

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation

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


async def test_models_clear_what_was_asked_of_them(url: str) -> None:
    """By the name that was asked for, whatever name the answer has; in both colours."""
    with llmcache.open(url, tag_models=True) as opened:
        cache = LLMCache(opened)
        models = [f"[('model', '{name}'), ('stop', None)]" for name in ("small", "large", "other")]
        answer = [ChatGeneration(message=AIMessage("hi", response_metadata={"model_name": "small-2026-11-01"}))]
        for llm_string in models:
            cache.update("p", llm_string, answer)
        cache.clear(models=("small",))
        await cache.aclear(models=("large",))

        assert [True, True, False] == [cache.lookup("p", llm_string) is None for llm_string in models]


def test_models_are_refused_where_nobody_tags_them(cache: LLMCache) -> None:
    """A clearing that clears nothing must not look like one."""
    with pytest.raises(UsageError, match="tag_models=True"):
        cache.clear(models=("small",))


async def test_an_unknown_argument_clears_nothing(cache: LLMCache) -> None:
    """A misspelt tag must not end in dropping everything."""
    cache.update("p", "m", OLD)
    with pytest.raises(UsageError, match="clear\\(\\) takes tags and models, found 'tag'"):
        cache.clear(tag="a")
    with pytest.raises(UsageError, match="clear\\(\\) takes tags and models, found 'tag'"):
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
