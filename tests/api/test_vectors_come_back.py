"""Collections of documents: what has ended comes back, on every kind of store."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import llmcache
from llmcache import Document
from llmcache.api import telling
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows.documents import present, slide
from llmcache.protocols.world_ops import Behind
from tests.api.shelves import Model, Source, ids, settle
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)


def test_what_has_ended_is_got_again_before_a_search_answers(
    shelf: llmcache.Collection, model: Model, source: Source, clock: Clock
) -> None:
    """A changed text is found by its new meaning, a gone source is removed, and only what has changed is embedded again."""
    source.texts.update(two="eeee")
    del source.texts["three"]
    model.asked.clear()
    clock.now += 100

    found = shelf.search("e")

    assert ["two", "one"] == ids(found)
    assert [clock.now + 100] * 2 == [one.ends_at for one in found]
    assert [["e"], ["eeee"]] == model.asked
    assert [None] == shelf.get(["three"])
    source.asked.clear()
    assert ["two", "one"] == ids(shelf.search("e"))
    assert [] == source.asked


def test_what_has_ended_is_got_again_by_its_id(shelf: llmcache.Collection, source: Source, clock: Clock) -> None:
    """Also what was never there, where the source has it; twice in a call is one question."""
    source.texts.update(four="dddd", one="changed")
    clock.now += 101

    assert ["changed", "dddd", None, "changed"] == [
        None if one is None else one.text for one in shelf.get(["one", "four", "five", "one"])
    ]
    assert ["one", "four", "five"] == source.asked


def test_what_ends_soon_is_got_again_behind_the_callers_back(
    shelf: llmcache.Collection, cache: llmcache.Cache, source: Source, clock: Clock
) -> None:
    """In the last tenth of its life: the search does not wait for it, and nothing ever ends."""
    source.texts["one"] = "aaaa"
    source.gate.clear()
    clock.now += 95

    before = [one.document.text for one in shelf.search("a", 1)]
    source.gate.set()
    settle(cache)
    clock.now += 50

    assert ["aaab"] == before
    source.asked.clear()
    assert ["aaaa"] == [one.document.text for one in shelf.search("a", 1)]
    assert [] == source.asked


def test_without_a_loader_it_is_embedded_again_from_its_kept_text(
    cache: llmcache.Cache, model: Model, clock: Clock
) -> None:
    """For as long as it is remembered."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, remembered=200)
    shelf.upsert([Document("one", "aaab", {"n": 1})])

    clock.now += 150
    assert [Document("one", "aaab", {"n": 1})] == [one.document for one in shelf.search("a")]
    clock.now += 299
    assert [Document("one", "aaab", {"n": 1})] == shelf.get(["one"])
    clock.now += 301
    assert [None] == shelf.get(["one"])
    assert [] == shelf.search("a")


def test_a_source_that_fails_hides_what_has_ended_and_is_asked_again(
    shelf: llmcache.Collection, cache: llmcache.Cache, source: Source, clock: Clock
) -> None:
    """Old data are never served; after three failures in a row the others are not asked for."""
    source.texts.update({f"more{number}": "aaa" for number in range(9)})
    shelf.upsert(source.all())
    source.asked.clear()
    source.error = OSError("down")
    clock.now += 100

    assert [] == shelf.search("a")
    assert 3 == len(source.asked)
    assert 3 == cache.stats().refresh_failed

    source.error = None
    assert 12 == len(shelf.search("a", 20))


def test_a_model_that_fails_loses_nothing(
    shelf: llmcache.Collection, model: Model, source: Source, clock: Clock
) -> None:
    """Its error does not become the search's, what has not changed is there, and the changed one comes with the next."""
    source.texts["two"] = "eeee"
    shelf.search("e")  # the question's vector is kept from now on
    model.error = OSError("down")
    clock.now += 100

    assert {"one", "three"} == set(ids(shelf.search("e")))
    model.error = None
    assert "two" == ids(shelf.search("e"))[0]


def test_a_mistake_in_a_loader_is_logged_once_and_everything_else_is_served(
    cache: llmcache.Cache,
    model: Model,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as a name that is not there: counting alone would hide for weeks that nothing comes back."""

    def load(name: str) -> Document:
        raise UnboundLocalError("secret")

    monkeypatch.setattr(telling, "_warned", set())  # once in a process, and others may have
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=load)
    shelf.upsert([Document("old", "aaaa")])
    clock.now += 100
    shelf.upsert([Document("new", "bbbb")])

    assert ["new"] == ids(shelf.search("a")) == ids(shelf.search("a"))
    assert 2 == cache.stats().refresh_failed
    (said,) = [one.getMessage() for one in caplog.records]
    assert "raised UnboundLocalError" in said
    assert "secret" not in said


def test_a_sliding_life_begins_anew_with_use(cache: llmcache.Cache, model: Model, clock: Clock) -> None:
    """In its second half, by a search or by its id; what nobody uses ends."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, sliding=True)
    shelf.upsert([Document("found", "aaaa"), Document("got", "bbbb"), Document("unused", "cccc")])

    for _ in range(3):
        clock.now += 60
        assert ["found"] == ids(shelf.search("a", 1))
        assert [Document("got", "bbbb")] == shelf.get(["got"])
        settle(cache)

    assert ["found", "got"] == sorted(ids(shelf.search("abc", 5)))


def test_many_callers_get_what_has_ended_once(
    shelf: llmcache.Collection, model: Model, source: Source, clock: Clock
) -> None:
    """Eight threads that search at the end of all: each document is got once, and all find everything."""
    barrier = threading.Barrier(8)
    clock.now += 100

    def search(_: int) -> list[str]:
        barrier.wait()
        return ids(shelf.search("abc"))

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(search, range(8)))

    assert [{"one", "two", "three"}] * 8 == [set(one) for one in found]
    assert ["one", "three", "two"] == sorted(source.asked)


