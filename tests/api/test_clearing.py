"""Clearing answers: by tag, by model, by namespace; and what is left alone."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache.api.asked import key_of
from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.setup import Defaults
from llmcache.codec.envelope import pack
from llmcache.codec.envelopes import READABLE
from llmcache.errors import UsageError
from llmcache.flows.tags import tag_key
from llmcache.model.entry import Entry
from llmcache.protocols.key_value import Put
from tests.clearings import CLEARINGS, fill, question
from tests.stores import Clock

MESSAGES = [{"role": "user", "content": "hi"}]
SMALL, LARGE = llmcache.Request("small", MESSAGES), llmcache.Request("large", MESSAGES)


def answers(cache: Cache) -> list[object]:
    """Return what is kept for each request."""
    return [cache.responses.get(request) for request in (SMALL, LARGE)]


async def test_answers_of_a_model_are_cleared_and_no_others(url: str, clock: Clock) -> None:
    """Those of `get_or_call` and of `put`, in both colours; what is kept later stays."""
    with llmcache.open(url, tag_models=True, clock=clock) as cache:
        for request in (SMALL, LARGE):
            cache.responses.get_or_call(request, lambda: "old")
        cache.clear(models=("small",))
        first = answers(cache)
        clock.now += 1
        cache.responses.put(SMALL, "new")
        await cache.awaiting.clear(models=("large", "unheard of"))

        assert ([None, "old"], ["new", None]) == (first, answers(cache))


def test_tags_and_models_of_one_clearing_add_up(url: str) -> None:
    """Whatever carries one of them goes."""
    with llmcache.open(url, tag_models=True) as cache:
        cache.responses.put(SMALL, "x")
        cache.responses.put(LARGE, "x", tags=("faq",))
        cache.clear(tags=("faq",), models=("small",))

        assert [None, None] == answers(cache)


def test_a_model_is_cleared_in_one_namespace_only(url: str) -> None:
    """The mark is the namespace's own."""
    with llmcache.open(url, tag_models=True) as cache:
        with llmcache.options(namespace="theirs"):
            cache.responses.put(SMALL, "theirs")
        cache.clear(models=("small",))
        with llmcache.options(namespace="theirs"):
            assert "theirs" == cache.responses.get(SMALL)


def test_a_clearing_by_model_that_could_clear_nothing_is_refused(cache: Cache) -> None:
    """With what to do instead; and nothing is cleared."""
    cache.responses.put(SMALL, "x")
    with pytest.raises(UsageError, match=r"tag_models=True.*tags=\('model:small',\)"):
        cache.clear(models=("small",))
    with pytest.raises(UsageError, match="models is a collection of texts"):
        cache.clear(models="small")

    assert ["x", None] == answers(cache)


def test_whoever_reads_heeds_the_tag_of_a_model(url: str) -> None:
    """The tag stands in the answer, so that a cache that does not tag sees the clearing of one that does."""
    with llmcache.open(url, tag_models=True) as tagging:
        tagging.responses.put(SMALL, "x", tags=("model:small",))
        found = tagging.responses.find(SMALL)
        tagging.clear(models=("small",))
        reading = Cache(replace(tagging.setup, defaults=Defaults()))

        assert found is not None
        assert ("model:small",) == found.entry.tags
        assert reading.responses.get(SMALL) is None


@pytest.mark.parametrize("clearing", CLEARINGS)
@pytest.mark.parametrize("scheme", ["sqlite", "disk"])
def test_foreign_files_beside_a_store_are_what_they_were(tmp_path: Path, scheme: str, clearing: str) -> None:
    """A folder may hold more than the store; no kind of clearing looks at it."""
    foreign = {tmp_path / name: name.encode() for name in ("notes.txt", "llmcache.txt", "cache.db.bak", ".hidden")}
    for path, content in foreign.items():
        path.write_bytes(content)
    (tmp_path / "folder").mkdir()
    with llmcache.open(f"{scheme}:{tmp_path}", tag_models=True) as cache:
        fill(cache)
        CLEARINGS[clearing](cache)
        cleared = cache.responses.get(question(0))

    assert cleared is None
    assert foreign == {path: path.read_bytes() for path in foreign}
    assert (tmp_path / "folder").is_dir()


@pytest.mark.parametrize("clearing", CLEARINGS)
def test_no_kind_of_clearing_touches_anything_else(url: str, clearing: str) -> None:
    """Other namespaces and conversations stay, on every kind of store."""
    with llmcache.open(url, tag_models=True) as cache:
        cache.history("session").append(["kept"])
        with llmcache.options(namespace="other"):
            fill(cache, answer="theirs")
        fill(cache)
        CLEARINGS[clearing](cache)
        with llmcache.options(namespace="other"):
            theirs = cache.responses.get(question(0))

        assert (None, "theirs", ["kept"]) == (cache.responses.get(question(0)), theirs, cache.history("session").all())


DOORS: list[dict[str, Any]] = [{}, {"refresh": True}, {"coalesce": "off"}, {"coalesce": "shared"}]
"""How an answer comes to be asked for: missed, passed by, alone, shared with other processes."""


