"""A cache whose store has a near tier."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import llmcache
from llmcache.api.cache import Cache
from llmcache.errors import ClosedError
from llmcache.model.event import Event, Told
from llmcache.model.key import Kind
from tests.api.test_shortcut import PREPARATIONS, looked_up_after
from tests.forks import in_child
from tests.stores import Clock

REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])
FILE = """
[llmcache]
namespace = "shop"
store = "shared"
[stores.shared]
url = "sqlite:./kept"
near = { max_bytes = "1MiB", ttl = "30s" }
"""
Opening = Callable[..., Cache]


@pytest.fixture
def opening(tmp_path: Path, clock: Clock) -> Iterator[Opening]:
    """Opens one more handle on the same store, each with a near tier of its own, as another process would have."""
    path = tmp_path / "llmcache.toml"
    path.write_text(FILE)
    opened: list[Cache] = []

    def one_more(**given: object) -> Cache:
        opened.append(llmcache.open(str(path), clock=clock, **given))  # type: ignore[arg-type]  # as the test gives it
        return opened[-1]

    yield one_more
    for cache in opened:
        cache.close()


def test_repeated_hit_is_served_from_near(opening: Opening) -> None:
    """The first one is read from the store, and counted alike."""
    ours, theirs = opening(), opening()
    theirs.responses.put(REQUEST, {"a": [1]})
    found = [ours.responses.get(REQUEST) for _ in range(3)]
    counted = ours.stats()

    assert [{"a": [1]}] * 3 == found
    assert (3, 2, 0) == (counted.hits, counted.near_hits, counted.misses)
    assert 300 < counted.near_bytes < 2_000


def test_what_is_handed_out_is_the_callers_own(opening: Opening) -> None:
    """Changing an answer changes no later one, although the decoded one is kept."""
    cache = opening()
    cache.responses.put(REQUEST, {"a": [1]})
    for _ in range(4):
        answer = cache.responses.get(REQUEST)
        answer["a"].append(2)

    assert {"a": [1]} == cache.responses.get(REQUEST)


def test_own_writes_are_seen_at_once(opening: Opening) -> None:
    """Putting, deleting and clearing leave no older copy."""
    cache = opening()
    seen: list[object] = []
    changes: tuple[Callable[[], object], ...] = (
        lambda: cache.responses.put(REQUEST, 1),
        lambda: cache.responses.put(REQUEST, 2),
        lambda: cache.responses.delete(REQUEST),
        lambda: cache.responses.put(REQUEST, 3),
        cache.responses.clear,
        lambda: cache.responses.put(REQUEST, 4),
        cache.clear,
    )
    for change in changes:
        change()
        seen += [cache.responses.get(REQUEST), cache.responses.get(REQUEST)]

    assert [1, 1, 2, 2, None, None, 3, 3, None, None, 4, 4, None, None] == seen


def test_change_by_another_is_seen_within_the_near_time_to_live(opening: Opening, clock: Clock) -> None:
    """SQLite tells nobody, so the near time to live alone bounds how old an answer may be."""
    ours, theirs = opening(), opening()
    theirs.responses.put(REQUEST, "old")
    seen = [ours.responses.get(REQUEST)]
    theirs.responses.put(REQUEST, "new")
    clock.now += 29.9
    seen.append(ours.responses.get(REQUEST))
    clock.now += 0.1
    seen.append(ours.responses.get(REQUEST))

    assert ["old", "old", "new"] == seen


def test_cleared_tag_is_seen_at_once_by_all(opening: Opening) -> None:
    """The marks of tags are never kept near, so what another has cleared by tag is not served from a copy."""
    ours, theirs = opening(), opening()
    ours.responses.put(REQUEST, "x", tags=("t",))
    before = ours.responses.get(REQUEST)
    theirs.clear(tags=("t",))

    assert ("x", None) == (before, ours.responses.get(REQUEST))
    assert (2, 1) == (ours.stats().near_hits, ours.stats().cleared)


def test_answer_is_served_no_longer_than_it_lives(opening: Opening, clock: Clock) -> None:
    """Also where the copy was read from the store, which does not say how long it has left."""
    ours, theirs = opening(), opening()
    theirs.responses.put(REQUEST, "x", ttl=10)
    before = ours.responses.get(REQUEST)
    clock.now += 10

    assert ("x", None) == (before, ours.responses.get(REQUEST))


async def test_near_hit_is_answered_in_the_event_loop(opening: Opening) -> None:
    """Without a thread and without a turn of the loop, whatever the store behind would need."""
    cache = opening().awaiting
    await cache.responses.put(REQUEST, "x")
    before = threading.active_count()
    asking = cache.responses.get(REQUEST)
    with pytest.raises(StopIteration) as finished:
        asking.send(None)

    assert "x" == finished.value.value
    assert before == threading.active_count()


async def test_both_colours_share_one_near_tier(opening: Opening) -> None:
    """What one has written is at hand for the other."""
    cache = opening()
    await cache.awaiting.responses.put(REQUEST, "x")

    assert ("x", 1) == (cache.responses.get(REQUEST), cache.stats().near_hits)


async def test_closed_cache_serves_no_copy(opening: Opening) -> None:
    """Use after close is an error, although the answer was at hand."""
    for closes_by_awaiting in (True, False):
        cache = opening()
        cache.responses.put(REQUEST, "x")
        await (cache.awaiting.close() if closes_by_awaiting else asyncio.to_thread(cache.close))
        with pytest.raises(ClosedError):
            cache.responses.get(REQUEST)
        with pytest.raises(ClosedError):
            await cache.awaiting.responses.get(REQUEST)

        assert cache.stats().near_bytes == 0


def test_listener_hears_the_same_as_the_counters(opening: Opening) -> None:
    """A cache with a listener takes the long way, and counts near hits alike."""
    told: list[Told] = []
    cache = opening(listener=told.append)
    cache.responses.put(REQUEST, "x")
    cache.responses.get(REQUEST)

    assert (1, 1) == (cache.stats().near_hits, cache.stats().hits)
    assert ["kept", "near_hits", "hits"] == [one.what.value for one in told if isinstance(one, Event)]


def test_child_process_has_a_near_tier_of_its_own(opening: Opening) -> None:
    """It reads from the store what its parent has at hand, and keeps copies from then on."""
    cache = opening()
    cache.responses.put(REQUEST, "x")

    def reads_twice() -> bool:
        found = [cache.responses.get(REQUEST) for _ in range(2)]
        return found == ["x", "x"] and cache.stats().near_hits == 1

    assert in_child(reads_twice) == 0


def test_conversations_pass_through(opening: Opening) -> None:
    """What others append is there at once."""
    ours, theirs = opening(), opening()
    for number, cache in enumerate((ours, theirs, ours)):
        cache.history("h").append([{"n": number}])

    assert [{"n": 0}, {"n": 1}, {"n": 2}] == ours.history("h").all()
    assert ours.setup.of(Kind.HISTORY) is ours.setup


@pytest.mark.parametrize("prepare", PREPARATIONS, ids=lambda prepare: prepare.__name__[1:])
def test_shortcut_and_flow_agree(
    opening: Opening, tmp_path: Path, clock: Clock, prepare: Callable[[Cache, Clock], None]
) -> None:
    """A near copy is judged in the same way before any steps begin and by them: the same answers and counters."""
    quick = looked_up_after(prepare, opening(namespace="quick"), clock)
    slow = looked_up_after(prepare, opening(namespace="slow-", listener=lambda told: None), clock)

    assert (quick[0], replace(quick[1], near_bytes=0)) == (slow[0], replace(slow[1], near_bytes=0))