@pytest.mark.parametrize("change", ["upsert", "delete", "clear"])
def test_what_is_written_while_a_source_is_asked_is_newer(
    cache: llmcache.Cache, model: Model, source: Source, clock: Clock, change: str
) -> None:
    """What the source said before that does not undo it."""
    asking = threading.Event()

    def load(name: str) -> Document | None:
        asking.set()
        return source(name)

    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=load)
    shelf.upsert(source.all())
    clock.now += 100
    source.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        got = threads.submit(shelf.get, ["one"])
        assert asking.wait(20)
        if change == "upsert":
            shelf.upsert([Document("one", "eeee")], [[0.0, 0.0, 0.0, 0.0, 1.0]])
        else:
            shelf.delete(["one"]) if change == "delete" else shelf.clear()
        source.gate.set()
        found = got.result(20)

    expected = [Document("one", "eeee")] if change == "upsert" else [None]
    assert expected == found
    source.texts.clear()
    assert expected == shelf.get(["one"])


def test_the_life_of_what_comes_back_begins_when_its_source_was_asked(
    cache: llmcache.Cache, model: Model, source: Source, clock: Clock
) -> None:
    """However long the source takes, nothing is served that is older than its time to live."""

    def load(name: str) -> Document | None:
        document = source(name)
        clock.now += 30
        return document

    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=load)
    shelf.upsert(source.all())
    clock.now += 100
    asked_at = clock.now
    shelf.get(["one"])
    source.texts["one"] = "bbbb"
    clock.now = asked_at + 100

    assert ["bbbb"] == [one.text for one in shelf.get(["one"]) if one]


def test_a_source_that_takes_longer_than_documents_live_does_not_keep_a_search(
    cache: llmcache.Cache, model: Model, source: Source, clock: Clock
) -> None:
    """What ended when the search began is asked for once, and then the search answers."""
    source.texts.update({f"more{number}": "aaa" for number in range(600)})

    def load(name: str) -> Document | None:
        clock.now += 1
        return source(name)

    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=load)
    shelf.upsert(source.all())
    source.asked.clear()
    clock.now += 100
    shelf.search("a")

    assert 603 == len(source.asked)


def test_an_upsert_behind_a_search_is_not_undone_by_its_sliding(
    cache: llmcache.Cache, model: Model, clock: Clock
) -> None:
    """What the search found is older."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, sliding=True)
    shelf.upsert([Document("one", "aaaa")])
    clock.now += 60
    terms = shelf._here()
    ((point, _),) = run(shelf._index_steps(present(terms, ["one"])), shelf._setup.blocking_world)
    assert point is not None
    sliding = slide(terms, [point], clock.now)
    behind = next(sliding)
    assert isinstance(behind, Behind)
    shelf.upsert([Document("one", "bbbb")])
    run(shelf._index_steps(behind.steps()), shelf._setup.blocking_world)

    assert [Document("one", "bbbb")] == shelf.get(["one"])
    assert ["bbbb"] == [one.document.text for one in shelf.search("a")]


def test_a_loader_that_must_be_awaited_is_an_error_where_nobody_awaits(cache: llmcache.Cache, model: Model) -> None:
    """A source that never answers would look the same, and nothing would come back."""

    async def load(name: str) -> Document:
        return Document(name, "aaa")

    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=load)

    with pytest.raises(UsageError, match="a blocking cache was given an async function"):
        shelf.get(["one"])


def test_who_waited_goes_on_where_the_one_who_asked_is_cancelled(
    cache: llmcache.Cache, model: Model, source: Source, clock: Clock
) -> None:
    """A document that can come back is not missing because somebody else lost interest."""
    asking = asyncio.Event()
    gate = asyncio.Event()

    async def load(name: str) -> Document | None:
        asking.set()
        await gate.wait()
        return source(name)

    async def race() -> list[Document | None]:
        shelf = cache.awaiting.vectors("docs", embed=model, model="letters", ttl=100, loader=load)
        await shelf.upsert(source.all())
        clock.now += 100
        first = asyncio.create_task(shelf.get(["one"]))
        await asyncio.wait_for(asking.wait(), 20)
        second = asyncio.create_task(shelf.get(["one"]))
        for _ in range(200):  # so that it waits by then; if it should not, it asks for itself, which is right, too
            await asyncio.sleep(0)
        first.cancel()
        gate.set()
        return await asyncio.wait_for(second, 20)

    assert [source("one")] == asyncio.run(race())


def test_a_loader_that_returns_something_else_is_an_error(cache: llmcache.Cache, model: Model) -> None:
    """Of the program, so it is raised."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=lambda name: name)

    with pytest.raises(UsageError, match="a loader returns"):
        shelf.get(["one"])
