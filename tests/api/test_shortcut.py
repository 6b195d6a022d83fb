"""The shortcut answers as the flow would: the two are held beside each other."""

from collections.abc import Callable, Iterator

import pytest

import llmcache
from llmcache.api.counters import Stats
from llmcache.keys import request_key
from llmcache.protocols.key_value import Put
from llmcache.protocols.store_ops import PutMany
from tests.stores import Clock, Fresh

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])


@pytest.fixture
def pair(fresh: Fresh, clock: Clock) -> Iterator[tuple[llmcache.Cache, llmcache.Cache]]:
    """Two caches alike, but that a listener on the second keeps it from taking the shortcut."""
    with (
        llmcache.open(fresh(), clock=clock) as quick,
        llmcache.open(fresh(), clock=clock, listener=lambda told: None) as slow,
    ):
        yield quick, slow


def _nothing(cache: llmcache.Cache, clock: Clock) -> None:
    """Leave the store empty."""


def _plain(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, {"a": [1]})


def _living(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, "x", ttl=1000)


def _tagged(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, "x", tags=("t",))


def _cleared(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, "x", tags=("t",))
    cache.clear(tags=("t",))


def _outlived(cache: llmcache.Cache, clock: Clock) -> None:
    """Keep an entry whose own time is over, in a store that was told to keep it longer."""
    cache.responses.put(REQUEST, "x", ttl=1)
    _rewrite(cache, lambda body: body)


def _garbage(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, "x")
    _rewrite(cache, lambda body: body[:-2])


def _newer(cache: llmcache.Cache, clock: Clock) -> None:
    cache.responses.put(REQUEST, "x")
    _rewrite(cache, lambda body: body.replace(b'"llmcache":1', b'"llmcache":2', 1))


def _rewrite(cache: llmcache.Cache, change: Callable[[bytes], bytes]) -> None:
    key = request_key(REQUEST, cache.namespace)
    PutMany([Put(key, change(cache.body(key) or b""))]).on(cache.setup.blocking_world)


PREPARATIONS = [_nothing, _plain, _living, _tagged, _cleared, _outlived, _garbage, _newer]
"""What is kept, in all the ways that matter to a look-up."""


@pytest.mark.parametrize("prepare", PREPARATIONS, ids=lambda prepare: prepare.__name__[1:])
def test_shortcut_and_flow_agree(
    pair: tuple[llmcache.Cache, llmcache.Cache], clock: Clock, prepare: Callable[[llmcache.Cache, Clock], None]
) -> None:
    """The same answer and the same counters, on the first and on a repeated look-up."""
    looked_up = [looked_up_after(prepare, cache, clock) for cache in pair]

    assert looked_up[0] == looked_up[1]


def looked_up_after(
    prepare: Callable[[llmcache.Cache, Clock], None], cache: llmcache.Cache, clock: Clock
) -> tuple[list[object], Stats]:
    """Prepare a cache, look up twice a little later, and return the answers and what was counted."""
    prepare(cache, clock)
    clock.now += 10
    answers: list[object] = [cache.responses.get(REQUEST) for _ in range(2)]
    clock.now -= 10
    return answers, cache.stats()


async def test_the_async_twin_takes_it_too(pair: tuple[llmcache.Cache, llmcache.Cache]) -> None:
    """Hits and misses alike."""
    for cache in pair:
        missed = await cache.awaiting.responses.get(REQUEST)
        cache.responses.put(REQUEST, "x")

        assert (missed, await cache.awaiting.responses.get(REQUEST)) == (None, "x")
        assert (cache.stats().misses, cache.stats().hits) == (1, 1)


def test_a_closed_store_raises_on_both_ways(pair: tuple[llmcache.Cache, llmcache.Cache]) -> None:
    """The shortcut leaves every failure to the flow."""
    for cache in pair:
        cache.close()
        with pytest.raises(llmcache.ClosedError):
            cache.responses.get(REQUEST)
