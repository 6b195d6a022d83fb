"""What vector search is measured beside: the product by hand, faiss, graphs, and LangChain's store in memory.

The points are clustered as questions of users are: those of one topic have a cosine of 0.7, a question has one of 0.9 to a point.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import faiss
import hnswlib  # type: ignore[import-untyped]  # has no types
import numpy as np
import usearch.index
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

DIMENSIONS = 384
_BEST = 10
_ASKED = 200
_MOST_GRAPHS = 10_000
_TOPIC = 50
"""So many points have a topic in common; and with more than `_MOST_GRAPHS` one graph is made, not two."""


@dataclass(frozen=True)
class Points:
    """Points at length 1, and what is asked for."""

    rows: Floats
    asked: Floats

    def recall(self, search: Callable[[Floats], object]) -> float:
        """Return how many of the ten nearest a search finds."""
        hits = 0
        for vector in self.asked:
            exact = set(best(self.rows @ vector, _BEST).tolist())
            hits += len(exact.intersection(np.asarray(search(vector)).ravel().tolist()))
        return hits / (_BEST * len(self.asked))


@dataclass(frozen=True)
class Peer:
    """Another way to search.

    Attributes:
        search: Returns the places of the nearest.
        seconds: What building took, of CPU time.
    """

    search: Callable[[Floats], object]
    seconds: float


def clustered(count: int, *, seed: int = 0) -> Points:
    """Return so many points."""
    chance = np.random.default_rng(seed)
    topics = _unit(chance.standard_normal((max(1, count // _TOPIC), DIMENSIONS), np.float32))
    noise = _unit(chance.standard_normal((count, DIMENSIONS), np.float32))
    rows = _unit(np.sqrt(0.7) * topics[chance.integers(len(topics), size=count)] + np.sqrt(0.3) * noise)
    away = _unit(chance.standard_normal((_ASKED, DIMENSIONS), np.float32))
    return Points(rows, _unit(0.9 * rows[chance.integers(count, size=_ASKED)] + np.sqrt(1 - 0.81) * away))


def _unit(rows: Floats) -> Floats:
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def best(scores: Floats, count: int) -> NDArray[np.intp]:
    """Return the places of the greatest, the greatest first: the quickest way by hand."""
    places = np.argpartition(scores, -count)[-count:]
    return places[np.argsort(-scores[places])]


def flat_peers(points: Points) -> dict[str, Peer]:
    """Return those that are exact."""
    rows, columns = points.rows, np.ascontiguousarray(points.rows.T)
    faiss.omp_set_num_threads(1)
    began, flat = time.process_time(), faiss.IndexFlatIP(DIMENSIONS)
    flat.add(rows)
    taken = time.process_time() - began
    return {
        "NumPy, rows, and the best of it": Peer(lambda vector: best(rows @ vector, _BEST), 0.0),
        "NumPy, columns, and the best of it": Peer(lambda vector: best(vector @ columns, _BEST), 0.0),
        "faiss IndexFlatIP": Peer(lambda vector: flat.search(vector[None, :], _BEST)[1], taken),
    }


def graphs(points: Points) -> dict[str, Peer]:
    """Return those that leave something out, now and then; built by one thread."""
    began = time.process_time()
    known = hnswlib.Index("ip", DIMENSIONS)
    known.init_index(len(points.rows), ef_construction=200, M=16)
    known.add_items(points.rows, num_threads=1)
    known.set_ef(64)
    known.set_num_threads(1)
    found = {
        "hnswlib, M 16, ef 64": Peer(lambda vector: known.knn_query(vector, _BEST)[0], time.process_time() - began)
    }
    if len(points.rows) > _MOST_GRAPHS:
        return found
    began = time.process_time()
    other = usearch.index.Index(ndim=DIMENSIONS, metric="ip", dtype="f16")
    other.add(np.arange(len(points.rows)), points.rows, threads=1)
    found["usearch, float16"] = Peer(
        lambda vector: other.search(vector, _BEST, threads=1).keys, time.process_time() - began
    )
    return found


class Ready(Embeddings):
    """Embeds the name of a point as its vector."""

    def __init__(self, rows: Floats) -> None:
        self._rows = rows

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return vectors."""
        return [self._rows[int(text)].tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Return one vector."""
        return self.embed_documents([text])[0]


def in_memory(points: Points) -> Peer:
    """Return LangChain's store, which has lists of floats."""
    began, store = time.process_time(), InMemoryVectorStore(Ready(points.rows))
    names = [f"{place}" for place in range(len(points.rows))]
    store.add_texts(names, ids=names)
    lists = {vector.tobytes(): vector.tolist() for vector in points.asked}

    def search(vector: Floats) -> Any:
        return store.similarity_search_by_vector(lists[vector.tobytes()], _BEST)

    return Peer(search, time.process_time() - began)


def build_times(count: int, peers: Mapping[str, Peer]) -> str:
    """Return the beginning of a table."""
    lines = [f"vectors: building {count:,} points, µs a point; peers by CPU time, ours by wall time"]
    lines += [f"  {name:44}{peer.seconds / count * 1e6:12.1f}" for name, peer in peers.items()]
    return "\n".join(lines)
