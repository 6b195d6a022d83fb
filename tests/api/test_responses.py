"""The response cache, in both colours, on every kind of store."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import pytest

import llmcache
from llmcache.errors import ClosedError, UsageError
from llmcache.keys import request_key
from llmcache.model.event import Told
from llmcache.model.namespace import Namespace
from tests.stores import Clock

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}], {"temperature": 0})
OTHER = llmcache.Request("m", [{"role": "user", "content": "ho"}], {"temperature": 0})


class Model:
    """Counts its calls and answers with their number."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, Any]:
        self.calls += 1
        return {"text": f"answer {self.calls}", "parts": [1, 2]}

    async def later(self) -> dict[str, Any]:
        """The same, awaited."""
        return self()


def test_the_model_is_called_once_for_one_request(cache: llmcache.Cache) -> None:
    """The second answer is the first."""
    model = Model()
    answers = [cache.responses.get_or_call(REQUEST, model) for _ in range(3)]

    assert model.calls == 1
    assert answers == [{"text": "answer 1", "parts": [1, 2]}] * 3


async def test_the_async_twin_sees_what_the_blocking_one_kept(cache: llmcache.Cache) -> None:
    """Both colours work on the same entries, in both directions."""
    model = Model()
    first = cache.responses.get_or_call(REQUEST, model)
    second = await cache.awaiting.responses.get_or_call(REQUEST, model.later)
    third = await cache.awaiting.responses.get_or_call(OTHER, model.later)

    assert (first, second) == ({"text": "answer 1", "parts": [1, 2]},) * 2
    assert cache.responses.get(OTHER) == third
    assert model.calls == 2


async def test_an_async_cache_takes_plain_functions_too(url: str) -> None:
    """A call need not be a coroutine."""
    model = Model()
    async with llmcache.open_async(url) as cache:
        await cache.responses.get_or_call(REQUEST, model)

        assert await cache.responses.get(REQUEST) == {"text": "answer 1", "parts": [1, 2]}


def test_values_are_the_callers_own(cache: llmcache.Cache) -> None:
    """What a caller does to an answer does not reach the next one, neither on a miss nor on a hit."""
    for _ in range(3):
        cache.responses.get_or_call(REQUEST, Model())["parts"].append("changed")

    assert cache.responses.get(REQUEST) == {"text": "answer 1", "parts": [1, 2]}


def test_put_get_find_delete(cache: llmcache.Cache, clock: Clock) -> None:
    """The single steps; a deleted answer is missing."""
    cache.responses.put(REQUEST, [1, None, "x"], ttl=60, tags=("faq",))
    found = cache.responses.find(REQUEST)
    got = [cache.responses.get(REQUEST), cache.responses.get(OTHER)]
    cache.responses.delete(REQUEST)
    cache.responses.delete(REQUEST)

    assert found is not None
    assert (found.entry.made_at, found.entry.expires_at, found.entry.tags) == (clock.now, clock.now + 60, ("faq",))
    assert got == [[1, None, "x"], None]
    assert cache.responses.get(REQUEST) is None


def test_an_answer_ends_with_its_time_to_live(cache: llmcache.Cache, clock: Clock) -> None:
    """Served until just before, gone from the instant on."""
    cache.responses.put(REQUEST, "x", ttl=60)
    clock.now += 59.9
    before = cache.responses.get(REQUEST)
    clock.now += 0.1

    assert before == "x"
    assert cache.responses.get(REQUEST) is None


def test_the_caches_own_ttl_holds_where_the_call_says_nothing(url: str, clock: Clock) -> None:
    """A call's own is nearer."""
    with llmcache.open(url, ttl=10, clock=clock) as cache:
        cache.responses.put(REQUEST, "short")
        cache.responses.put(OTHER, "long", ttl=100)
        clock.now += 50

        assert [cache.responses.get(REQUEST), cache.responses.get(OTHER)] == [None, "long"]


def test_clearing_a_tag_hides_what_carries_it(cache: llmcache.Cache, clock: Clock) -> None:
    """Other entries stay, and an entry made afterwards is served."""
    cache.responses.put(REQUEST, "old", tags=("faq", "en"))
    cache.responses.put(OTHER, "kept", tags=("en",))
    clock.now += 1
    cache.clear(tags=("faq",))
    after = [cache.responses.get(REQUEST), cache.responses.get(OTHER)]
    clock.now += 1
    cache.responses.put(REQUEST, "new", tags=("faq",))

    assert after == [None, "kept"]
    assert cache.responses.get(REQUEST) == "new"
    assert cache.stats().cleared == 1


