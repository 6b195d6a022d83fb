"""LangChain's answer cache: colours, options, namespaces, and what it takes."""

import asyncio
import copy
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.fake import FakeListLLM

import llmcache
from llmcache.errors import ConfigError, UsageError
from llmcache_langchain import LLMCache
from tests.langchain.models import ASKED, FakeModel, chat, only
from tests.stores import Clock


def test_a_repeated_prompt_calls_the_model_once(global_cache: LLMCache) -> None:
    """The text is the same, and the global cache was used."""
    model = FakeModel()
    texts = [model.invoke("hi").text for _ in range(3)]

    assert model.calls == 1
    assert texts == ["you said: hi"] * 3
    assert (global_cache.stats().hits, global_cache.stats().misses) == (2, 1)


async def test_both_colours_serve_each_other(cache: LLMCache) -> None:
    """Asked blocking, answered async, and the other way round."""
    model = FakeModel(cache=cache)
    model.invoke("a")
    await model.ainvoke("a")
    await model.ainvoke("b")
    model.invoke("b")

    assert model.calls == 2


def test_models_and_parameters_are_kept_apart(cache: LLMCache) -> None:
    """A different temperature is a different question."""
    cold, warm = FakeModel(cache=cache), FakeModel(cache=cache, temperature=1.0)
    cold.invoke("hi")
    warm.invoke("hi")

    assert (cold.calls, warm.calls) == (1, 1)


def test_plain_text_models_work_too(cache: LLMCache) -> None:
    """Their answers are plain generations."""
    model = FakeListLLM(responses=["one", "two"], cache=cache)

    assert [model.invoke("hi"), model.invoke("hi"), model.invoke("ho")] == ["one", "one", "two"]


async def test_options_work_through_langchains_global_cache(global_cache: LLMCache) -> None:
    """Bypass, refresh, namespace and tags reach the look-up, blocking and async, also in batches."""
    model = FakeModel()
    model.invoke("hi")
    with llmcache.options(bypass=True):
        model.invoke("hi")
        await model.ainvoke("hi")
    with llmcache.options(refresh=True):
        model.invoke("hi")
    counts = [model.calls]
    with llmcache.options(namespace="tenant-a", tags=("faq",)):
        model.batch(["x", "y"])
        await model.abatch(["x", "y"])
    counts.append(model.calls)
    with llmcache.options(namespace="tenant-a"):
        llmcache.Cache(global_cache._answers.setup).clear(tags=("faq",))
        await asyncio.gather(model.ainvoke("x"))
    counts.append(model.calls)

    assert counts == [4, 6, 7]


def test_clear_drops_its_own_namespace_only(url: str) -> None:
    """Answers of others, and conversations, stay."""
    with llmcache.open(url, namespace="a") as opened:
        cache = LLMCache(opened)
        cache.update(*ASKED, [chat("own")])
        with llmcache.options(namespace="below"):
            cache.update(*ASKED, [chat("other")])
        opened.history("s").append(["kept"])
        cache.clear()
        own = cache.lookup(*ASKED)
        with llmcache.options(namespace="below"):
            other = only(cache.lookup(*ASKED)).text

        assert (own, other, opened.history("s").all()) == (None, "other", ["kept"])


async def test_aclear_clears_too(cache: LLMCache) -> None:
    """The async name of the same."""
    await cache.aupdate(*ASKED, [chat("x")])
    await cache.aclear()

    assert await cache.alookup(*ASKED) is None


def test_a_call_without_its_tenant_goes_past_the_cache(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is answered by the model, kept nowhere, counted and logged once."""
    tenant: ContextVar[str] = ContextVar("tenant")
    cache = LLMCache(url, tenant=tenant)
    model = FakeModel(cache=cache)
    model.invoke("hi")
    model.invoke("hi")
    tenant.set("a")
    model.invoke("hi")
    model.invoke("hi")
    cache.close()

    assert model.calls == 3
    assert cache.stats().bypassed == 4
    assert caplog.text.count("no tenant is set") == 1


def test_an_entry_lives_as_long_as_it_was_told(url: str, clock: Clock) -> None:
    """The time to live of the cache, under LangChain too."""
    with llmcache.open(url, ttl=60, clock=clock) as opened:
        cache = LLMCache(opened)
        cache.update(*ASKED, [chat("x")])
        clock.now += 59
        alive = cache.lookup(*ASKED)
        clock.now += 1

        assert alive is not None
        assert cache.lookup(*ASKED) is None


def test_a_long_prompt_is_no_other_question(cache: LLMCache) -> None:
    """Past the size whose keys are remembered, keys are the same."""
    long = "x" * 100_000
    cache.update(long, "m", [chat("long")])

    assert only(cache.lookup(long, "m")).text == "long"
    assert cache.lookup(long + "x", "m") is None


def test_it_takes_a_url_an_open_cache_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing means the environment's store."""
    monkeypatch.setenv("LLMCACHE_URL", f"sqlite:{tmp_path}")
    configured = LLMCache()
    configured.update(*ASKED, [chat("x")])
    configured.close()
    with llmcache.open(f"sqlite:{tmp_path}") as opened:
        found = [LLMCache(opened).lookup(*ASKED), LLMCache(opened.awaiting).lookup(*ASKED)]

        assert [only(each).text for each in found] == ["x", "x"]
        assert repr(LLMCache(opened)) == "<LLMCache in <llmcache.Cache on sqlite, namespace 'default'>>"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"store": 3}, UsageError, "found int"),
        ({"store": "sqlit:"}, ConfigError, "did you mean 'sqlite'"),
        ({"store": "memory:", "ttl": -1}, UsageError, "ttl is -1"),
    ],
)
def test_wrong_arguments_are_refused(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    """At construction, not at the first question."""
    with pytest.raises(error, match=message):
        LLMCache(**settings)


def test_an_open_cache_brings_its_own_settings() -> None:
    """A second namespace, tenant or time to live would be ignored; so it is refused."""
    with llmcache.open("memory:") as opened:
        for settings in ({"namespace": "x"}, {"ttl": 5}, {"tenant": lambda: "a"}):
            with pytest.raises(UsageError, match=r"llmcache\.open\("):
                LLMCache(opened, **settings)  # pyright: ignore[reportArgumentType] -- one at a time


def test_copies_of_a_model_keep_the_cache(cache: LLMCache) -> None:
    """A deep copy of a model must not try to copy locks and files."""
    model = FakeModel(cache=cache)
    twin = copy.deepcopy(model)
    model.invoke("hi")
    twin.invoke("hi")

    assert twin.calls == 0