async def test_what_is_asked_for_while_its_model_is_cleared_is_hidden(url: str) -> None:
    """The call began before, and who called gets its answer; the next call, begun behind, is kept. In both colours."""
    with llmcache.open(url, tag_models=True) as cache:

        def clears() -> str:
            cache.clear(models=("small",))
            return "old"

        async def clears_awaited() -> str:
            await cache.awaiting.clear(models=("small",))
            return "old"

        found = []
        for door in DOORS:
            with llmcache.options(**door):
                first = cache.responses.get_or_call(SMALL, clears)
                found += [first, cache.responses.get(SMALL) if "refresh" not in door else None]
                first = await cache.awaiting.responses.get_or_call(SMALL, clears_awaited)
                cache.responses.get_or_call(LARGE, lambda: "new")
            found += [first, cache.responses.get(SMALL), cache.responses.get(LARGE)]

        assert ["old", None, "old", None, "new"] * len(DOORS) == found


DROPS: dict[str, tuple[Callable[[Cache], None], Callable[[AsyncCache], Awaitable[None]]]] = {
    "delete": (lambda cache: cache.responses.delete(SMALL), lambda cache: cache.responses.delete(SMALL)),
    "responses": (lambda cache: cache.responses.clear(), lambda cache: cache.responses.clear()),
    "all": (lambda cache: cache.clear(), lambda cache: cache.clear()),
}


@pytest.mark.parametrize("way", DROPS)
async def test_what_is_asked_for_while_it_is_dropped_is_not_kept(url: str, way: str) -> None:
    """By every door and in both colours: who called gets the answer, and the next one asks anew, whose answer is kept."""
    drop, drop_awaited = DROPS[way]
    with llmcache.open(url) as cache:

        def drops() -> str:
            drop(cache)
            return "old"

        async def drops_awaited() -> str:
            await drop_awaited(cache.awaiting)
            return "old"

        found = []
        for door in DOORS:
            with llmcache.options(**door):
                found += [cache.responses.get_or_call(SMALL, drops), cache.responses.find(SMALL)]
                found += [await cache.awaiting.responses.get_or_call(SMALL, drops_awaited)]
            found += [cache.responses.get(SMALL), cache.responses.get_or_call(SMALL, lambda: "new")]
            found += [cache.responses.get(SMALL)]
            cache.responses.delete(SMALL)

        assert ["old", None, "old", None, "new", "new"] * len(DOORS) == found
        assert 2 * len(DOORS) == cache.stats().not_admitted


def test_what_is_asked_for_while_something_else_is_dropped_is_kept(url: str) -> None:
    """Another answer, another namespace, a tag that it does not carry."""
    with llmcache.open(url) as cache:

        def drops() -> str:
            cache.responses.delete(LARGE)
            cache.clear(tags=("faq",))
            with llmcache.options(namespace="theirs"):
                cache.clear()
            return "kept"

        assert ["kept", "kept"] == [cache.responses.get_or_call(SMALL, drops), cache.responses.get(SMALL)]


def test_a_refresh_behind_the_callers_back_is_hidden_by_a_clearing_meanwhile(url: str, clock: Clock) -> None:
    """It began before."""
    rules: dict[str, Any] = {"ttl": 100.0, "early_refresh": 0.1, "background_refresh": True}
    with llmcache.open(url, clock=clock, **rules) as cache:
        cache.responses.put(SMALL, "old", tags=("faq",))
        clock.now += 96.0

        def clears() -> str:
            cache.clear(tags=("faq",))
            return "newer"

        first = cache.responses.get_or_call(SMALL, clears, tags=("faq",))
        cache.setup.background.close()  # waits for it, and leaves the store open

        assert ("old", None) == (first, cache.responses.get(SMALL))
        cache.responses.put(SMALL, "new", tags=("faq",))
        assert "new" == cache.responses.get(SMALL)


@pytest.mark.parametrize("back", [0.0, 3600.0])
def test_a_clearing_holds_whatever_the_clocks_say(url: str, clock: Clock, back: float) -> None:
    """The clock of who clears is an hour behind that of who kept; what is kept behind it is served at once."""
    with llmcache.open(url, clock=clock) as cache:
        cache.responses.put(SMALL, "old", tags=("faq",))
        clock.now -= back
        cache.clear(tags=("faq",))
        first = cache.responses.get(SMALL)
        cache.responses.put(SMALL, "new", tags=("faq",))

        assert (None, "new") == (first, cache.responses.get(SMALL))


def test_marks_and_answers_of_the_first_scheme_mean_what_they_meant(url: str, clock: Clock) -> None:
    """Between them the times decide; a clearing of now hides every answer that has no stamp."""
    with llmcache.open(url, clock=clock) as cache:
        key = key_of(SMALL, cache.responses.space(), READABLE)
        mark = tag_key(key.space, "faq")
        store = cache.setup.pair.blocking
        assert store is not None
        found = []
        for made_at in (clock.now - 1, clock.now, clock.now + 1):
            answer, cleared = Entry(made_at, made_at, tags=("faq",)), Entry(None, clock.now)
            store.put_many([Put(key, pack(answer, key)), Put(mark, pack(cleared, mark))])
            found.append(cache.responses.get(SMALL))
        cache.clear(tags=("faq",))

        assert ([None, None, clock.now + 1], None) == (found, cache.responses.get(SMALL))
