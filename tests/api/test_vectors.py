"""Collections of documents: found by meaning and ending to the instant, on every kind of store."""

import asyncio
import struct
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

import llmcache
from llmcache import Document
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows.documents import present
from llmcache.model.event import Event, Happening
from llmcache.protocols.key_value import Put
from tests.api.shelves import Model, Source, ids
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)


def test_the_nearest_are_found_with_text_and_metadata(shelf: llmcache.Collection) -> None:
    """The nearest first, with similarity and end; `count`, `least` and `where` choose."""
    found = shelf.search("aab")

    assert ["one", "two", "three"] == ids(found)
    assert Document("one", "aaab", {"length": 4}) == found[0].document
    assert 0.98 < found[0].similarity <= 1.0
    assert ["one"] == ids(shelf.search("aab", 1))
    assert ["one"] == ids(shelf.search("aab", least=0.9))
    assert [] == ids(shelf.search("aab", where={"length": {"$gt": 4}}))
    assert ids(found) == ids(shelf.search([2.01, 1.01, 0.01, 0.01, 0.01]))


async def test_vectors_come_with_what_is_found_where_they_are_wanted(
    cache: llmcache.Cache, model: Model, shelf: llmcache.Collection
) -> None:
    """At length 1, in both colours; and not for all others, who would wait for them."""
    (found,) = shelf.search([1.0, 0.0, 0.0, 0.0, 0.0], 1, with_vectors=True)
    awaited = await cache.awaiting.vectors("docs", embed=model, model="letters").search("aab", 1, with_vectors=True)

    assert found.vector == awaited[0].vector
    assert found.similarity == pytest.approx(struct.unpack_from("<f", found.vector)[0], abs=1e-6)
    assert [b""] * 3 == [one.vector for one in shelf.search("aab")]
    with pytest.raises(UsageError, match="with_vectors is True or False"):
        shelf.search("aab", with_vectors=cast(Any, "yes"))


@pytest.mark.parametrize("is_kept_longer", [False, True])
def test_nothing_is_found_from_the_instant_on_that_it_ends(
    cache: llmcache.Cache, model: Model, clock: Clock, is_kept_longer: bool
) -> None:
    """A moment before it is there; at that instant neither a search nor its id finds it, however long it is remembered for others."""
    writer = cache.vectors("docs", embed=model, model="letters", ttl=100, remembered=500 if is_kept_longer else None)
    reader = cache.vectors("docs", embed=model, model="letters", ttl=100)
    writer.upsert([Document("one", "aaab")])

    clock.now += 99.999
    assert ["one"] == ids(reader.search("a"))
    clock.now += 0.001

    assert [] == reader.search("a")
    assert [None] == reader.get(["one"])


def test_the_models_error_passes_unchanged_where_the_caller_asks(cache: llmcache.Cache, model: Model) -> None:
    """Nothing was kept then."""
    shelf = cache.vectors("docs", embed=model, model="letters")
    model.error = OSError("down")

    with pytest.raises(OSError, match="down"):
        shelf.upsert([Document("one", "a")])
    assert [None] == shelf.get(["one"])


async def test_awaited_it_is_the_same(cache: llmcache.Cache, model: Model, source: Source, clock: Clock) -> None:
    """With a model and a loader that are coroutine functions."""

    async def load(document_id: str) -> Document | None:
        await asyncio.sleep(0)
        return source(document_id)

    shelf = cache.awaiting.vectors("docs", embed=model.awaited, model="letters", ttl=100, loader=load)
    await shelf.upsert(source.all())
    assert ["one", "two"] == ids(await shelf.search("aab", 2))

    source.texts.update(two="eeee")
    del source.texts["three"]
    clock.now += 100

    assert ["two", "one"] == ids(await shelf.search("e"))
    assert [Document("one", "aaab", {"length": 4}), None] == await shelf.get(["one", "three"])
    await shelf.delete(["one"])
    assert ["two"] == ids(await shelf.search("e"))
    assert 0 == await shelf.refresh()
    await shelf.clear()
    assert [] == await shelf.search("e")