async def test_clearing_again_after_the_clock_was_set_back_brings_nothing_back(
    cache: llmcache.Cache, clock: Clock
) -> None:
    """In either colour the mark of a tag never moves back in time."""
    for tag in ("a", "b"):
        cache.responses.put(REQUEST if tag == "a" else OTHER, "cleared", tags=(tag,))
    clock.now += 1
    cache.clear(tags=("a", "b"))
    clock.now -= 10
    cache.clear(tags=("a",))
    await cache.awaiting.clear(tags=("b",))
    clock.now += 20

    assert [None, None] == [cache.responses.get(REQUEST), cache.responses.get(OTHER)]
    assert [None, None] == [await cache.awaiting.responses.get(asked) for asked in (REQUEST, OTHER)]


def test_clearing_touches_neither_other_namespaces_nor_conversations(cache: llmcache.Cache) -> None:
    """Answers of the own namespace go, everything else stays."""
    with llmcache.options(namespace="below"):
        cache.responses.put(REQUEST, "below")
    cache.responses.put(REQUEST, "own")
    cache.history("s").append(["hello"])
    cache.clear()
    with llmcache.options(namespace="below"):
        below = cache.responses.get(REQUEST)

    assert cache.responses.get(REQUEST) is None
    assert below == "below"
    assert cache.history("s").all() == ["hello"]


def test_bypass_refresh_and_max_age_come_from_the_block_around(cache: llmcache.Cache, clock: Clock) -> None:
    """Whoever makes the call inside."""
    model = Model()
    cache.responses.get_or_call(REQUEST, model)
    with llmcache.options(bypass=True):
        bypassed = cache.responses.get_or_call(REQUEST, model)["text"]
    kept = cache.responses.get_or_call(REQUEST, model)["text"]
    with llmcache.options(refresh=True):
        refreshed = cache.responses.get_or_call(REQUEST, model)["text"]
    clock.now += 100
    with llmcache.options(max_age=99):
        too_old = cache.responses.get_or_call(REQUEST, model)["text"]

    assert [bypassed, kept, refreshed, too_old] == ["answer 2", "answer 1", "answer 3", "answer 4"]
    assert model.calls == 4


def test_find_and_offer_obey_bypass_too(cache: llmcache.Cache) -> None:
    """The look-up half and the keeping half of an integration."""
    cache.responses.put(REQUEST, "x")
    with llmcache.options(bypass=True):
        seen = cache.responses.get(REQUEST)
    with llmcache.options(refresh=True):
        refreshed = cache.responses.get(REQUEST)

    assert (seen, refreshed) == (None, None)
    assert cache.responses.get(REQUEST) == "x"


def test_tenants_never_share(url: str) -> None:
    """The same request of two tenants is two entries; no tenant is an error, not a shared one."""
    tenant: ContextVar[str] = ContextVar("tenant")
    model = Model()
    with llmcache.open(url, tenant=tenant) as cache:
        answers = []
        for name in ("a", "b", "a"):
            token = tenant.set(name)
            answers.append(cache.responses.get_or_call(REQUEST, model)["text"])
            tenant.reset(token)

        assert answers == ["answer 1", "answer 2", "answer 1"]
        with pytest.raises(UsageError, match="no tenant is set"):
            cache.responses.get(REQUEST)


def test_a_tenant_may_come_from_a_function_and_must_be_a_text(url: str) -> None:
    """An empty one is refused, because it would be shared."""
    names: list[Any] = ["a/b", "a", "", None]
    with llmcache.open(url, tenant=lambda: names.pop(0)) as cache:
        cache.responses.put(REQUEST, "of a/b")

        assert cache.responses.get(REQUEST) is None
        for _ in range(2):
            with pytest.raises(UsageError, match="tenant is a non-empty text"):
                cache.responses.get(REQUEST)


@pytest.mark.parametrize("bad", [{"choices": [{"finish_reason": "length"}]}, {"error": "x"}, "", None])
def test_answers_not_worth_keeping_are_returned_and_not_kept(cache: llmcache.Cache, bad: Any) -> None:
    """The next caller gets another chance."""
    answer = cache.responses.get_or_call(REQUEST, lambda: bad)

    assert answer == bad
    assert cache.responses.find(REQUEST) is None
    assert cache.stats().not_admitted == 1


