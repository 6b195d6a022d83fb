"""A sealed cache does what a readable one does, in both colours, and takes nothing that was not sealed for it."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import llmcache
from llmcache.codec.envelope import pack
from llmcache.keys import request_key
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from tests.stores import Clock

NEW, OLD, NAMES = (bytes([number]) * 32 for number in (1, 2, 3))
SEALS = [llmcache.Seal(NEW), llmcache.Seal(NEW, OLD, names=NAMES)]
ASKED = llmcache.Request("m", [{"role": "user", "content": "What is my balance?"}])
OTHER = llmcache.Request("m", [{"role": "user", "content": "And yours?"}])
Open = Callable[..., llmcache.Cache]


@pytest.fixture
def opening(tmp_path: Path, clock: Clock) -> Open:
    """Opens the same SQLite store with one seal or another."""
    return lambda seal=None: llmcache.open(f"sqlite:{tmp_path / 'store'}", namespace="shop", seal=seal, clock=clock)


def keys_in(cache: llmcache.Cache) -> list[Key]:
    """Every key of the store, marks of tags included."""
    return [listed.key for use in cache.spaces() for listed in cache.scan(use.space)]


def put(cache: llmcache.Cache, key: Key, body: bytes | None) -> None:
    """Write to the store behind the cache's back."""
    assert body is not None
    cache.setup.blocking_world.store.put_many([Put(key, body)])


@pytest.mark.parametrize("seal", SEALS, ids=repr)
def test_answers_tags_and_conversations_are_what_they_were(seal: llmcache.Seal, url: str, clock: Clock) -> None:
    """Kept, found, cleared by tag, expired, deleted; appended and read."""
    with llmcache.open(url, seal=seal, clock=clock) as cache:
        cache.responses.put(ASKED, {"text": "12"}, tags=("money",))
        cache.responses.put(OTHER, "13", ttl=60.0)
        found = [cache.responses.get(ASKED), cache.responses.get(ASKED), cache.responses.get(OTHER)]
        entry = cache.responses.find(ASKED)
        clock.now += 60.0
        cache.clear(tags=("money",))
        gone = [cache.responses.get(ASKED), cache.responses.get(OTHER)]
        called = cache.responses.get_or_call(ASKED, lambda: "14")
        cache.responses.delete(ASKED)
        history = cache.history("ada", ttl=60.0)
        counts = [history.append(["a"]), history.append(["b", "c"])]
        read = (history.all(), history.last(1), cache.history("bob").all())

    assert [{"text": "12"}, {"text": "12"}, "13"] == found
    assert entry is not None
    assert ("money",) == entry.entry.tags
    assert ([None, None], "14", [1, 3], (["a", "b", "c"], ["c"], [])) == (gone, called, counts, read)
    assert (4, 2, 0) == (cache.stats().hits, cache.stats().cleared, cache.stats().unreadable)


@pytest.mark.parametrize("seal", SEALS, ids=repr)
async def test_both_colours_share_a_sealed_store(seal: llmcache.Seal, url: str) -> None:
    """What one writes the other reads."""
    async with llmcache.open_async(url, seal=seal) as cache:
        await cache.responses.put(ASKED, "12", tags=("money",))
        await cache.history("ada").append(["a"])
        seen = (
            cache.blocking.responses.get(ASKED),
            cache.blocking.history("ada").all(),
            await cache.responses.get(ASKED),
        )
        await cache.clear(tags=("money",))
        cleared = await cache.responses.get(ASKED)

    assert (("12", ["a"], "12"), None) == (seen, cleared)


def test_a_conversation_that_does_not_slide_keeps_its_end(tmp_path: Path, clock: Clock) -> None:
    """The end stands inside of the last message, which is opened to read it."""
    (tmp_path / "llmcache.toml").write_text('[llmcache]\nstore = "memory:"\nhistory = { ttl = 60, sliding = false }\n')
    with llmcache.open(str(tmp_path / "llmcache.toml"), seal=SEALS[1], clock=clock) as cache:
        history = cache.history("ada")
        history.append(["a"])
        clock.now += 50.0
        history.append(["b"])
        ends = [entry.expires_at for entry in history.entries()]

    assert [1_000_060.0] * 2 == ends