def test_a_document_takes_the_place_of_one_of_its_id(shelf: llmcache.Collection) -> None:
    """Text, meaning and metadata; the later one where an id stands twice in a call."""
    shelf.upsert([Document("one", "dddd"), Document("one", "eeee", {"n": 2})])

    assert [Document("one", "eeee", {"n": 2})] == [one.document for one in shelf.search("e", 1)]
    assert "one" not in ids(shelf.search("a", 2, least=0.5))


def test_deleting_and_clearing_touch_nothing_else(
    cache: llmcache.Cache, model: Model, shelf: llmcache.Collection
) -> None:
    """Other collections, other namespaces and answers stay."""
    other = cache.vectors("other", embed=model, model="letters")
    other.upsert([Document("one", "aaab")])
    with llmcache.options(namespace="tenant"):
        assert [] == shelf.search("a")
        shelf.upsert([Document("tenants", "aaaa")])

    shelf.delete(["one", "never there"])
    assert ["two", "three"] == ids(shelf.search("bc"))
    shelf.clear()

    assert [] == shelf.search("bc")
    assert ["one"] == ids(other.search("a"))
    cache.clear()  # what can be had again: answers and vectors of texts
    assert ["one"] == ids(other.search("a"))
    with llmcache.options(namespace="tenant"):
        assert ["tenants"] == ids(shelf.search("a"))


def test_vectors_of_two_models_never_meet(cache: llmcache.Cache, model: Model) -> None:
    """Though the collection has one name."""
    cache.vectors("docs", embed=model, model="letters").upsert([Document("one", "aaab")])
    other = cache.vectors("docs", model="another")

    assert [] == other.search([1.0, 0.0])
    other.upsert([Document("two", "xyz")], [[0.0, 1.0]])
    assert ["two"] == ids(other.search([1.0, 1.0]))


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda shelf: shelf.upsert(Document("a", "b")), "a list of documents"),
        (lambda shelf: shelf.upsert([{"id": "a"}]), r"documents\[0\] is a llmcache.Document"),
        (lambda shelf: shelf.upsert([Document("a", "b")], [[1.0], [2.0]]), "1 documents came with 2"),
        (lambda shelf: shelf.upsert([Document("a", "b", {"x": object()})]), "metadata is not JSON"),
        (lambda shelf: shelf.upsert([Document("a", "b", {"x": b"bytes"})]), "metadata is not JSON"),
        (lambda shelf: shelf.upsert([Document("a", "b")], [[0.0] * 5]), "no direction"),
        (lambda shelf: shelf.upsert([Document("a", "b")], [[1.0]]), "1 dimensions where the index has 5"),
        (lambda shelf: shelf.search([1.0]), "1 dimensions where the index has 5"),
        (lambda shelf: shelf.search("a", 0), "a search is for 0 points; allowed are whole numbers from 1"),
        (lambda shelf: shelf.search("a", least=2), "a cosine"),
        (lambda shelf: shelf.search("a", least=float("nan")), "a cosine"),
        (lambda shelf: shelf.search(None), "a query is a text, or a vector"),
        (lambda shelf: shelf.search(["a"]), "a query is a text, or a vector"),
        (lambda shelf: shelf.upsert([Document("a", "b")], ["x"]), "vectors are lists of numbers"),
        (lambda shelf: shelf.upsert([Document("\ud800", "b")]), "half of a character"),
        (lambda shelf: shelf.search("a", where={"$x": 1}), "a filter knows"),
        (
            lambda shelf: shelf.search("a", cast(Any, "3")),
            "a search is for str points; allowed are whole numbers from 1",
        ),
        (
            lambda shelf: shelf.recall("one"),
            r"recall takes a list of queries, found one str; write recall\(\[query\]\)",
        ),
        (
            lambda shelf: shelf.upsert([Document("a", "b", {"on": cast(Any, date(2026, 1, 2))})]),
            "documents.0..metadata",
        ),
        (lambda shelf: shelf.get("one"), "a list of texts"),
        (lambda shelf: shelf.delete([""]), "non-empty"),
        (lambda shelf: Document("", "text"), "non-empty"),
        (lambda shelf: Document("a", cast(Any, 7)), "a text"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    shelf: llmcache.Collection, do: Callable[[llmcache.Collection], Any], said: str
) -> None:
    """By UsageError, which says what is allowed."""
    with pytest.raises(UsageError, match=said):
        do(shelf)
    assert ["one", "two", "three"] == ids(shelf.search("aab"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "a non-empty text, found an empty one"),
        ({"approximate": "no"}, "approximate is True or False, found str"),
        ({"model": ""}, "non-empty"),
        ({"model": None}, "name the model"),
        ({"ttl": 0}, "ttl"),
        ({"sliding": True}, "give the collection a ttl"),
        ({"loader": "x", "ttl": 5}, "loader is a function, found str$"),
        (
            {"embed": DeterministicFakeEmbedding(size=4)},
            "embed is a function, found .*; give its method embed_documents",
        ),
        ({"loader": print, "ttl": 5, "embed": None}, "needs embed"),
        ({"remembered": -1, "ttl": 5}, "remembered"),
    ],
)
def test_a_collection_that_cannot_be_is_refused(
    cache: llmcache.Cache, model: Model, wrong: dict[str, Any], said: str
) -> None:
    """When it is made, and not when it is first used."""
    with pytest.raises(UsageError, match=said):
        cache.vectors(**cast(Any, {"name": "docs", "embed": model, "model": "letters"} | wrong))


