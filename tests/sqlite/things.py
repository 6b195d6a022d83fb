"""What the tests of this folder put, and where."""

import hashlib
import os
from pathlib import Path

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore, open_pair, open_store
from llmcache_sqlite.engine import Engine

__all__ = [
    "SPACE", "SqliteStore", "answer", "answers", "body_of", "engine_of", "file_of", "key", "log", "open_pair",
    "open_store", "put", "tell",
]  # fmt: skip

SPACE = Space(Namespace(("shop", "prod")), Kind.RESPONSE)


def key(name: object, kind: Kind = Kind.RESPONSE) -> Key:
    """Return the key of an answer: a digest, as flows make them."""
    return Key(Space(SPACE.namespace, kind), hashlib.sha256(str(name).encode()).hexdigest())


def log(name: str = "session 1") -> Key:
    """Return the key of a conversation."""
    return Key(Space(SPACE.namespace, Kind.HISTORY), name)


def body_of(name: object, size: int = 1_000) -> bytes:
    """Return a body that can be told from every other, as long as `size`."""
    seed = hashlib.sha256(f"body of {name}".encode()).digest()
    return (seed * (size // len(seed) + 1))[:size]


def put(store: SqliteStore, name: object, size: int = 1_000, ttl: float | None = None) -> None:
    """Keep a body of its own under `name`."""
    store.put_many((Put(key(name), body_of(name, size), ttl),))


def answer(store: SqliteStore, name: object) -> bytes | None:
    """Return what is kept under `name`."""
    return store.get_many((key(name),))[0]


def answers(store: SqliteStore, *names: object) -> list[bytes | None]:
    """Return what is kept under each name, read one by one."""
    return [answer(store, name) for name in names]


def file_of(folder: Path) -> Path:
    """Return the main file in a store's folder."""
    return folder / "llmcache-1.sqlite"


def engine_of(store: SqliteStore) -> Engine:
    """Return the engine behind a store."""
    return store._handle.engine("test")


def tell(line: object) -> None:
    """Write a line to whoever started this process, whole and at once, whatever other threads write."""
    os.write(1, f"{line}\n".encode())
