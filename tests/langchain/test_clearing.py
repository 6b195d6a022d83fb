"""Clearing LangChain's cache: all of a namespace, or what carries a tag."""

from typing import Any

import pytest
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.runnables import RunnableLambda

import llmcache
from llmcache.errors import UsageError
from llmcache_langchain import LLMCache
from tests.langchain.models import FakeModel, echo

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


@pytest.mark.parametrize("which", [{}, {"tags": ("faq",)}, {"models": ("small",)}])
async def test_what_is_asked_for_while_it_is_cleared_is_not_served(url: str, which: dict[str, Any]) -> None:
    """All at once, by tag or by model: the model is asked once more, and that answer is kept; in both colours, and with `refresh`."""
    with llmcache.open(url, tag_models=True) as opened:
        cache = LLMCache(opened)

        def clears(messages: list[BaseMessage]) -> AIMessage:
            if model.calls % 2:
                opened.clear(**which)
            return echo(messages)

        model = FakeModel(cache=cache, answer=clears)
        asked = model.bind(model="small")
        with llmcache.options(tags=("faq",)):
            for _ in range(3):
                asked.invoke("hi")
            for _ in range(3):
                await asked.ainvoke("hi, you")
            with llmcache.options(refresh=True):
                asked.invoke("hi")
            for _ in range(2):
                asked.invoke("hi")

        assert 6 == model.calls


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


async def test_one_answer_is_dropped_by_what_was_asked(cache: LLMCache) -> None:
    """As `invoke` was given it: a text, messages, bound tools; in both colours, without calling the model."""
    model = FakeModel(cache=cache)
    bound = model.bind(tools=["add"])
    messages = [SystemMessage("be brief"), HumanMessage("hi", id="m1")]
    asked: list[tuple[Any, Any]] = [(model, "hi"), (model, messages), (bound, "hi"), (model.bind(stop=["x"]), "hi")]
    for place, (asks, question) in enumerate(asked):
        for other, what in asked:
            other.invoke(what)
        before = model.calls
        if place % 2:
            await cache.adelete(asks, question)
        else:
            cache.delete(asks, question)
        deleted = model.calls - before
        for other, what in asked:
            other.invoke(what)

        assert (0, 1) == (deleted, model.calls - before)


def test_text_models_are_asked_likewise(cache: LLMCache) -> None:
    """Their prompt is the text itself."""
    model = FakeListLLM(responses=["first", "second"], cache=cache)
    answers = [model.invoke("hi"), model.invoke("hi")]
    cache.delete(model, "hi")

    assert (["first", "first"], "second") == (answers, model.invoke("hi"))


def test_a_deletion_is_in_the_namespace_in_force(cache: LLMCache) -> None:
    """Another tenant's answer to the same question stays."""
    model = FakeModel(cache=cache)
    model.invoke("hi")
    with llmcache.options(namespace="theirs"):
        model.invoke("hi")
        cache.delete(model, "hi")
    model.invoke("hi")

    assert 2 == model.calls


def test_what_is_no_model_is_refused(cache: LLMCache) -> None:
    """A chain has more than one question, or none."""
    for other in (RunnableLambda(str) | FakeModel(cache=cache), "gpt", None):
        with pytest.raises(UsageError, match="the model is a LangChain model"):
            cache.delete(other, "hi")
