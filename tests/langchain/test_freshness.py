"""Behind LangChain's door an answer near its end is refreshed by one caller, who asks the model; the others get what is kept."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage

import llmcache
from llmcache_langchain import LLMCache
from tests.langchain.models import ASKED, FakeModel, chat
from tests.stores import Clock

TTL = 100.0
SOFT = 96.0
"""An age at which every caller would refresh."""
PATIENCE = 30.0


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[LLMCache]:
    """A cache whose answers have a soft end, and stand in for a while where the call is the cache's own."""
    with llmcache.open(url, ttl=TTL, early_refresh=0.1, stale_if_error=50, clock=clock) as opened:
        yield LLMCache(opened)


def counting() -> Callable[[list[BaseMessage]], AIMessage]:
    """Return what answers with the number of the call."""
    numbers = itertools.count(1)
    return lambda messages: AIMessage(str(next(numbers)))


async def test_one_of_several_invocations_asks_the_model(cache: LLMCache, clock: Clock) -> None:
    """Those that come while it asks get the old answer at once, in both colours; later ones get the new answer."""
    asked, go, count = threading.Event(), threading.Event(), counting()

    def answer(messages: list[BaseMessage]) -> AIMessage:
        asked.set()
        go.wait(PATIENCE)
        return count(messages)

    go.set()
    model = FakeModel(cache=cache, answer=answer)
    model.invoke("hi")
    clock.now += SOFT
    asked.clear()
    go.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(model.invoke, "hi")
        asked.wait(PATIENCE)
        others = [model.invoke("hi").text, (await model.ainvoke("hi")).text]
        go.set()

        assert (["1", "1"], "2") == (others, first.result(PATIENCE).text)
    assert ("2", 2) == ((await model.ainvoke("hi")).text, model.calls)
    assert (1, 3, 1) == (cache.stats().refreshed_early, cache.stats().hits, cache.stats().misses)


async def test_an_awaited_invocation_refreshes(cache: LLMCache, clock: Clock) -> None:
    """One call, and then hits."""
    model = FakeModel(cache=cache, answer=counting())
    await model.ainvoke("hi")
    clock.now += SOFT

    assert ["2", "2"] == [(await model.ainvoke("hi")).text for _ in range(2)]
    assert (2, 1) == (model.calls, cache.stats().refreshed_early)


def test_a_refresh_whose_model_fails_leaves_the_rest_to_the_next(cache: LLMCache, clock: Clock) -> None:
    """The caller who asked gets the model's error, as without a cache; what is kept stays, and the next one may ask."""
    broken: list[Exception] = []

    def answer(messages: list[BaseMessage]) -> AIMessage:
        if broken:
            raise broken.pop()
        return AIMessage("fine")

    model = FakeModel(cache=cache, answer=answer)
    model.invoke("hi")
    clock.now += SOFT
    broken.append(ConnectionError("down"))
    with pytest.raises(ConnectionError):
        model.invoke("hi")

    assert ("fine", 3) == (model.invoke("hi").text, model.calls)
    assert 2 == cache.stats().refreshed_early


def test_nothing_is_served_beyond_its_end(cache: LLMCache, clock: Clock) -> None:
    """It is kept for calls that are the cache's own; here the model's failure cannot be seen."""
    calls: Any = counting()
    model = FakeModel(cache=cache, answer=calls)
    model.invoke("hi")
    clock.now += TTL

    assert "2" == model.invoke("hi").text


def test_a_look_by_hand_refreshes_nothing(cache: LLMCache, clock: Clock) -> None:
    """Nobody could know whether it asks the model, so it is served."""
    cache.update(*ASKED, [chat("old")])
    clock.now += SOFT

    assert [True] * 3 == [cache.lookup(*ASKED) is not None for _ in range(3)]
    assert (0, 3) == (cache.stats().refreshed_early, cache.stats().hits)
