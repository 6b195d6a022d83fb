"""The embedding cache on every store: each text is paid for once, comes back exactly, and in the order of the question."""

import asyncio
import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

import llmcache
from llmcache.api.counters import Stats
from llmcache.codec.frames import unpack
from llmcache.errors import UsageError
from llmcache.keys import embedding_keys
from llmcache.model.embedder import Embedder
from llmcache.model.key import Kind
from llmcache_minilm import MiniLM
from tests.api.embedding import Model, vector, vectors
from tests.stores import Clock, Fresh

pytestmark = pytest.mark.stores(few=True)

NASTY = ["", " ", "a\x00b", "half an emoji: \ud83d", "é", "e\u0301", "long " * 50_000, '{"a": 1}', "\n", "ß" * 300]


def answering(answer: object, texts: list[str]) -> object:
    """Answer any texts with the same."""
    return answer


def counted(stats: Stats) -> dict[str, int | float]:
    """The counters that are not zero."""
    return {name: number for name, number in stats.as_dict().items() if number}


def test_what_is_kept_is_not_embedded_again(cache: llmcache.Cache) -> None:
    """Only what is missing goes to the model, in one call; the order is that of the question; floats are exact."""
    model = Model()
    first = cache.embeddings.embed(["b", "a"], model, model="m")
    second = cache.embeddings.embed(["a", "c", "b", "d"], model, model="m")

    assert [["b", "a"], ["c", "d"]] == model.asked
    assert vectors(["b", "a"]).tobytes() == first.tobytes()
    assert vectors(["a", "c", "b", "d"]).tobytes() == second.tobytes()
    assert ("float32", (4, 4)) == (second.dtype.name, second.shape)
    assert {"embedding_hits": 2, "embedding_misses": 4, "embedding_kept": 4} == counted(cache.stats())
    assert None is cache.stats().hit_rate


def test_a_repeated_text_is_embedded_once(cache: llmcache.Cache) -> None:
    """And stands wherever it was asked for; what a caller does to its copy changes nothing."""
    model = Model()
    first = cache.embeddings.embed(["a", "b", "a", "a"], model, model="m")
    first[:] = 0
    again = cache.embeddings.embed(["a", "a"], model, model="m")

    assert [["a", "b"]] == model.asked
    assert vectors(["a", "a"]).tobytes() == again.tobytes()


def test_any_text_has_a_vector_of_its_own(cache: llmcache.Cache) -> None:
    """Empty, huge, half of an emoji, equal but for a mark."""
    model = Model()
    cache.embeddings.embed(NASTY, model, model="m")
    found = cache.embeddings.embed(NASTY, model, model="m")

    assert [NASTY] == model.asked
    assert vectors(NASTY).tobytes() == found.tobytes()


def test_no_texts_have_no_vectors(cache: llmcache.Cache) -> None:
    """And no call is made."""
    model = Model()

    assert (0, 0) == cache.embeddings.embed([], model, model="m").shape
    assert (0, 384) == cache.embeddings.embed([], model, model="m", dimensions=384).shape
    assert [] == model.asked


def test_every_setting_has_vectors_of_its_own(cache: llmcache.Cache) -> None:
    """Model, role, dimensions and normalisation."""
    model = Model()
    every: list[dict[str, Any]] = [
        {"model": "m"}, {"model": "n"}, {"model": "m", "role": "query"}, {"model": "m", "dimensions": 4},
        {"model": "m", "normalised": True},
    ]  # fmt: skip
    for settings in every:
        for _ in range(2):
            cache.embeddings.embed(["a"], model, **settings)

    assert [["a"]] * 5 == model.asked


def test_batches_bound_what_the_model_is_asked_at_once(cache: llmcache.Cache) -> None:
    """And what came in before one failed is kept; its exception passes unchanged."""
    model, told = Model(), list[tuple[int, int]]()
    failure = ConnectionError("quota")

    def failing(texts: list[str]) -> object:
        if "e" in texts:
            raise failure
        return model(texts)

    with pytest.raises(ConnectionError) as caught:
        cache.embeddings.embed([*"abcde"], failing, model="m", batch_size=2)
    cache.embeddings.embed([*"abcde"], model, model="m", batch_size=2, progress=lambda *seen: told.append(seen))

    assert caught.value is failure
    assert [["a", "b"], ["c", "d"], ["e"]] == model.asked
    assert [(5, 5)] == told


def test_what_a_generator_gave_before_it_failed_is_kept(cache: llmcache.Cache) -> None:
    """A model may give vectors one by one."""
    model = Model()

    def one_by_one(texts: list[str]) -> Iterator[object]:
        for text in texts:
            if text == "c":
                raise ConnectionError
            yield vector(text).tolist()

    with pytest.raises(ConnectionError):
        cache.embeddings.embed([*"abc"], one_by_one, model="m")
    cache.embeddings.embed([*"abc"], model, model="m")

    assert [["c"]] == model.asked
    assert vectors([*"de"]).tobytes() == cache.embeddings.embed([*"de"], one_by_one, model="m").tobytes()