def test_without_a_model_vectors_must_be_given(cache: llmcache.Cache) -> None:
    """The message says how to go on."""
    shelf = cache.vectors("docs")
    shelf.upsert([Document("one", "a")], [[1.0, 0.0]])

    with pytest.raises(UsageError, match="opened without `embed`"):
        shelf.search("a")
    assert ["one"] == ids(shelf.search([1.0, 0.0]))


@pytest.mark.parametrize("name", ["a/b", "ü" * 60, "x" * 300, "llmcache:1", " ", "\n", "a" * 99 + "ü"], ids=range(7))
def test_any_text_is_an_id(cache: llmcache.Cache, model: Model, name: str) -> None:
    """Long ones, too, which stand under their digest."""
    shelf = cache.vectors("docs", embed=model, model="letters")
    shelf.upsert([Document(name, "aaab"), Document(name + "!", "bbbb")])

    assert [name] == ids(shelf.search("a", 1))
    assert [Document(name, "aaab")] == shelf.get([name])


def test_a_damaged_text_is_passed_over(cache: llmcache.Cache, model: Model, shelf: llmcache.Collection) -> None:
    """The next nearest takes its place, and it is counted."""
    terms, world = shelf._here(), shelf._setup.blocking_world
    ((point, _),) = run(shelf._index_steps(present(terms, ["one"])), world)
    assert point is not None
    key = terms.entry(point)
    assert world.store.get_many((key,))[0] is not None
    world.store.put_many((Put(key, b"garbage"),))

    assert ["two"] == ids(shelf.search("aab", 1))
    assert 1 <= cache.stats().unreadable


def test_nothing_of_a_document_is_told(url: str, model: Model, clock: Clock) -> None:
    """Events name digests and classes, no id of a collection's text."""
    told: list[Any] = []
    with llmcache.open(url, clock=clock, listener=told.append) as cache:
        shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=Source())
        shelf.upsert([Document("secret", "secret text", {"secret": "secret"})])
        clock.now += 100
        shelf.search("aab")

    assert [one.what for one in told if isinstance(one, Event)].count(Happening.EMBEDDING_MISS) == 2
    assert "secret text" not in repr(told)


async def test_few_documents_are_searched_exactly_also_where_that_is_not_asked_for(
    cache: llmcache.Cache, model: Model, shelf: llmcache.Collection
) -> None:
    """An approximate collection finds the same here, and `recall` says so in both colours; with nothing there, too."""
    quick = cache.vectors("docs", embed=model, model="letters", approximate=True)
    awaited = cache.awaiting.vectors("docs", embed=model, model="letters", approximate=True)

    assert shelf.search("aab") == quick.search("aab")
    assert 1.0 == quick.recall(["aab", [2.0, 1.0, 0.0, 0.0, 0.0]], 2)
    assert 1.0 == await awaited.recall(["aab"])
    assert 1.0 == cache.vectors("empty", approximate=True).recall([[1.0, 0.0]])
