"""How many threads NumPy multiplies on while texts are embedded."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from llmcache.memory.threads import Blas, blas, one_thread
from llmcache_minilm import MiniLM
from llmcache_minilm.safetensors import Floats


@pytest.fixture
def two() -> Iterator[Blas]:
    """NumPy's library of products, told to use two threads."""
    found = blas()
    assert found is not None, "NumPy's wheels bring OpenBLAS along"
    before = found.get()
    found.set(2)
    yield found
    found.set(before)


def test_one_thread_inside_and_as_before_after(two: Blas) -> None:
    """Also where blocks overlap in several threads, and where one ends by an error."""
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with one_thread():
            entered.set()
            leave.wait(20)

    other = threading.Thread(target=stay)
    other.start()
    assert entered.wait(20)
    with pytest.raises(LookupError), one_thread():
        raise LookupError
    alone = two.get()
    leave.set()
    other.join(20)

    assert (1, 2) == (alone, two.get())


def test_a_question_is_embedded_on_one_thread_and_many_texts_on_all(two: Blas) -> None:
    """Somebody waits for the question; who embeds a thousand texts says how many threads that may take."""
    seen: dict[int, int] = {}

    def encode(texts: Sequence[Sequence[int]]) -> Floats:
        seen[len(texts)] = two.get()
        return np.zeros((len(texts), MiniLM.dimensions), np.float32)

    minilm = MiniLM()
    minilm.embed(["load"])
    assert minilm._parts is not None
    minilm._parts = (minilm._parts[0], encode)  # type: ignore[assignment]  # notes what it is called under
    minilm.embed(["How do I cancel my order?"])
    minilm.embed(["How do I cancel my order?"] * 50)

    assert {1: 1, 50: 2} == seen
    assert 2 == two.get()