def test_another_seal_or_none_sees_counted_misses(opening: Open) -> None:
    """Whoever has a key that sealed it reads it; for others it is unreadable, which is no error, and is paid again."""
    with opening(llmcache.Seal(OLD)) as cache:
        cache.responses.put(ASKED, "12")
    answers = {}
    for name, seal in (("rotated", llmcache.Seal(NEW, OLD)), ("other", llmcache.Seal(NEW)), ("none", None)):
        with opening(seal) as cache:
            answers[name] = (cache.responses.get(ASKED), cache.stats().hits, cache.stats().unreadable)

    assert {"rotated": ("12", 1, 0), "other": (None, 0, 1), "none": (None, 0, 1)} == answers


def test_a_planted_answer_is_a_counted_miss(opening: Open) -> None:
    """Readable, or sealed for another key: `get_or_call` pays and puts it right."""
    with opening(SEALS[0]) as cache:
        cache.responses.put(OTHER, "theirs")
        mine, theirs = (cache.setup.envelopes.named(key) for key in (_key(cache, ASKED), _key(cache, OTHER)))
        for body in (pack(Entry("planted", 1_000_000.0), mine), cache.body(theirs), b"llmcache-sealed:", b""):
            put(cache, mine, body)
            before = cache.stats().unreadable

            assert "paid" == cache.responses.get_or_call(ASKED, lambda: "paid")
            assert 1 == cache.stats().unreadable - before
            assert "paid" == cache.responses.get(ASKED)


def test_a_mark_of_a_tag_cannot_be_forged(opening: Open) -> None:
    """A readable one, or that of another tag, counts as cleared: it never brings back what was cleared."""
    with opening(SEALS[0]) as cache:
        space = Space(cache.namespace, Kind.TAG)
        cache.responses.put(ASKED, "12", tags=("money",))
        cache.responses.put(OTHER, "13", tags=("time",))
        cache.clear(tags=("money",))
        put(cache, Key(space, "money"), pack(Entry(None, 1.0), Key(space, "money")))
        put(cache, Key(space, "time"), cache.body(Key(space, "money")))

        assert (None, None, 2) == (cache.responses.get(ASKED), cache.responses.get(OTHER), cache.stats().cleared)


def test_a_message_that_does_not_open_is_an_error_that_says_which(opening: Open) -> None:
    """SealError, not a message left out: planted, moved from another conversation, or sealed with another key."""
    with opening(SEALS[0]) as cache:
        history, other = cache.history("ada"), cache.history("bob")
        history.append(["a"])
        other.append(["b"])
        world = cache.setup.blocking_world
        (moved,) = world.log_store.read_log(other.key)
        world.log_store.append(history.key, [moved])
        with pytest.raises(
            llmcache.SealError, match=r"^message 1 of the 2 read of a history cannot be used: the seal of"
        ):
            history.all()
    for seal, reason in ((llmcache.Seal(OLD), "is sealed with a key"), (None, "this cache has no keys")):
        with opening(seal) as cache, pytest.raises(llmcache.SealError, match=rf"^message 0 of the 2 read .* {reason}"):
            cache.history("ada").all()


def test_hidden_names_are_digests_and_those_of_another_secret_are_others(opening: Open) -> None:
    """The operator of the store sees spaces and digests; without the secret nothing is found."""
    with opening(SEALS[1]) as cache:
        cache.responses.put(ASKED, "12", tags=("money",))
        cache.history("ada").append(["a"])
        cache.clear(tags=("money",))
        keys = keys_in(cache)
    with opening(llmcache.Seal(NEW, names=OLD)) as cache:
        others = (cache.history("ada").all(), cache.responses.get(ASKED), cache.stats().misses)

    assert ["history", "response", "tag"] == sorted(key.space.kind.value for key in keys)
    assert [64] * 3 == [len(key.name) for key in keys]
    assert _key(cache, ASKED) not in keys
    assert ([], None, 1) == others


def test_without_the_package_it_is_said_how_to_get_it(
    opening: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Before any store is opened, and whoever seals nothing does not need it."""
    real = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "cryptography" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(
        llmcache.PluginError, match=r"sealing needs cryptography; install with: pip install 'llmcache-kit\[seal\]'"
    ):
        opening(SEALS[0])

    assert not (tmp_path / "store").exists()
    with opening() as cache:
        cache.responses.put(ASKED, "12")


def _key(cache: llmcache.Cache, asked: llmcache.Request) -> Key:
    """The key of a request as it is without a seal."""
    return request_key(asked, cache.namespace)
