"""Collections of documents: found by meaning, ending to the instant, and coming back; on every kind of store."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

import llmcache
from llmcache import Document
from llmcache.errors import UsageError
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from tests.stores import Clock


class Model:
    """Embeds a text as how often each of five letters stands in it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.error: Exception | None = None

    def __call__(self, texts: list[str]) -> list[list[float]]:
        if self.error is not None:
            raise self.error
        self.asked.append(list(texts))
        return [[text.count(letter) + 0.01 for letter in "abcde"] for text in texts]

    async def awaited(self, texts: list[str]) -> list[list[float]]:
        """The same, to be awaited."""
        await asyncio.sleep(0)
        return self(texts)


class Source:
    """Where documents come from."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.error: Exception | None = None

    def __call__(self, document_id: str) -> Document | None:
        assert self.gate.wait(20)
        self.asked.append(document_id)
        if self.error is not None:
            raise self.error
        text = self.texts.get(document_id)
        return None if text is None else Document(document_id, text, {"length": len(text)})

    def all(self) -> list[Document]:
        """Everything that is there."""
        return [document for name in [*self.texts] if (document := self(name))]


@pytest.fixture
def model() -> Model:
    """An embedding model."""
    return Model()


@pytest.fixture
def source() -> Source:
    """Three documents."""
    return Source(one="aaab", two="bbbc", three="cccd")


@pytest.fixture
def shelf(cache: llmcache.Cache, model: Model, source: Source) -> llmcache.Collection:
    """A collection with a loader that holds the three."""
    shelf = cache.vectors("docs", embed=model, model="letters", ttl=100, loader=source)
    shelf.upsert(source.all())
    source.asked.clear()
    return shelf


def settle(cache: llmcache.Cache) -> None:
    """Wait for what is done behind the callers' backs."""
    while cache.setup.background._busy:
        time.sleep(0.002)


def ids(found: Sequence[llmcache.Match]) -> list[str]:
    """Return whose they are."""
    return [one.document.id for one in found]


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


@pytest.mark.parametrize("is_kept_longer", [False, True])
def test_nothing_is_found_from_the_instant_on_that_it_ends(
    cache: llmcache.Cache, model: Model, clock: Clock, is_kept_longer: bool
) -> None:
    """A moment before it is there; at that instant neither a search nor its id finds it, however long it is remembered for others."""
    writer = cache.vectors("docs", embed=model, ttl=100, remembered=500 if is_kept_longer else None)
    reader = cache.vectors("docs", embed=model, ttl=100)
    writer.upsert([Document("one", "aaab")])

    clock.now += 99.999
    assert ["one"] == ids(reader.search("a"))
    clock.now += 0.001

    assert [] == reader.search("a")
    assert [None] == reader.get(["one"])


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
    shelf = cache.vectors("docs", embed=model, ttl=100, remembered=200)
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


def test_the_models_error_passes_unchanged_where_the_caller_asks(cache: llmcache.Cache, model: Model) -> None:
    """Nothing was kept then."""
    shelf = cache.vectors("docs", embed=model)
    model.error = OSError("down")

    with pytest.raises(OSError, match="down"):
        shelf.upsert([Document("one", "a")])
    assert [None] == shelf.get(["one"])


def test_a_sliding_life_begins_anew_with_use(cache: llmcache.Cache, model: Model, clock: Clock) -> None:
    """In its second half, by a search or by its id; what nobody uses ends."""
    shelf = cache.vectors("docs", embed=model, ttl=100, sliding=True)
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
    other = cache.vectors("other", embed=model)
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
        (lambda shelf: shelf.search("a", 0), "at least one"),
        (lambda shelf: shelf.search("a", where={"$x": 1}), "a filter knows"),
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
        ({"name": ""}, "non-empty"),
        ({"model": ""}, "non-empty"),
        ({"ttl": 0}, "ttl"),
        ({"sliding": True}, "give the collection a ttl"),
        ({"loader": "x", "ttl": 5}, "a function"),
        ({"loader": print, "ttl": 5, "embed": None}, "needs embed"),
        ({"remembered": -1, "ttl": 5}, "remembered"),
    ],
)
def test_a_collection_that_cannot_be_is_refused(
    cache: llmcache.Cache, model: Model, wrong: dict[str, Any], said: str
) -> None:
    """When it is made, and not when it is first used."""
    with pytest.raises(UsageError, match=said):
        cache.vectors(**cast(Any, {"name": "docs", "embed": model} | wrong))


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
    shelf = cache.vectors("docs", embed=model)
    shelf.upsert([Document(name, "aaab"), Document(name + "!", "bbbb")])

    assert [name] == ids(shelf.search("a", 1))
    assert [Document(name, "aaab")] == shelf.get([name])


def test_a_damaged_text_is_passed_over(cache: llmcache.Cache, model: Model, shelf: llmcache.Collection) -> None:
    """The next nearest takes its place, and it is counted."""
    world = cache.setup.blocking_world
    namespace = cache.namespace.child(("docs",))
    key = Key(Space(namespace, Kind.DOCUMENT), "one")
    assert world.store.get_many((key,))[0] is not None
    world.store.put_many((Put(key, b"garbage"),))

    assert ["two"] == ids(shelf.search("aab", 1))
    assert 1 <= cache.stats().unreadable


def test_nothing_of_a_document_is_told(url: str, model: Model, clock: Clock) -> None:
    """Events name digests and classes, no id of a collection's text."""
    told: list[Any] = []
    with llmcache.open(url, clock=clock, listener=told.append) as cache:
        shelf = cache.vectors("docs", embed=model, ttl=100, loader=Source())
        shelf.upsert([Document("secret", "secret text", {"secret": "secret"})])
        clock.now += 100
        shelf.search("aab")

    assert [one.what for one in told if isinstance(one, Event)].count(Happening.EMBEDDING_MISS) == 2
    assert "secret text" not in repr(told)
