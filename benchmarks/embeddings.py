"""A thousand embeddings: warm and cold, as arrays and as lists of floats, and how many bytes each takes.

The floor is the shortest correct way by hand on the same medium: a digest of each text, one read of all, `frombuffer`. The model
answers at once, so that what is left is the cache's.
"""

import contextlib
import hashlib
import json
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import redis
from langchain_core.embeddings import Embeddings

import llmcache
from benchmarks.redis_answers import server
from benchmarks.timing import Contestant, Prepare, race, table
from llmcache_langchain import ByteStore, CachedEmbeddings

Array = npt.NDArray[np.float32]
MANY = 1_000
SIZES = (384, 1_536)
PATIENT = "timeout=10s"


def texts_of(turn: int = 0) -> list[str]:
    """A thousand different texts of about 300 characters, as chunks of documents are."""
    return [f"chunk {number} of document {turn}: " + "some words of prose, " * 13 for number in range(MANY)]


TEXTS = texts_of()
_turns = count(1)


class Instant(Embeddings):
    """Knows every vector already."""

    def __init__(self, dimensions: int) -> None:
        rng = np.random.default_rng(1)
        self.rows: Array = rng.standard_normal((MANY, dimensions)).astype("f4")
        self.lists: list[list[float]] = self.rows.tolist()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.lists[: len(texts)]

    def embed_query(self, text: str) -> list[float]:
        return self.lists[0]

    def array(self, texts: list[str]) -> Array:
        """As an array."""
        return self.rows[: len(texts)]


def digests(texts: Sequence[str]) -> list[bytes]:
    """The names under which a floor keeps texts."""
    return [hashlib.sha256(text.encode()).digest() for text in texts]


class SqliteFloor:
    """One table, rows of raw float32, one `IN` for all."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "floor.db"
        self._file = sqlite3.connect(self.path, isolation_level=None)
        self._file.execute("PRAGMA page_size = 8192")
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("CREATE TABLE entry (key BLOB UNIQUE, body BLOB)")

    def get(self, texts: Sequence[str]) -> Array | None:
        names = digests(texts)
        marks = ",".join("?" * len(names))
        found = dict(self._file.execute(f"SELECT key, body FROM entry WHERE key IN ({marks})", names).fetchall())
        bodies = [found.get(name) for name in names]
        return None if None in bodies else array_of([body for body in bodies if body is not None])

    def put(self, texts: Sequence[str], rows: Array) -> None:
        pairs = [(name, row.tobytes()) for name, row in zip(digests(texts), rows, strict=True)]
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", pairs)
        self._file.execute("COMMIT")

    def close(self) -> None:
        self._file.close()


class DictFloor:
    """A dict of bytes."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def get(self, texts: Sequence[str]) -> Array | None:
        bodies = [self._held.get(name) for name in digests(texts)]
        return None if None in bodies else array_of([body for body in bodies if body is not None])

    def put(self, texts: Sequence[str], rows: Array) -> None:
        self._held.update((name, row.tobytes()) for name, row in zip(digests(texts), rows, strict=True))


class RedisFloor:
    """MGET and one pipeline of SET by redis-py."""

    def __init__(self, port: int) -> None:
        self._client = redis.Redis(port=port, db=1)

    def get(self, texts: Sequence[str]) -> Array | None:
        bodies: Any = self._client.mget(digests(texts))
        return None if None in bodies else array_of(bodies)

    def put(self, texts: Sequence[str], rows: Array) -> None:
        pipe = self._client.pipeline(transaction=False)
        for name, row in zip(digests(texts), rows, strict=True):
            pipe.set(name, row.tobytes())
        pipe.execute()


def array_of(bodies: Sequence[bytes]) -> Array:
    """Rows of raw float32 as one array of the caller's own."""
    return np.frombuffer(b"".join(bodies), "<f4").reshape(len(bodies), -1).copy()


@dataclass
class Way:
    """One way to embed a thousand texts: returns the vectors, kept or new."""

    name: str
    embed: Callable[[list[str]], object]


def warm(embed: Callable[[list[str]], object]) -> Prepare:
    """Prepare reading what is kept."""
    return lambda calls: lambda: [embed(TEXTS) for _ in range(calls)] and None


def cold(embed: Callable[[list[str]], object]) -> Prepare:
    """Prepare texts that were never seen, by anybody."""

    def prepare(calls: int) -> Callable[[], None]:
        batches = [texts_of(next(_turns)) for _ in range(calls)]
        return lambda: [embed(batch) for batch in batches] and None

    return prepare


def floors(floor: SqliteFloor | DictFloor | RedisFloor, model: Instant) -> list[Way]:
    """By hand, to an array and to lists."""

    def embed(texts: list[str]) -> Array:
        found = floor.get(texts)
        if found is None:
            found = model.array(texts)
            floor.put(texts, found)
        return found

    return [Way("floor -> array", embed), Way("floor -> lists", lambda texts: embed(texts).tolist())]


