"""BERT's encoder in NumPy: from word pieces to one vector a text, as sentence-transformers makes it.

Vaswani et al. 2017 (attention), Devlin et al. 2018 (BERT), Reimers and Gurevych 2019 (the mean over a text's pieces).
The pieces of a batch are the rows of one matrix, text after text, so nothing is padded and nothing masked: what regards
a piece alone is one product for all rows, and attention looks at texts of the same length together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np

from llmcache_minilm.gelu import gelu_in_place
from llmcache_minilm.safetensors import Floats

LAYERS = 6
_HEADS = 12
_VARIANCE_FLOOR = np.float32(1e-12)


class Run(NamedTuple):
    """Rows `start` to `stop` are the pieces of texts that have `length` pieces each."""

    start: int
    stop: int
    length: int


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear map.

    Attributes:
        weight: Shape (in, out). The file has it the other way round; for one question the product takes a third less so.
        bias: Shape (out,).
    """

    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        """Return a new row for each."""
        out: Floats = rows @ self.weight
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation (Ba et al. 2016)."""

    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        """Return each row with mean 0 and variance 1, scaled and shifted."""
        out: Floats = rows - rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", out, out) / np.float32(out.shape[1])
        out /= np.sqrt(variance + _VARIANCE_FLOOR)[:, np.newaxis]
        out *= self.weight
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the encoder: pieces look at each other, then each thinks for itself."""

    attending: Dense
    attended: Dense
    attended_norm: Norm
    wide: Dense
    narrow: Dense
    narrow_norm: Norm

    def __call__(self, rows: Floats, runs: Sequence[Run]) -> Floats:
        """Return a new row for each."""
        seen = self.attended(_attention(self.attending(rows), runs))
        seen += rows
        rows = self.attended_norm(seen)
        thought = self.wide(rows)
        gelu_in_place(thought)
        thought = self.narrow(thought)
        thought += rows
        return self.narrow_norm(thought)


class Encoder:
    """The model: embeddings of pieces and places, and the layers.

    Args:
        weights: The tensors by their names in the model's file.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._pieces = weights["embeddings.word_embeddings.weight"]
        # A text is never the second of a pair here, so the kind of each of its pieces is the first.
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._places: Floats = weights["embeddings.position_embeddings.weight"] + kind
        self._norm = _norm(weights, "embeddings")
        self._layers = [_layer(weights, f"encoder.layer.{number}") for number in range(LAYERS)]

    def __call__(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Return a row of unit length for each text; texts of the same number of pieces stand together."""
        runs = list(_runs(texts))
        numbers = np.concatenate([np.asarray(text) for text in texts])
        places = np.concatenate([np.arange(len(text)) for text in texts])
        rows = self._norm(self._pieces[numbers] + self._places[places])
        for layer in self._layers:
            rows = layer(rows, runs)
        return _unit_length(_means(rows, runs))


def _runs(texts: Sequence[Sequence[int]]) -> Iterator[Run]:
    start = 0
    for length, same in groupby(map(len, texts)):
        stop = start + length * sum(1 for _ in same)
        yield Run(start, stop, length)
        start = stop


def _attention(rows: Floats, runs: Sequence[Run]) -> Floats:
    """Return what each piece sees of the pieces of its text; `rows` holds queries, keys and values side by side."""
    width = rows.shape[1] // 3
    out: Floats = np.empty((len(rows), width), np.float32)
    for start, stop, length in runs:
        shape = (-1, length, 3, _HEADS, width // _HEADS)
        queries, keys, values = rows[start:stop].reshape(shape).transpose(2, 0, 3, 1, 4)
        scores = queries @ keys.swapaxes(-1, -2)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        seen = scores @ values
        seen /= scores.sum(axis=-1, keepdims=True)
        out[start:stop].reshape(-1, length, _HEADS, width // _HEADS)[...] = seen.swapaxes(1, 2)
    return out


def _means(rows: Floats, runs: Sequence[Run]) -> Floats:
    means = [rows[start:stop].reshape(-1, length, rows.shape[1]).mean(axis=1) for start, stop, length in runs]
    return np.concatenate(means)


def _unit_length(rows: Floats) -> Floats:
    out: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return out


def _layer(weights: Mapping[str, Floats], name: str) -> Layer:
    return Layer(
        _attending(weights, f"{name}.attention.self"),
        _dense(weights, f"{name}.attention.output"),
        _norm(weights, f"{name}.attention.output"),
        _dense(weights, f"{name}.intermediate"),
        _dense(weights, f"{name}.output"),
        _norm(weights, f"{name}.output"),
    )


def _attending(weights: Mapping[str, Floats], name: str) -> Dense:
    """Return queries, keys and values as one product, the scale of the scores among the queries' weights."""
    query, key, value = (weights[f"{name}.{part}.weight"] for part in ("query", "key", "value"))
    biases = [weights[f"{name}.{part}.bias"] for part in ("query", "key", "value")]
    scale = np.float32((len(query) / _HEADS) ** -0.5)
    return _turned(np.concatenate([query * scale, key, value]), np.concatenate([biases[0] * scale, *biases[1:]]))


def _dense(weights: Mapping[str, Floats], name: str) -> Dense:
    return _turned(weights[f"{name}.dense.weight"], weights[f"{name}.dense.bias"])


def _turned(weight: Floats, bias: Floats) -> Dense:
    return Dense(np.ascontiguousarray(weight.T), bias)


def _norm(weights: Mapping[str, Floats], name: str) -> Norm:
    return Norm(weights[f"{name}.LayerNorm.weight"], weights[f"{name}.LayerNorm.bias"])
