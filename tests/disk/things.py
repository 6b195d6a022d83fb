"""What the tests of this folder put, and how they edit rows behind the store's back."""

import hashlib
import os
import pickle
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_disk import DiskStore, open_pair, open_store

__all__ = [
    "SPACE", "DiskStore", "Trap", "answer", "body_of", "database", "key", "log", "open_pair", "open_store", "put", "sql",
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


def put(store: DiskStore, name: object, size: int = 1_000, ttl: float | None = None) -> None:
    """Keep a body of its own under `name`."""
    store.put_many((Put(key(name), body_of(name, size), ttl),))


def answer(store: DiskStore, name: object) -> bytes | None:
    """Return what is kept under `name`."""
    return store.get_many((key(name),))[0]


def database(folder: Path) -> Path:
    """Return the database file in a store's folder."""
    return folder / "cache.db"


def sql(folder: Path, statement: str, arguments: Sequence[object] = ()) -> list[Any]:
    """Run a statement on the file as somebody would who can write it, and return its rows."""
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as connection:
        return connection.execute(statement, arguments).fetchall()


class Trap:
    """A pickle that makes a folder when it is loaded.

    Args:
        mark: The folder.
    """

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)

    @property
    def pickled(self) -> bytes:
        """The pickle."""
        return pickle.dumps(self)

    @property
    def is_sprung(self) -> bool:
        """True once it was loaded."""
        return self.mark.exists()
