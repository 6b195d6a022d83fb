"""Vectors: as sentence-transformers makes them, for any text, whatever is embedded beside it."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from llmcache.errors import UsageError
from llmcache_minilm import MiniLM
from llmcache_minilm.safetensors import Floats

GOLDEN = Path(__file__).with_name("golden") / "vectors.json"
"""Made with sentence-transformers 6.2 and torch 2.13 from the same files, in ten-thousandths."""

HOSTILE = (
    "",
    " ",
    "\x00",
    "\ud800",
    "a\udfffb",
    "👩‍👩‍👧🏳️‍🌈",
    "\u0301" * 50,
    "x" * 100_000,
    "a " * 100_000,
    "[SEP]" * 1_000,
    "\ufffd",
)


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    """The model, loaded once."""
    return MiniLM()


def one_by_one(minilm: MiniLM, texts: list[str]) -> Floats:
    """Embed each text in a call of its own."""
    return np.concatenate([minilm.embed([text]) for text in texts])


def test_vectors_are_those_of_sentence_transformers(minilm: MiniLM) -> None:
    """The cosine with the reference is 1, as far as its rounding lets it: German, Japanese, emoji, code, empty and cut texts."""
    golden = json.loads(GOLDEN.read_text("utf-8"))
    expected = np.array([one["vector"] for one in golden], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    cosines = (expected * minilm.embed([one["text"] for one in golden])).sum(axis=1)

    assert 0.99999 <= cosines.min()


def test_a_row_of_unit_length_for_each_text(minilm: MiniLM) -> None:
    """The shape is (n, 384) in float32, for no text, too, and each vector has length 1."""
    found = minilm.embed(["first", "second"])

    assert (0, 384) == minilm.embed([]).shape
    assert (2, 384) == found.shape
    assert np.float32 == found.dtype
    assert np.allclose(1, np.linalg.norm(found, axis=1), atol=1e-6)


def test_neighbours_change_nothing(minilm: MiniLM) -> None:
    """Order is kept, and a text has the same vector alone and between others of all lengths, in several batches."""
    texts = ["word " * count for count in (300, 1, 7, 120, 2, 120, 7, 64)] + ["another text", "", "another text"]

    assert np.allclose(one_by_one(minilm, texts), minilm.embed(texts), atol=1e-6)


def test_meaning_is_near(minilm: MiniLM) -> None:
    """A paraphrase is nearer than a question about something else."""
    asked, paraphrase, other = minilm.embed(
        ["How do I reset my password?", "I forgot my password, what now?", "What does a stamp cost?"]
    )

    assert asked @ paraphrase > asked @ other + 0.4


def test_any_text_has_a_vector(minilm: MiniLM) -> None:
    """Empty, huge, without a character that counts, or not even valid Unicode: each gives a vector of length 1."""
    assert np.allclose(1, np.linalg.norm(minilm.embed(HOSTILE), axis=1), atol=1e-6)


def test_many_threads_get_the_same(minilm: MiniLM) -> None:
    """Threads that meet at the first use load once, and all get what one alone gets."""
    shared = MiniLM()
    texts = [f"question number {number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = np.concatenate(list(pool.map(lambda text: shared.embed([text]), texts)))

    assert np.allclose(minilm.embed(texts), found, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("one text", r"one str; write embed\(\[text\]\)"),
        ([b"bytes"], "bytes at"),
        (["text", None], r"NoneType at texts\[1\]"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(minilm: MiniLM, wrong: list[str], found: str) -> None:
    """One text alone would be taken for a list of letters: it is refused, as is what is no text."""
    with pytest.raises(UsageError, match=f"a list of texts, found {found}"):
        minilm.embed(wrong)
