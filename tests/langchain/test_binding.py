"""Answers whose tenant changed between the look-up and the keeping: nobody may read what another one asked."""

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest
from langchain_core.messages import AIMessage, BaseMessage

import llmcache
from llmcache.model.namespace import Namespace
from llmcache_langchain import LLMCache
from llmcache_langchain.binding import UNKNOWN, Under, recall, remember
from tests.langchain.models import ASKED, FakeModel, chat, echo, only

TENANT: ContextVar[str] = ContextVar("TENANT")
A, B = Under(Namespace.of("a")), Under(Namespace.of("b"))


@pytest.fixture
def cache(url: str) -> Iterator[LLMCache]:
    """An answer cache that asks the context for its tenant."""
    opened = LLMCache(url, tenant=TENANT)
    yield opened
    opened.close()


def readers(cache: LLMCache, asking: Callable[[], object], model: FakeModel) -> list[str]:
    """Return which tenants are answered from the cache: those that need no call of the model."""
    found = []
    for tenant in ("a", "b"):
        before = model.calls
        TENANT.set(tenant)
        asking()
        found += [tenant] if model.calls == before else []
    return found


@pytest.mark.parametrize("colour", ["invoke", "ainvoke", "batch", "abatch"])
def test_an_answer_asked_under_one_tenant_is_not_kept_under_another(url: str, colour: str) -> None:
    """The answer is returned, counted as not kept, and found by neither of them; the next call is kept again."""
    # Not a context variable: a model that runs in a thread would change its own copy only.
    present = ["a"]
    cache = LLMCache(url, tenant=lambda: present[0])

    def ask(tenant: str, turning: str) -> int:
        def answer(messages: list[BaseMessage]) -> AIMessage:
            present[0] = turning
            return echo(messages)

        present[0] = tenant
        model = FakeModel(answer=answer, cache=cache)
        asked = getattr(model, colour)("hi" if colour.endswith("invoke") else ["hi"])
        answered = asyncio.run(_awaited(asked)) if colour.startswith("a") else asked
        assert "you said: hi" in str(answered)
        return model.calls

    turned = ask("a", turning="b")
    afterwards = [ask(tenant, turning=tenant) for tenant in ("a", "b", "a", "b")]

    assert (turned, afterwards) == (1, [1, 1, 0, 0])
    assert cache.stats().not_admitted == 1
    cache.close()


async def _awaited(asked: object) -> object:
    return await asked  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues] -- the awaitable of either method


def test_an_inner_call_of_the_other_tenant_is_its_own(cache: LLMCache) -> None:
    """A call inside of a call, with the same prompt, is kept for its tenant; the outer one is kept for nobody."""
    inner = FakeModel(cache=cache)

    def ask_for_b(messages: list[BaseMessage]) -> AIMessage:
        TENANT.set("b")
        inner.invoke("hi")
        return echo(messages)

    TENANT.set("a")
    FakeModel(answer=ask_for_b, cache=cache).invoke("hi")

    assert ["b"] == readers(cache, lambda: inner.invoke("hi"), inner)


async def test_tasks_do_not_see_what_their_siblings_asked(cache: LLMCache) -> None:
    """Two tenants that ask the same at once, begun in one context, are each kept for their own."""
    gate = asyncio.Barrier(2)

    async def ask(tenant: str) -> None:
        TENANT.set(tenant)
        await cache.alookup(*ASKED)
        await gate.wait()
        await cache.aupdate(*ASKED, [chat(tenant)])

    TENANT.set("c")
    cache.lookup(*ASKED)
    await asyncio.gather(ask("a"), ask("b"))
    found = []
    for tenant in ("a", "b"):
        TENANT.set(tenant)
        found.append(only(cache.lookup(*ASKED)).text)

    assert ["a", "b"] == found


def test_a_tenant_that_is_set_too_late_keeps_nothing(url: str) -> None:
    """What was asked without a tenant belongs to none."""
    tenant: ContextVar[str] = ContextVar("tenant")
    cache = LLMCache(url, tenant=tenant)
    cache.lookup(*ASKED)
    tenant.set("a")
    cache.update(*ASKED, [chat("x")])

    assert cache.lookup(*ASKED) is None
    cache.close()


def test_a_namespace_of_options_counts_like_a_tenant(url: str) -> None:
    """Also the path of `llmcache.options` may not change in between; without a look-up an answer is kept where it is given."""
    cache = LLMCache(url)
    with llmcache.options(namespace="a"):
        cache.lookup(*ASKED)
    with llmcache.options(namespace="b"):
        cache.update(*ASKED, [chat("of a")])
        missing = cache.lookup(*ASKED)
        cache.update(*ASKED, [chat("of b")])
        cache.update(*ASKED, [chat("again")])

        assert (None, "again") == (missing, only(cache.lookup(*ASKED)).text)
    cache.close()


def test_what_a_cache_left_concerns_no_other() -> None:
    """A cache that is gone leaves look-ups behind, and the next one may lie in its place in memory."""
    kept = []
    for number in range(20):
        gone = LLMCache("memory:", namespace=f"gone-{number}")
        gone.lookup(*ASKED)
        gone.close()
        del gone
        cache = LLMCache("memory:", namespace="here")
        cache.update(*ASKED, [chat("kept")])
        kept.append(cache.lookup(*ASKED) is not None)
        cache.close()

    assert [True] * 20 == kept


def test_equal_prompts_of_one_batch_are_each_remembered() -> None:
    """Two look-ups of one question in one context are followed by two answers."""
    cache = 1
    for under in (A, A, B):
        remember(cache, "p", "m", under)

    assert [B, A, A, UNKNOWN] == [recall(cache, "p", "m") for _ in range(4)]
    assert UNKNOWN is recall(2, "p", "m")


def test_what_is_remembered_is_bounded() -> None:
    """Of questions that are never answered the oldest are forgotten."""
    cache = 1
    for number in range(2_001):
        remember(cache, f"{number}", "m", A)
    for _ in range(100):
        remember(cache, "again", "m", A)
    again = [recall(cache, "again", "m") for _ in range(65)]

    assert [UNKNOWN, UNKNOWN, A] == [recall(cache, f"{number}", "m") for number in (0, 1, 2)]
    assert [A] * 64 + [UNKNOWN] == again
