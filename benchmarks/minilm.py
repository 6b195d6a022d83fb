"""The offline embedder beside its floor: the products of matrices that the model consists of, and nothing else.

Start with OPENBLAS_NUM_THREADS=1 on a machine that does other work: NumPy's threads wait for each other.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.timing import Contestant, Prepare, race, table
from llmcache_minilm import MiniLM
from llmcache_minilm.bert import LAYERS
from llmcache_minilm.safetensors import Floats

QUESTIONS = [f"How do I cancel order number {number} before it is sent to my address?" for number in range(32)]
PIECES = 17
"""Of each question, the two at the ends included."""
SHAPES = ((384, 1152), (384, 384), (384, 1536), (1536, 384))


def products(matrices: list[Floats], rows: dict[int, Floats]) -> None:
    """Multiply as the model does, with other numbers."""
    for matrix in matrices:
        rows[matrix.shape[0]] @ matrix


def each(work: Callable[[], object]) -> Prepare:
    """Return what does the work a number of times."""

    def prepare(calls: int) -> Callable[[], None]:
        def repeat() -> None:
            for _ in range(calls):
                work()

        return repeat

    return prepare


def run() -> Iterator[str]:
    """One question, and a batch of 32, as microseconds a call."""
    minilm, chance = MiniLM(), np.random.default_rng(0)
    minilm.embed(["load"])
    matrices = [chance.random(shape, np.float32) for _ in range(LAYERS) for shape in SHAPES]
    for count, slices in ((1, 100), (32, 30)):
        rows = {width: chance.random((count * PIECES, width), np.float32) for width in (384, 1536)}
        contestants = [
            Contestant("the products alone", each(partial(products, matrices, rows)), calls=2),
            Contestant("MiniLM.embed", each(partial(minilm.embed, QUESTIONS[:count])), calls=2),
        ]
        race(contestants, slices=slices)
        yield table(f"embed {count} questions of {PIECES} pieces", contestants, "the products alone")
