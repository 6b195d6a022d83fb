"""The embedder: texts in, vectors of unit length out."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from threading import Lock

import numpy as np

from llmcache.errors import UsageError
from llmcache.memory.threads import one_thread
from llmcache_minilm import files
from llmcache_minilm.bert import Encoder
from llmcache_minilm.safetensors import Floats
from llmcache_minilm.wordpiece import WordPiece

_PIECES_AT_ONCE = 1024
"""Pieces of a batch: enough to read the weights seldom, few enough to stay near the processor."""

_FEW_PIECES = 256
"""One long text, or a dozen questions: what somebody waits for."""


class MiniLM:
    """all-MiniLM-L6-v2: sentences and short paragraphs, in English above all, to 384 numbers.

    The vectors are those of sentence-transformers, to the last digits of float32. Of a long text the first 256 word pieces count, about 200 words.
    The files are read when the first text is embedded, 0.2 s; an object may be used by any number of threads.

    Attributes:
        name: The model's name, for keys and indexes.
        dimensions: Numbers of a vector.
    """

    name = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self) -> None:
        self._lock = Lock()
        self._parts: tuple[WordPiece, Encoder] | None = None

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return a row for each text, in order, as an array of shape (n, 384); any text has one, even an empty text.

        Raises:
            UsageError: `texts` is one text, or holds something else than texts.
            PluginError: The model's package is not installed; says how to get it.
            DecodeError: The files installed are not the model's.
        """
        if isinstance(texts, str):
            raise UsageError("embed takes a list of texts, found one str; write embed([text])")
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise UsageError(f"embed takes a list of texts, found {type(text).__name__} at texts[{place}]")
        cut, encode = self._loaded()
        pieces = [cut(text) for text in texts]
        out: Floats = np.empty((len(pieces), self.dimensions), np.float32)
        for places in _batches([len(one) for one in pieces]):
            batch = [pieces[place] for place in places]
            with one_thread() if sum(map(len, batch)) <= _FEW_PIECES else nullcontext():
                out[places] = encode(batch)
        return out

    def _loaded(self) -> tuple[WordPiece, Encoder]:
        with self._lock:
            if self._parts is None:
                self._parts = _load()
            return self._parts


def _load() -> tuple[WordPiece, Encoder]:
    folder = files.model_folder()
    return WordPiece(files.vocabulary(folder)), Encoder(files.weights(folder))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Give the places of texts, the short ones first, in batches that hold one text or `_PIECES_AT_ONCE` pieces."""
    batch: list[int] = []
    held = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and held + lengths[place] > _PIECES_AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(place)
        held += lengths[place]
    if batch:
        yield batch
