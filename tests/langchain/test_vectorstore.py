"""LangChain's vector store beyond LangChain's own suite."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

import llmcache
from llmcache.errors import UsageError
from llmcache_langchain import CachedEmbeddings, VectorStore
from tests.stores import Clock

pytestmark = pytest.mark.stores(few=True)


class Letters(Embeddings):
    """Embeds a text as how often each of five letters stands in it."""

    model = "letters"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        return [[text.count(letter) + 0.01 for letter in "abcde"] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def cache(url: str, clock: Clock) -> Iterator[llmcache.Cache]:
    """An open cache."""
    with llmcache.open(url, clock=clock) as opened:
        yield opened


@pytest.fixture
def store(cache: llmcache.Cache) -> VectorStore:
    """Five documents, two of them alike."""
    store = VectorStore(Letters(), cache, name="docs", ttl=100)
    texts = ["aaab", "aaabb", "bbbc", "cccd", "aaac"]
    store.add_texts(texts, [{"n": number} for number in range(5)], ids=list("12345"))
    return store


def ids(found: list[Document]) -> list[str | None]:
    """Return whose they are."""
    return [one.id for one in found]


def test_filters_hold_for_every_search(store: VectorStore) -> None:
    """By text, with score, by vector, by marginal relevance; and through a retriever."""
    only = {"n": {"$in": [1, 2]}}
    vector = store.embeddings.embed_query("a")

    assert ["2", "3"] == ids(store.similarity_search("a", filter=only))
    assert ["2", "3"] == [one.id for one, _ in store.similarity_search_with_score("a", filter=only)]
    assert ["2", "3"] == ids(store.similarity_search_by_vector(vector, filter=only))
    assert ["2", "3"] == ids(store.max_marginal_relevance_search("a", filter=only))
    assert ["2", "3"] == ids(store.as_retriever(search_kwargs={"filter": only}).invoke("a"))


def test_awaited_searches_find_the_same(store: VectorStore) -> None:
    """Each of them."""

    async def compare() -> None:
        vector = store.embeddings.embed_query("ab")
        assert store.similarity_search("ab") == await store.asimilarity_search("ab")
        assert store.similarity_search_with_score("ab") == await store.asimilarity_search_with_score("ab")
        assert store.similarity_search_by_vector(vector) == await store.asimilarity_search_by_vector(vector)
        assert store.max_marginal_relevance_search("ab") == await store.amax_marginal_relevance_search("ab")
        assert store.get_by_ids(["1", "9"]) == await store.aget_by_ids(["1", "9"])
        assert ["1"] == await store.aadd_texts(["eeee"], ids=["1"])
        assert await store.adelete(["2"])
        assert ["1"] == ids(await store.asimilarity_search("e", 1))

    asyncio.run(compare())


def test_marginal_relevance_prefers_what_is_unlike(store: VectorStore) -> None:
    """The nearest two are alike; asked for both at once, the second is another."""
    assert ["5", "1"] == ids(store.similarity_search("aaac", 2))
    assert ["5", "3"] == ids(store.max_marginal_relevance_search("aaac", 2, lambda_mult=0.1))
    assert ["5", "1"] == ids(store.max_marginal_relevance_search("aaac", 2, lambda_mult=1.0))


def test_scores_are_cosines_and_relevance_lies_between_0_and_1(store: VectorStore) -> None:
    """So a retriever with a threshold works."""
    scores = [score for _, score in store.similarity_search_with_score("aaab", 5)]

    assert 1.0 == pytest.approx(scores[0], abs=1e-6)
    assert sorted(scores, reverse=True) == scores
    kept = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.95, "k": 5})
    assert ["1", "2"] == ids(kept.invoke("aaab"))


def test_a_loader_of_langchains_documents_brings_them_back(cache: llmcache.Cache, clock: Clock) -> None:
    """Both colours: a function for one, and one that must be awaited for the other."""
    source = {"1": "aaab", "2": "bbbb"}

    def load(asked: str) -> Document | None:
        return Document(id=asked, page_content=source[asked], metadata={"v": 2}) if asked in source else None

    async def awaited(asked: str) -> Document | None:
        return load(asked)

    blocking = VectorStore(Letters(), cache, name="docs", ttl=100, loader=load)
    blocking.add_texts(["aaab", "cccc", "gone"], ids=["1", "2", "3"])
    clock.now += 100

    assert [("1", {"v": 2}), ("2", {"v": 2})] == [(one.id, one.metadata) for one in blocking.similarity_search("a")]
    assert [] == blocking.get_by_ids(["3"])
    source["1"] = "eeee"
    clock.now += 100
    other = VectorStore(Letters(), cache, name="docs", ttl=100, loader=awaited)
    assert ["1"] == ids(asyncio.run(other.asimilarity_search("e", 1)))


def test_what_is_kept_by_texts_or_documents_gets_ids(cache: llmcache.Cache) -> None:
    """New ones where none are given, some or all."""
    store = VectorStore.from_texts(["aaab", "bbbb"], Letters(), ids=None, store=cache, name="docs")
    (named, fresh) = store.add_documents([Document(id="x", page_content="cc"), Document(page_content="dd")])

    assert "x" == named
    assert 32 < len(fresh)
    assert 4 == len(store.similarity_search("abcd", 9))
    assert store.delete()
    assert [] == store.similarity_search("abcd", 9)


def test_vectors_of_texts_are_kept_too(cache: llmcache.Cache) -> None:
    """Adding the same texts again asks the model for nothing; questions neither."""
    letters = Letters()
    for name in ("docs", "copies"):
        store = VectorStore(letters, cache, name=name)
        store.add_texts(["aaab", "bbbb"])
        store.similarity_search("a")

    assert ["aaab", "bbbb", "a"] == letters.asked


def test_a_model_without_a_name_must_be_named(cache: llmcache.Cache) -> None:
    """A guess would mix up the vectors of two models; cached embeddings know theirs."""
    fake = DeterministicFakeEmbedding(size=6)

    with pytest.raises(UsageError, match="name it"):
        VectorStore(fake, cache)
    store = VectorStore(CachedEmbeddings(fake, cache, model="fake"), cache)
    assert 1 == len(store.add_texts(["a"]))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"texts": ["a", "b"], "ids": ["1"]}, "2 texts came with 1 ids"),
        ({"texts": ["a"], "metadatas": []}, "1 texts came with 0 metadatas"),
        ({"texts": [7]}, "Document.text"),
        ({"texts": "abc"}, r"a list of texts, found one str; write \[text\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(store: VectorStore, wrong: dict[str, Any], said: str) -> None:
    """And nothing is kept."""
    with pytest.raises(UsageError, match=said):
        store.add_texts(**wrong)
    assert 5 == len(store.similarity_search("a", 9))


def test_what_are_no_embeddings_is_refused(cache: llmcache.Cache) -> None:
    """When the store is made."""
    with pytest.raises(UsageError, match="LangChain's Embeddings"):
        VectorStore(cast(Any, len), cache)
    with pytest.raises(UsageError, match="embeddings is LangChain's Embeddings, found builtin"):
        CachedEmbeddings(cast(Any, len), cache, model="len")
    with pytest.raises(UsageError, match=r"each other's place; the order is CachedEmbeddings\(embeddings, store\)"):
        CachedEmbeddings(cast(Any, cache), cast(Any, DeterministicFakeEmbedding(size=6)), model="fake-6")


def test_a_condition_by_another_name_is_refused(store: VectorStore) -> None:
    """It would be left out in silence, and every document be found."""
    for search in (
        lambda: store.similarity_search("a", where={"year": 1}),
        lambda: store.as_retriever(search_kwargs={"filters": {"year": 1}}).invoke("a"),
        lambda: store.max_marginal_relevance_search("a", where={"year": 1}),
        lambda: asyncio.run(store.asimilarity_search_with_score("a", where={"year": 1})),
        lambda: asyncio.run(store.amax_marginal_relevance_search("a", where={"year": 1})),
    ):
        with pytest.raises(UsageError, match=r"a search takes k and filter, and does not know (where|filters)"):
            search()
    assert store.similarity_search_with_relevance_scores("a", score_threshold=0.1)


def test_a_loader_is_a_function(cache: llmcache.Cache) -> None:
    """That is seen when the store is made: later it would look like a source that is away."""
    with pytest.raises(UsageError, match="loader is a function, found str"):
        VectorStore(DeterministicFakeEmbedding(size=6), cache, model="fake-6", ttl=5, loader=cast(Any, "load"))