def ours(cache: llmcache.Cache, model: Instant) -> list[Way]:
    """Ours, to an array and, by LangChain's door, to lists."""
    cached = CachedEmbeddings(model, cache, model="bench", progress=False)
    return [
        Way(
            "llmcache -> array", lambda texts: cache.embeddings.embed(texts, model.array, model="bench", progress=False)
        ),
        Way("CachedEmbeddings -> lists", cached.embed_documents),
    ]


def backed(name: str, store: Any, model: Instant) -> Way:
    """LangChain's CacheBackedEmbeddings on a store of bytes."""
    from langchain_classic.embeddings import CacheBackedEmbeddings

    peer = CacheBackedEmbeddings.from_bytes_store(model, store, namespace="m", key_encoder="sha256")
    return Way(f"CacheBackedEmbeddings + {name} -> lists", peer.embed_documents)


def redisvl(port: int, model: Instant) -> Way:
    """The embeddings cache of redisvl, as its documentation uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from redisvl.extensions.cache.embeddings import EmbeddingsCache

    peer = EmbeddingsCache(redis_url=f"redis://127.0.0.1:{port}/0")

    def embed(texts: list[str]) -> list[Any]:
        found = peer.mget(texts, "m")
        if None in found:
            rows = model.embed_documents(texts)
            peer.mset([{"content": t, "model_name": "m", "embedding": r} for t, r in zip(texts, rows, strict=True)])
            return rows
        return [entry["embedding"] for entry in found]

    return Way("redisvl EmbeddingsCache -> lists", embed)


def raced(title: str, ways: Sequence[Way], prepare: Callable[[Callable[[list[str]], object]], Prepare]) -> list[str]:
    """Race to arrays and to lists, each beside its own floor."""
    tables = []
    for form in ("array", "lists"):
        group = [way for way in ways if way.name.endswith(form)]
        contestants = [Contestant(way.name, prepare(way.embed), calls=1) for way in group]
        race(contestants, slices=15)
        tables.append(table(f"{title}, {form}", contestants, contestants[0].name))
    return tables


@contextlib.contextmanager
def media(dimensions: int) -> Iterator[dict[str, list[Way]]]:
    """Every way on every medium, empty."""
    from langchain_classic.storage import LocalFileStore
    from langchain_community.storage import RedisStore
    from langchain_core.stores import InMemoryByteStore

    model = Instant(dimensions)
    with tempfile.TemporaryDirectory() as name, server() as port, contextlib.ExitStack() as opened:
        folder = Path(name)
        floor = SqliteFloor(folder)
        opened.callback(floor.close)
        urls = ("memory:", f"sqlite:{folder / 'ours'}", f"redis://127.0.0.1:{port}/2?{PATIENT}")
        memory, sqlite, remote = (opened.enter_context(llmcache.open(url)) for url in urls)
        yield {
            "memory": [*floors(DictFloor(), model), *ours(memory, model), backed("InMemoryByteStore", InMemoryByteStore(), model)],
            "SQLite": [
                *floors(floor, model), *ours(sqlite, model),
                backed("LocalFileStore", LocalFileStore(folder / "files"), model),
                backed("our ByteStore", ByteStore(sqlite), model),
            ],
            "Redis": [
                *floors(RedisFloor(port), model), *ours(remote, model),
                backed("RedisStore", RedisStore(client=redis.Redis(port=port, db=3)), model),
                redisvl(port, model),
            ],
        }  # fmt: skip


def rooms(dimensions: int) -> str:
    """How many bytes a vector takes: its body, and its share of SQLite's file (without the ballast of 4 MiB that every store has)."""
    model, lines = Instant(dimensions), [f"bytes a vector of {dimensions:,}, {10 * MANY:,} vectors, x float32"]
    for precision in ("float32", "float16", "int8"):
        with tempfile.TemporaryDirectory() as name:
            with llmcache.open(f"sqlite:{name}", embedding_precision=precision) as cache:  # type: ignore[arg-type] # a word of the list
                for turn in range(10):
                    cache.embeddings.embed(texts_of(turn), model.array, model="bench", progress=False)
                (use,) = cache.spaces()
            size = sum(path.stat().st_size for path in Path(name).rglob("*.sqlite*")) / use.entries
        body = use.body_bytes / use.entries
        lines.append(f"  {precision:10}body {body:8,.0f}   file {size:8,.0f}   {size / (4 * dimensions):5.2f} x")
    peer = len(json.dumps(model.lists[0]))
    lines.append(f"  CacheBackedEmbeddings (JSON) {peer:8,}")
    return "\n".join(lines)


def run() -> list[str]:
    """Return the tables."""
    tables = []
    for dimensions in SIZES:
        with media(dimensions) as ways:
            for medium, group in ways.items():
                for way in group:
                    way.embed(TEXTS)
                tables += raced(f"1,000 embeddings x {dimensions:,} warm on {medium}", group, warm)
                tables += raced(f"1,000 embeddings x {dimensions:,} cold on {medium}", group, cold)
        tables.append(rooms(dimensions))
    return tables