def test_a_wrong_answer_is_refused_and_nothing_of_it_kept(cache: llmcache.Cache) -> None:
    """Too few, too many, of different lengths, of other dimensions than wished."""
    model = Model()
    wrong: object
    for wrong in ([[1.0]], [[1.0]] * 3, [[1.0], [1.0, 2.0]], None, [1.0, 2.0]):
        answer = partial(answering, wrong)
        with pytest.raises(UsageError, match="the model"):
            cache.embeddings.embed(["a", "b"], answer, model="m")
    with pytest.raises(UsageError, match="vectors of 4 dimensions, expected 5"):
        cache.embeddings.embed(["a"], model, model="m", dimensions=5)
    cache.embeddings.embed(["a", "b"], model, model="m")

    assert [["a"], ["a", "b"]] == model.asked


def test_what_is_not_finite_is_given_out_and_not_kept(cache: llmcache.Cache) -> None:
    """A model that fails in that way may be well again in a minute."""
    answer = [[1.0, 2.0], [math.nan, 1.0], [1.0, 1e300]]
    found = cache.embeddings.embed([*"abc"], lambda texts: answer[: len(texts)], model="m")
    model = Model(2)
    cache.embeddings.embed([*"abc"], model, model="m")

    assert [1.0, 2.0] == found[0].tolist()
    assert not np.isfinite(found[1:]).all(axis=1).any()
    assert [["b", "c"]] == model.asked
    assert 2 == cache.stats().not_admitted


def test_vectors_end_when_they_should(cache: llmcache.Cache, clock: Clock) -> None:
    """At the instant itself they are embedded anew; `max_age` and `ttl` of the options hold, and the argument's own over those."""
    model = Model()
    with llmcache.options(ttl=60):
        cache.embeddings.embed(["a"], model, model="m")
        cache.embeddings.embed(["b"], model, model="m", ttl=600)
    clock.now += 59.5
    cache.embeddings.embed(["a", "b"], model, model="m")
    clock.now += 0.5
    cache.embeddings.embed(["a", "b"], model, model="m")
    with llmcache.options(max_age=30):
        cache.embeddings.embed(["a", "b"], model, model="m")

    assert [["a"], ["b"], ["a"], ["b"]] == model.asked


def test_options_in_force_hold(cache: llmcache.Cache) -> None:
    """Bypassing neither reads nor keeps, refreshing replaces, a namespace keeps apart."""
    model, other = Model(), lambda texts: [[9.0]] * len(texts)
    with llmcache.options(bypass=True):
        cache.embeddings.embed(["a"], model, model="m")
    cache.embeddings.embed(["a"], model, model="m")
    with llmcache.options(namespace="tenant"):
        cache.embeddings.embed(["a"], model, model="m")
    with llmcache.options(refresh=True):
        assert [[9.0]] == cache.embeddings.embed(["a"], other, model="m").tolist()

    assert [[9.0]] == cache.embeddings.embed(["a"], model, model="m").tolist()
    assert [["a"]] * 3 == model.asked
    assert 1 == cache.stats().bypassed


def test_clearing_drops_vectors_of_the_namespace(cache: llmcache.Cache) -> None:
    """Those of this one alone, by either door."""
    model = Model()
    with llmcache.options(namespace="tenant"):
        cache.embeddings.embed(["a"], model, model="m")
    for clear in (cache.clear, cache.embeddings.clear):
        cache.embeddings.embed(["a"], model, model="m")
        clear()
    cache.embeddings.embed(["a"], model, model="m")
    with llmcache.options(namespace="tenant"):
        cache.embeddings.embed(["a"], model, model="m")

    assert [["a"]] * 4 == model.asked


def test_a_model_that_changed_its_dimensions_embeds_all_anew(cache: llmcache.Cache) -> None:
    """Where it is noticed: old vectors beside new ones could not stand in one array."""
    old, new = Model(3), Model(4)
    cache.embeddings.embed(["a", "b"], old, model="m")
    found = cache.embeddings.embed(["a", "b", "c"], new, model="m")

    assert [["c"], ["a", "b"]] == new.asked
    assert vectors([*"abc"]).tobytes() == found.tobytes()
    assert 2 == cache.stats().embedding_unreadable


@pytest.mark.parametrize("texts", [["a", "b"], ["b", "a"]])
def test_where_kept_vectors_disagree_the_model_tells_which_are_right(cache: llmcache.Cache, texts: list[str]) -> None:
    """Those that are not as it has them now are embedded anew."""
    old, new = Model(3), Model(4)
    cache.embeddings.embed(["a"], old, model="m")
    cache.embeddings.embed(["b"], new, model="m")
    cache.embeddings.embed(texts, new, model="m")
    found = cache.embeddings.embed(["a", "b"], new, model="m")

    assert sorted("bab" if texts[0] == "a" else "ba") == sorted(new.texts)
    assert vectors(["a", "b"]).tobytes() == found.tobytes()


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_rounded_vector_is_the_same_the_first_time(fresh: Fresh, precision: str) -> None:
    """What is given out at once is what is read later; nearly the model's own."""
    model = Model(384)
    with llmcache.open(fresh(), embedding_precision=precision) as cache:  # type: ignore[arg-type] # a word of the list above
        first = cache.embeddings.embed(["a", "b"], model, model="m")
        second = cache.embeddings.embed(["a", "b"], model, model="m")

    assert [["a", "b"]] == model.asked
    assert first.tobytes() == second.tobytes() != vectors(["a", "b"], 384).tobytes()
    assert np.allclose(first, vectors(["a", "b"], 384), atol=0.02)


