"""However many callers embed overlapping lists at once, each text is embedded once, and nobody waits for ever."""

import asyncio
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import llmcache
from tests.api.embedding import Model, vector, vectors

pytestmark = pytest.mark.stores(few=True)

WORDS = [f"word {number}" for number in range(60)]


def batches(count: int) -> list[list[str]]:
    """Overlapping lists in different orders, the same in every run."""
    chance = random.Random(5)
    return [chance.sample(WORDS, 20) for _ in range(count)]


def test_fifty_threads_embed_each_text_once(cache: llmcache.Cache) -> None:
    """And each gets the vectors of its own list in its own order."""
    model, begin = Model(), threading.Barrier(50)

    def embed(texts: list[str]) -> bool:
        begin.wait(60)
        found = cache.embeddings.embed(texts, model, model="m", batch_size=7)
        return vectors(texts).tobytes() == found.tobytes()

    with ThreadPoolExecutor(50) as pool:
        right = list(pool.map(embed, batches(50)))

    assert [True] * 50 == right
    assert sorted({*model.texts}) == sorted(model.texts)


async def test_fifty_tasks_embed_each_text_once(url: str) -> None:
    """In one loop, with a model that lets the others run."""
    model = Model()

    async def slow(texts: list[str]) -> object:
        await asyncio.sleep(0)
        return model(texts)

    async with llmcache.open_async(url) as cache:
        lists = batches(50)
        found = await asyncio.gather(*(cache.embeddings.embed(texts, slow, model="m", batch_size=7) for texts in lists))

    assert [vectors(texts).tobytes() for texts in lists] == [rows.tobytes() for rows in found]
    assert sorted({*model.texts}) == sorted(model.texts)


class Gated(Model):
    """A model that says when it is asked, and answers when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, texts: list[str]) -> object:  # type: ignore[override] # an answer of any kind
        self.begun.set()
        assert self.may_end.wait(60)
        return super().__call__(texts)


def test_who_waits_embeds_its_own_meanwhile() -> None:
    """One call is under way for "a"; another caller embeds "b", waits for "a" and asks for nothing twice."""
    first, second, embedded = Gated(), Model(), threading.Event()

    def telling(texts: list[str]) -> object:
        embedded.set()
        return second(texts)

    with llmcache.open("memory:") as cache, ThreadPoolExecutor(2) as pool:
        leading = pool.submit(cache.embeddings.embed, ["a"], first, model="m")
        assert first.begun.wait(60)
        waiting = pool.submit(cache.embeddings.embed, ["a", "b", "a"], telling, model="m")
        assert embedded.wait(60)
        assert not waiting.done()
        first.may_end.set()

        assert vectors(["a", "b", "a"]).tobytes() == waiting.result(60).tobytes()
        assert vectors(["a"]).tobytes() == leading.result(60).tobytes()
        stats = cache.stats()

    assert ([["a"]], [["b"]]) == (first.asked, second.asked)
    assert (3, 1) == (stats.embedding_misses, stats.embedding_coalesced)


def test_who_waits_for_a_call_that_fails_embeds_for_itself() -> None:
    """The error is its caller's alone."""
    begun, may_end, model = threading.Event(), threading.Event(), Model()

    def failing(texts: list[str]) -> object:
        begun.set()
        assert may_end.wait(60)
        raise ConnectionError

    with llmcache.open("memory:") as cache, ThreadPoolExecutor(2) as pool:
        leading = pool.submit(cache.embeddings.embed, ["a"], failing, model="m")
        assert begun.wait(60)
        waiting = pool.submit(cache.embeddings.embed, ["a"], model, model="m")
        while cache.stats().embedding_misses < 2:
            threading.Event().wait(0.001)
        may_end.set()

        assert vectors(["a"]).tobytes() == waiting.result(60).tobytes()
        with pytest.raises(ConnectionError):
            leading.result(60)


def test_a_model_that_asks_the_cache_itself_does_not_wait_for_itself() -> None:
    """For the very texts it is embedding."""
    with llmcache.open("memory:") as cache:

        def nested(texts: list[str]) -> object:
            return cache.embeddings.embed(texts, vectors, model="m")

        found = cache.embeddings.embed(["a", "b"], nested, model="m")

    assert vectors(["a", "b"]).tobytes() == found.tobytes()


def test_nothing_is_shared_where_nobody_wants_it() -> None:
    """Each caller asks for itself."""
    first, second = Gated(), Model()
    with llmcache.open("memory:", coalesce="off") as cache, ThreadPoolExecutor(1) as pool:
        leading = pool.submit(cache.embeddings.embed, ["a"], first, model="m")
        assert first.begun.wait(60)
        cache.embeddings.embed(["a"], second, model="m")
        first.may_end.set()
        leading.result(60)

    assert ([["a"]], [["a"]]) == (first.asked, second.asked)


def test_who_asks_after_clearing_shares_no_older_call() -> None:
    """Clearing means that what was asked before is not trusted any more."""
    first, second = Gated(), Model()
    with llmcache.open("memory:") as cache, ThreadPoolExecutor(1) as pool:
        leading = pool.submit(cache.embeddings.embed, ["a"], first, model="m")
        assert first.begun.wait(60)
        cache.clear()
        cache.embeddings.embed(["a"], second, model="m")
        first.may_end.set()
        assert vector("a").tobytes() == leading.result(60).tobytes()

    assert [["a"]] == second.asked
