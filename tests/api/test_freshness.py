"""Answers that age: refreshed early by one caller, kept a while for a model that fails, never served beyond that."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import llmcache
from llmcache.flows.looking import Found
from llmcache.policy.freshness import Freshness
from tests.stores import Clock

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])
TTL = 100.0
SOFT = 96.0
"""An age at which every caller would refresh: more than half of the last tenth of a life is over."""


class Down(Exception):
    """What the model raises."""


def fails() -> Any:
    """Stand for a model that is down."""
    raise Down


async def fails_awaited() -> Any:
    """Likewise, awaited."""
    raise Down


Open = Callable[..., llmcache.Cache]


@pytest.fixture
def aged(url: str, clock: Clock) -> Any:
    """Opens the store with rules, an old answer in it, and the clock at an age."""
    opened: list[llmcache.Cache] = []

    def aged(age: float, **rules: Any) -> llmcache.Cache:
        cache = llmcache.open(url, ttl=TTL, clock=clock, **rules)
        opened.append(cache)
        cache.responses.put(REQUEST, "old")
        clock.now += age
        return cache

    yield aged
    for cache in opened:
        cache.close()


def test_one_caller_refreshes_while_the_others_get_what_is_kept(aged: Open) -> None:
    """They wait for nobody, and afterwards all get the new answer."""
    cache, called, go = aged(SOFT, early_refresh=0.1), threading.Event(), threading.Event()

    def model() -> str:
        called.set()
        go.wait(30)
        return "new"

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(cache.responses.get_or_call, REQUEST, model)
        called.wait(30)
        others = [cache.responses.get_or_call(REQUEST, fails) for _ in range(3)]
        go.set()

        assert (["old"] * 3, "new") == (others, first.result(30))
    assert "new" == cache.responses.get_or_call(REQUEST, fails)
    assert (1, 4, 0) == (cache.stats().refreshed_early, cache.stats().hits, cache.stats().misses)
    assert 0.8 == cache.stats().hit_rate


async def test_one_task_refreshes_while_the_others_get_what_is_kept(aged: Open) -> None:
    """In one loop, the same."""
    cache, called, go = aged(SOFT, early_refresh=0.1).awaiting, asyncio.Event(), asyncio.Event()

    async def model() -> str:
        called.set()
        await go.wait()
        return "new"

    first = asyncio.ensure_future(cache.responses.get_or_call(REQUEST, model))
    await called.wait()
    others = await asyncio.gather(*(cache.responses.get_or_call(REQUEST, fails_awaited) for _ in range(3)))
    go.set()

    assert (["old"] * 3, "new") == (others, await first)
    assert "new" == await cache.responses.get(REQUEST)


def test_before_its_soft_end_nobody_refreshes(aged: Open) -> None:
    """It is a plain hit; without the rule it is one up to its end."""
    cache = aged(89.0, early_refresh=0.1)
    found = cache.responses.find(REQUEST)

    assert "old" == cache.responses.get_or_call(REQUEST, fails)
    assert found is not None
    assert found.freshness is Freshness.FRESH
    assert found.entry.stale_at == pytest.approx(found.entry.made_at + 90.0)


def test_looking_without_a_model_is_a_hit_up_to_the_end(aged: Open, clock: Clock) -> None:
    """`get` and `find` refresh nothing; `find` says that it is stale."""
    cache = aged(SOFT, early_refresh=0.1)
    found = cache.responses.find(REQUEST)

    assert found is not None
    assert (Freshness.STALE, "old") == (found.freshness, cache.responses.get(REQUEST))
    clock.now += TTL - SOFT
    assert cache.responses.find(REQUEST) is None
    assert (2, 1) == (cache.stats().hits, cache.stats().expired + cache.stats().misses)


@pytest.mark.parametrize("by_call", [False, True])
def test_a_refresh_in_the_background_serves_everybody_what_is_kept(aged: Open, by_call: bool) -> None:
    """The caller who starts it, too; the new answer is there when it is done. The cache says it, or the call."""
    cache = aged(SOFT, early_refresh=0.1, background_refresh=not by_call)
    threads: list[str] = []

    def model() -> str:
        threads.append(threading.current_thread().name)
        return "new"

    with llmcache.options(background_refresh=True):
        served = cache.responses.get_or_call(REQUEST, model)
    cache.setup.background.close()  # waits for it, and leaves the store open

    assert ("old", "new") == (served, cache.responses.get(REQUEST))
    assert "llmcache-background_0" == threads[0]
    assert (1, 2, 1) == (len(threads), cache.stats().hits, cache.stats().refreshed_behind)


async def test_a_task_refreshes_in_the_background(aged: Open) -> None:
    """On the loop of the caller, who does not wait for it."""
    cache, go = aged(SOFT, early_refresh=0.1, background_refresh=True).awaiting, asyncio.Event()

    async def model() -> str:
        await go.wait()
        return "new"

    served = [await cache.responses.get_or_call(REQUEST, model) for _ in range(3)]
    go.set()
    await cache.setup.background.close_async()

    assert (["old"] * 3, "new") == (served, await cache.responses.get(REQUEST))
    assert 1 == cache.stats().refreshed_behind


def test_a_refresh_in_the_background_that_fails_is_counted(aged: Open) -> None:
    """What is kept stays, and nobody sees the error."""
    cache = aged(SOFT, early_refresh=0.1, background_refresh=True)
    served = cache.responses.get_or_call(REQUEST, fails)
    cache.setup.background.close()

    assert ("old", "old") == (served, cache.responses.get(REQUEST))
    assert (1, 1) == (cache.stats().refreshed_behind, cache.stats().refresh_failed)


def test_a_refresh_that_fails_is_answered_by_what_is_kept(aged: Open) -> None:
    """Near its end it may be served anyway, whatever is allowed beyond."""
    cache, told = aged(SOFT, early_refresh=0.1), list[Found]()

    assert "old" == cache.responses.get_or_call(REQUEST, fails, on_stale=told.append)
    assert [(Freshness.STALE, Down)] == [(found.freshness, type(found.error)) for found in told]
    assert 1 == cache.stats().served_stale


async def test_an_old_answer_stands_in_for_a_model_that_fails(aged: Open) -> None:
    """Beyond its end it is a miss, and an answer only where the model failed; the caller is told which. In both colours."""
    cache, told = aged(120.0, stale_if_error=50), list[Found]()
    answers = [
        cache.responses.get(REQUEST),
        cache.responses.get_or_call(REQUEST, fails, on_stale=told.append),
        await cache.awaiting.responses.get_or_call(REQUEST, fails_awaited, on_stale=told.append),
        cache.responses.get_or_call(REQUEST, lambda: "new"),
    ]

    assert [None, "old", "old", "new"] == answers
    assert [(Freshness.GONE, Down)] * 2 == [(found.freshness, type(found.error)) for found in told]
    assert (2, 0) == (cache.stats().served_stale, cache.stats().hits)


def test_without_leave_nothing_stands_in(aged: Open) -> None:
    """The model's own error passes."""
    with pytest.raises(Down):
        aged(120.0).responses.get_or_call(REQUEST, fails)