@pytest.mark.stores(needs="persistent")
def test_a_coarser_vector_is_embedded_anew_and_a_finer_one_is_used(fresh: Fresh) -> None:
    """So two programs with different wishes do not embed in turns."""
    url, model = fresh(), Model()
    with llmcache.open(url, embedding_precision="int8") as coarse:
        coarse.embeddings.embed(["a"], model, model="m")
    with llmcache.open(url) as fine:
        exact = fine.embeddings.embed(["a"], model, model="m")
    with llmcache.open(url, embedding_precision="int8") as coarse:
        used = coarse.embeddings.embed(["a"], model, model="m")

    assert [["a"], ["a"]] == model.asked
    assert vectors(["a"]).tobytes() == exact.tobytes() == used.tobytes()


def test_the_body_is_as_documented(cache: llmcache.Cache, clock: Clock) -> None:
    """A head of 32 bytes, the floats, and a check of four, under the key that `llmcache key` would show."""
    cache.embeddings.embed(["a"], Model(384), model="m", ttl=60)
    (key,) = embedding_keys(["a"], Embedder("m"), cache.namespace)
    body = cache.body(key)

    assert body is not None
    assert 36 + 4 * 384 == len(body)
    assert vector("a", 384).tobytes() == body[32:-4]
    assert clock.now + 60 == unpack(body, key)[0].expires_at


def test_answers_and_vectors_do_not_meet(cache: llmcache.Cache) -> None:
    """Clearing answers leaves vectors."""
    model = Model()
    cache.embeddings.embed(["a"], model, model="m")
    cache.responses.clear()
    cache.embeddings.embed(["a"], model, model="m")

    assert [["a"]] == model.asked
    assert Kind.EMBEDDING is cache.embeddings.space().kind


async def test_awaited_it_does_the_same(url: str) -> None:
    """With a coroutine function or a plain one."""
    model = Model()
    async with llmcache.open_async(url, namespace="shop") as cache:
        await cache.embeddings.embed(["b", "a", "b"], model.awaited, model="m", batch_size=1)
        found = await cache.embeddings.embed(["a", "c", "b"], model, model="m")
        await cache.embeddings.clear()
        await cache.embeddings.embed(["a"], model, model="m")

    assert [["b"], ["a"], ["c"], ["a"]] == model.asked
    assert vectors(["a", "c", "b"]).tobytes() == found.tobytes()


async def test_a_cancelled_batch_keeps_what_came_before(url: str) -> None:
    """And nobody waits for the rest: it is embedded by whoever asks next."""
    model, begun = Model(), asyncio.Event()

    async def slow(texts: list[str]) -> object:
        if texts == ["b"]:
            begun.set()
            await asyncio.Event().wait()
        return model(texts)

    async with llmcache.open_async(url) as cache:
        first = asyncio.ensure_future(cache.embeddings.embed(["a", "b"], slow, model="m", batch_size=1))
        await begun.wait()
        waiting = asyncio.ensure_future(cache.embeddings.embed(["a", "b"], model, model="m"))
        await asyncio.sleep(0)
        first.cancel()
        found = await waiting
        with pytest.raises(asyncio.CancelledError):
            await first

    assert [["a"], ["b"]] == model.asked
    assert vectors(["a", "b"]).tobytes() == found.tobytes()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"texts": "ab"}, r"embed takes a list of texts, found one str; write embed\(\[text\], ...\)"),
        ({"texts": b"ab"}, "found one bytes"),
        ({"texts": 3}, "found one int"),
        ({"texts": ["a", 3]}, r"texts\[1\] is a text, found int"),
        ({"model": ""}, "model is a non-empty text such as 'all-minilm-l6-v2', found an empty one"),
        ({"call": None}, "call is a function, found NoneType$"),
        ({"call": MiniLM()}, "call is a function, found MiniLM; give its method embed"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"ttl": -1}, "ttl is -1"),
        ({"progress": "yes"}, "progress is a function, True, False or None, found str"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_asked(wrong: dict[str, object], said: str) -> None:
    """With what is allowed."""
    model = Model()
    with llmcache.open("memory:") as cache, pytest.raises(UsageError, match=said):
        cache.embeddings.embed(**{"texts": ["a"], "call": model, "model": "m", **wrong})  # type: ignore[arg-type] # the point

    assert [] == model.asked
