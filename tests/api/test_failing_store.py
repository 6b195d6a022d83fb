"""A store that fails never costs an answer, and at most one deadline: faults x products x colours."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import llmcache
from llmcache.errors import LLMCacheError, StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.model.namespace import Namespace
from llmcache_langchain import LLMCache
from tests.api.failing import Fault, failing_cache
from tests.langchain.models import FakeModel

FAULTS: dict[str, Callable[[], Fault]] = {
    "hung": lambda: Fault(StoreTimeout("late"), takes=0.1),
    "slowly unreachable": lambda: Fault(StoreUnavailable("down"), takes=0.09),
    "refused": lambda: Fault(StoreUnavailable("down")),
    "read-only": lambda: Fault(StoreRefused("no")),
    "full": lambda: Fault(StoreLimit("full")),
    "foreign": lambda: Fault(ConnectionResetError("foreign")),
    "foreign timeout": lambda: Fault(TimeoutError("foreign"), takes=0.1),
    "ours, but odd": lambda: Fault(LLMCacheError("odd")),
}
LATE = ["hung", "slowly unreachable", "foreign timeout"]
"""Faults each of which takes a deadline, or nearly."""

Ask = Callable[[llmcache.Cache, str], str]


def request(text: str) -> llmcache.Request:
    """Ask a model something."""
    return llmcache.Request("m", [{"role": "user", "content": text}])


def get_or_call(cache: llmcache.Cache, text: str) -> str:
    """Ask, blocking."""
    return str(cache.responses.get_or_call(request(text), lambda: f"you said: {text}"))


def get_or_call_async(cache: llmcache.Cache, text: str) -> str:
    """Ask, awaited."""

    async def call() -> str:
        return f"you said: {text}"

    return str(asyncio.run(awaited(cache.awaiting.responses.get_or_call(request(text), call))))


async def awaited(answer: Awaitable[Any]) -> Any:
    """Await what is no coroutine."""
    return await answer


def invoke(cache: llmcache.Cache, text: str) -> str:
    """Ask through LangChain, blocking."""
    return FakeModel(cache=LLMCache(cache)).invoke(text).text


def ainvoke(cache: llmcache.Cache, text: str) -> str:
    """Ask through LangChain, awaited."""
    return asyncio.run(FakeModel(cache=LLMCache(cache)).ainvoke(text)).text


PRODUCTS: list[Ask] = [get_or_call, get_or_call_async, invoke, ainvoke]


@pytest.mark.parametrize("ask", PRODUCTS)
@pytest.mark.parametrize("name", FAULTS)
def test_answer_is_returned_whatever_the_store_does(name: str, ask: Ask) -> None:
    """Each model call gets its own answer; every failure is counted, and none is raised."""
    fault = FAULTS[name]()
    cache = failing_cache(fault)
    answers = [ask(cache, text) for text in "abcd"]
    stats = cache.stats()

    assert [f"you said: {text}" for text in "abcd"] == answers
    assert 8 == stats.store_failed + stats.too_large
    assert (0, 0) == (stats.kept, stats.hits)


@pytest.mark.parametrize("ask", PRODUCTS)
@pytest.mark.parametrize("name", LATE)
def test_model_call_loses_one_deadline(name: str, ask: Ask) -> None:
    """The look-up meets the fault, keeping is refused without asking, and further calls do not ask at all."""
    fault = FAULTS[name]()
    cache = failing_cache(fault)
    for text in "abcd":
        ask(cache, text)

    assert ["get_many"] == fault.asked
    assert fault.takes == fault.now
    assert 1 == cache.stats().breaker_opened


@pytest.mark.parametrize("ask", PRODUCTS)
def test_model_call_that_began_well_loses_one_deadline(ask: Ask) -> None:
    """Where the store hangs between look-up and keeping, keeping loses it, and the next look-up does not."""
    fault = Fault(StoreTimeout("late"), takes=0.1, spares=1)
    cache = failing_cache(fault)
    for text in "ab":
        ask(cache, text)

    assert (["get_many", "put_many"], 0.1) == (fault.asked, fault.now)


@pytest.mark.parametrize("spared", [0, 1, 2])
@pytest.mark.parametrize("ask", PRODUCTS)
def test_calls_shared_with_other_processes_lose_one_deadline(ask: Ask, spared: int) -> None:
    """Whichever of look-up, lease and keeping meets the hung store, the others are refused."""
    fault = Fault(StoreTimeout("late"), takes=0.1, spares=spared)
    cache = failing_cache(fault)
    with llmcache.options(coalesce="shared"):
        answers = [ask(cache, text) for text in "ab"]

    assert ["you said: a", "you said: b"] == answers
    assert (spared + 1, 0.1) == (len(fault.asked), fault.now)


@pytest.mark.parametrize("ask", PRODUCTS)
def test_store_that_comes_back_is_found_by_one_read(ask: Ask) -> None:
    """A probe, then all as before: answers are kept and hit again."""
    fault = FAULTS["hung"]()
    cache = failing_cache(fault)
    ask(cache, "a")
    fault.error = None
    ask(cache, "b")
    asked_while_open = list(fault.asked)
    fault.now += 1.0
    for text in ("c", "c"):
        ask(cache, text)
    stats = cache.stats()

    assert ["get_many"] == asked_while_open
    assert ["get_many", "put_many", "get_many"] == fault.asked[1:]
    assert (1, 1, 1) == (stats.kept, stats.hits, stats.breaker_closed)


@pytest.mark.parametrize("ask", PRODUCTS)
def test_store_that_stays_away_costs_a_deadline_now_and_then(ask: Ask) -> None:
    """Of twenty model calls, one second apart, few ask it, each of those once."""
    fault = FAULTS["hung"]()
    cache = failing_cache(fault)
    for number in range(20):
        ask(cache, str(number))
        fault.now += 1.0

    assert {"get_many"} == set(fault.asked)
    assert 4 <= len(fault.asked) <= 7
    assert len(fault.asked) == cache.stats().timed_out == 1 + cache.stats().breaker_probed


@pytest.mark.parametrize("colour", ["blocking", "async"])
def test_conversations_raise_and_are_asked_always(colour: str) -> None:
    """Whatever the breaker says about entries, each call on a conversation reaches the store and raises what it raises."""
    fault = FAULTS["hung"]()
    cache = failing_cache(fault)
    get_or_call(cache, "a")

    def append() -> object:
        if colour == "blocking":
            return cache.history("s").append(["hi"])
        return asyncio.run(cache.awaiting.history("s").append(["hi"]))

    for _ in range(3):
        with pytest.raises(StoreTimeout, match="late"):
            append()
        with pytest.raises(StoreTimeout, match="late"):
            cache.history("s").all()
    fault.error = None
    cache.history("s").append(["there"])

    assert ["there"] == cache.history("s").all()
    assert "get_many" == fault.asked[0]
    assert "get_many" not in fault.asked[1:]


def test_whoever_asks_for_it_by_name_is_told() -> None:
    """Putting, deleting and clearing have nobody else to hand the failure to; the message says what to do."""
    cache = failing_cache(FAULTS["hung"]())
    get_or_call(cache, "a")

    asked: list[Callable[[], None]] = [
        lambda: cache.responses.put(request("b"), "x"),
        lambda: cache.responses.delete(request("b")),
        cache.responses.clear,
        lambda: cache.clear(tags=("faq",)),
    ]
    for ask in asked:
        with pytest.raises(StoreError, match=r"remote was not asked for .*: it failed before, .*; nothing was done"):
            ask()


def test_both_colours_share_one_breaker() -> None:
    """What one has found out the other need not."""
    fault = FAULTS["hung"]()
    cache = failing_cache(fault)
    get_or_call(cache, "a")
    get_or_call_async(cache, "b")

    assert ["get_many"] == fault.asked


def test_namespaces_and_caches_of_one_setup_share_it_too() -> None:
    """A tenant is no store."""
    fault = FAULTS["hung"]()
    cache = failing_cache(fault)
    get_or_call(cache, "a")
    with llmcache.options(namespace=Namespace.of("tenant").text):
        get_or_call(llmcache.Cache(cache.setup), "a")

    assert ["get_many"] == fault.asked
