"""Stores in folders of their own, closed after each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmcache_sqlite import SqliteStore, open_store

Opener = Callable[..., SqliteStore]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture
def opener(folder: Path) -> Iterator[Opener]:
    """Opens the store in `folder`, with any options; all are closed at the end."""
    opened: list[SqliteStore] = []

    def open_it(**options: object) -> SqliteStore:
        opened.append(open_store(folder, **options))  # type: ignore[arg-type]  # options are for open_store to check
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Opener) -> SqliteStore:
    """An open, empty store."""
    return opener()