def test_nothing_stands_in_beyond_what_is_allowed(aged: Open) -> None:
    """Neither beyond the time of the cache, nor beyond the age that the caller takes, nor where it asked for a new one."""
    with pytest.raises(Down):
        aged(150.0, stale_if_error=50).responses.get_or_call(REQUEST, fails)
    cache = aged(120.0, stale_if_error=50)
    for options in ({"max_age": 119}, {"refresh": True}, {"bypass": True}):
        with pytest.raises(Down), llmcache.options(**options):
            cache.responses.get_or_call(REQUEST, fails)
    with llmcache.options(max_age=121):
        assert "old" == cache.responses.get_or_call(REQUEST, fails)


def test_max_age_holds_over_an_early_refresh(aged: Open) -> None:
    """What is too old for a caller is a miss, near its end or not, and does not answer a failure."""
    cache = aged(SOFT, early_refresh=0.1, background_refresh=True)
    with llmcache.options(max_age=SOFT - 1):
        with pytest.raises(Down):
            cache.responses.get_or_call(REQUEST, fails)

        assert "new" == cache.responses.get_or_call(REQUEST, lambda: "new")
    assert (0, 2) == (cache.stats().refreshed_behind, cache.stats().expired)


def test_what_was_cleared_never_stands_in(url: str, clock: Clock) -> None:
    """Clearing holds over everything."""
    with llmcache.open(url, ttl=TTL, stale_if_error=50, early_refresh=0.1, clock=clock) as cache:
        cache.responses.put(REQUEST, "old", tags=("faq",))
        clock.now += 120
        cache.clear(tags=("faq",))
        with pytest.raises(Down):
            cache.responses.get_or_call(REQUEST, fails)


def test_answers_made_together_do_not_end_together(url: str, clock: Clock) -> None:
    """Each life is shortened by its own part of the jitter, and none is lengthened."""
    with llmcache.open(url, ttl=TTL, jitter=0.5, clock=clock) as cache:
        requests = [llmcache.Request(str(number), REQUEST.messages) for number in range(20)]
        for request in requests:
            cache.responses.put(request, "x")
        found = [cache.responses.find(request) for request in requests]
        lives = {one.entry.expires_at - clock.now for one in found if one and one.entry.expires_at}

    assert len(lives) > 10
    assert all(TTL / 2 <= length <= TTL for length in lives)


def test_a_store_that_keeps_nothing_so_long_keeps_what_it_can(url: str, clock: Clock) -> None:
    """A long time beyond the end must not make an answer that could be kept one that cannot."""
    with llmcache.open(url, ttl=86_000, stale_if_error=1e7, clock=clock) as cache:
        cache.responses.get_or_call(REQUEST, lambda: "x")

        assert ("x", 1, 0) == (cache.responses.get(REQUEST), cache.stats().kept, cache.stats().too_large)


async def test_a_closing_that_is_cancelled_closes_the_store(aged: Open) -> None:
    """It waited for a refresh in the background, which ends with it."""
    cache, never = aged(SOFT, early_refresh=0.1, background_refresh=True).awaiting, asyncio.Event()

    async def model() -> str:
        await never.wait()
        return "new"

    await cache.responses.get_or_call(REQUEST, model)
    closing = asyncio.ensure_future(cache.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    with pytest.raises(llmcache.ClosedError):
        await cache.responses.get(REQUEST)