def test_an_answer_that_is_no_data_is_returned_and_counted(cache: llmcache.Cache) -> None:
    """An object cannot be kept; the caller has it all the same."""
    thing = object()

    assert cache.responses.get_or_call(REQUEST, lambda: thing) is thing
    assert cache.stats().not_encodable == 1
    with pytest.raises(UsageError):
        cache.responses.put(REQUEST, thing)


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("error", [ValueError("mine"), StopIteration("mine"), StopAsyncIteration("mine")], ids=repr)
async def test_an_exception_of_the_call_passes_unchanged(cache: llmcache.Cache, error: Exception, bypass: bool) -> None:
    """Also those that generators are touchy about arrive as they are, under a listener too, and nothing is kept."""
    listening = llmcache.Cache(replace(cache.setup, listener=list[Told]().append))

    def fail() -> None:
        raise error

    for one in (cache, listening):
        with llmcache.options(bypass=bypass), pytest.raises(type(error)) as raised:
            one.responses.get_or_call(REQUEST, fail)

        assert raised.value is error
    if not isinstance(error, StopIteration):
        with pytest.raises(type(error)) as raised:
            await cache.awaiting.responses.get_or_call(REQUEST, fail)

        assert raised.value is error
    assert cache.responses.get(REQUEST) is None


async def test_stop_iteration_is_the_cause_where_it_cannot_be_awaited(cache: llmcache.Cache) -> None:
    """No coroutine can raise `StopIteration`: as in any `await`, a `RuntimeError` tells it, and never an answer."""
    error = StopIteration("mine")

    def fail() -> None:
        raise error

    with pytest.raises(RuntimeError) as raised:
        await cache.awaiting.responses.get_or_call(REQUEST, fail)

    assert raised.value.__cause__ is error
    assert await cache.awaiting.responses.get(REQUEST) is None


async def test_a_blocking_cache_refuses_what_can_be_awaited(cache: llmcache.Cache) -> None:
    """A coroutine, a future or a task would be handed out as the answer otherwise, and nothing is kept."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(Model().later())
    calls: list[Callable[[], Any]] = [Model().later, lambda: future, lambda: task]
    for call in calls:
        with pytest.raises(UsageError, match="open_async"):
            cache.responses.get_or_call(REQUEST, call)
    await task

    assert cache.responses.get(REQUEST) is None
    assert cache.stats().not_encodable == 0


def test_a_ready_key_is_taken_as_it_is(cache: llmcache.Cache) -> None:
    """For integrations that make their own."""
    cache.responses.put(REQUEST, "x")
    key = request_key(REQUEST, Namespace.of("shop"))
    found = cache.responses.find(key)
    cache.responses.delete(key)

    assert found is not None
    assert found.entry.value == "x"
    assert cache.responses.get(REQUEST) is None
    with pytest.raises(UsageError, match=r"a llmcache\.Request, found str"):
        cache.responses.get("question")  # type: ignore[arg-type] # the mistake under test


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf"), "60", True])
def test_a_wrong_ttl_is_refused_before_the_model_is_called(cache: llmcache.Cache, ttl: Any) -> None:
    """Zero and negative times have no meaning."""
    model = Model()
    with pytest.raises(UsageError, match="ttl is"):
        cache.responses.get_or_call(REQUEST, model, ttl=ttl)

    assert model.calls == 0


def test_use_after_close_is_a_clear_error(cache: llmcache.Cache) -> None:
    """Before anything is paid."""
    model = Model()
    cache.close()
    cache.close()
    with pytest.raises(ClosedError, match="closed"):
        cache.responses.get_or_call(REQUEST, model)

    assert model.calls == 0


def test_stats_count_what_happened(cache: llmcache.Cache) -> None:
    """Hits and misses add up to the look-ups."""
    for _ in range(4):
        cache.responses.get_or_call(REQUEST, Model())
    stats = cache.stats()

    assert (stats.hits, stats.misses, stats.kept, stats.hit_rate) == (3, 1, 1, 0.75)
    assert stats.as_dict()["hits"] == 3


async def test_only_a_request_can_be_answered_or_put(cache: llmcache.Cache) -> None:
    """A text is none, and a key does not tell the model; the function is not called."""
    model = Model()
    for wrong in ("hi", request_key(REQUEST, cache.namespace)):
        with pytest.raises(UsageError, match=r"asked is a llmcache.Request, found (str|Key)"):
            cache.responses.get_or_call(wrong, model)  # type: ignore[arg-type] # the point
        with pytest.raises(UsageError, match=r"found (str|Key)"):
            cache.responses.put(wrong, "x")  # type: ignore[arg-type] # the point
        with pytest.raises(UsageError, match=r"found (str|Key)"):
            await cache.awaiting.responses.put(wrong, "x")  # type: ignore[arg-type] # the point
    with pytest.raises(UsageError, match="found str"):
        cache.responses.get("hi")  # type: ignore[arg-type] # the point

    assert model.calls == 0
