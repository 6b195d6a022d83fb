"""The chat history, in both colours, on every kind of store."""

from typing import Any

import pytest

import llmcache
from llmcache.errors import DecodeError, UsageError
from llmcache.protocols.store_ops import Append
from tests.stores import Clock

TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello", "n": 1}]


def test_messages_come_back_in_order(cache: llmcache.Cache) -> None:
    """All of them, or the last few, oldest first."""
    log = cache.history("session-1")
    lengths = [log.append(TURNS), log.append([TURNS[0]])]

    assert lengths == [2, 3]
    assert log.all() == [*TURNS, TURNS[0]]
    assert log.last(2) == [TURNS[1], TURNS[0]]
    assert log.last(99) == log.all()
    assert log.length() == 3


async def test_both_colours_share_the_conversation(cache: llmcache.Cache) -> None:
    """Written by one, read by the other."""
    blocking, awaiting = cache.history("s"), cache.awaiting.history("s")
    blocking.append(["a"])
    await awaiting.append(["b", "c"])

    assert await awaiting.all() == ["a", "b", "c"]
    assert await awaiting.last(1) == ["c"]
    assert (blocking.length(), await awaiting.length()) == (3, 3)
    assert [entry.value for entry in await awaiting.entries(0, 1)] == ["a"]
    await awaiting.clear()
    assert blocking.all() == []


def test_sessions_and_namespaces_are_apart(cache: llmcache.Cache) -> None:
    """Whatever their names contain."""
    names = ["a", "a:b", "a/b", "A", "å", "a*", "x" * 100]
    for name in names:
        cache.history(name).append([name])
    with llmcache.options(namespace="tenant"):
        other = cache.history("a").all()

    assert [cache.history(name).all() for name in names] == [[name] for name in names]
    assert other == []


def test_a_cap_keeps_the_newest(cache: llmcache.Cache) -> None:
    """The oldest go in the same step."""
    log = cache.history("s", max_messages=3)

    assert [log.append([n]) for n in range(5)] == [1, 2, 3, 3, 3]
    assert log.all() == [2, 3, 4]


def test_each_append_starts_the_time_to_live_anew(cache: llmcache.Cache, clock: Clock) -> None:
    """A conversation ends `ttl` after its last message."""
    log = cache.history("s", ttl=60)
    log.append(["a"])
    clock.now += 50
    log.append(["b"])
    clock.now += 50
    alive = log.all()
    clock.now += 10

    assert alive == ["a", "b"]
    assert (log.all(), log.length()) == ([], 0)


def test_clear_drops_one_conversation(cache: llmcache.Cache) -> None:
    """And it can begin again."""
    cache.history("a").append(["x"])
    cache.history("b").append(["y"])
    cache.history("a").clear()
    cache.history("a").append(["z"])

    assert (cache.history("a").all(), cache.history("b").all()) == (["z"], ["y"])


def test_a_message_that_is_no_data_leaves_the_conversation_as_it_was(cache: llmcache.Cache) -> None:
    """All or none."""
    log = cache.history("s")
    log.append(["before"])
    with pytest.raises(UsageError):
        log.append(["fine", object()])

    assert log.all() == ["before"]


def test_a_damaged_message_is_an_error_that_says_which(cache: llmcache.Cache) -> None:
    """Nothing is silently left out."""
    log = cache.history("s")
    log.append(["fine"])
    Append(log.key, [b"not ours"]).on(cache.setup.blocking_world)
    with pytest.raises(DecodeError, match="message 1 of the 2 read"):
        log.all()


@pytest.mark.parametrize("wrong", ["text", b"bytes", {"role": "user"}])
def test_one_message_without_a_list_is_the_mistake_people_make(cache: llmcache.Cache, wrong: Any) -> None:
    """It says what to write."""
    with pytest.raises(UsageError, match=r"write append\(\[message\]\)"):
        cache.history("s").append(wrong)


@pytest.mark.parametrize("n", [0, -1, True, 1.5, "2"])
def test_last_takes_whole_numbers_from_one(cache: llmcache.Cache, n: Any) -> None:
    """`last(0)` would be everything by Python's slices."""
    with pytest.raises(UsageError, match="at least 1"):
        cache.history("s").last(n)


@pytest.mark.parametrize("settings", [{"ttl": 0}, {"ttl": -5}, {"max_messages": 0}, {"max_messages": True}])
def test_wrong_settings_are_refused_at_once(cache: llmcache.Cache, settings: dict[str, Any]) -> None:
    """Not only at the first append."""
    with pytest.raises(UsageError):
        cache.history("s", **settings)


def test_an_empty_name_is_refused(cache: llmcache.Cache) -> None:
    """Every session would be the same."""
    with pytest.raises(UsageError, match="non-empty"):
        cache.history("")


@pytest.mark.parametrize("wrong", ["text", b"bytes", {"role": "user"}, None, 5])
def test_what_is_no_list_of_messages_is_refused(cache: llmcache.Cache, wrong: Any) -> None:
    """The mistake is forgetting the brackets; nothing was appended."""
    log = cache.history("s")
    with pytest.raises(UsageError, match=rf"found one {type(wrong).__name__}; write append\(\[message\]\)"):
        log.append(wrong)

    assert log.length() == 0


@pytest.mark.parametrize("wrong", [0, -1, True, 2.5, "3"])
def test_a_wrong_cap_is_refused_before_anything_is_written(cache: llmcache.Cache, wrong: Any) -> None:
    """It is a whole number from 1."""
    with pytest.raises(UsageError, match=r"max_messages is .*; allowed are whole numbers from 1"):
        cache.history("s", max_messages=wrong)
