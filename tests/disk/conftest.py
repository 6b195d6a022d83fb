"""Stores in folders of their own, closed after each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmcache_disk import DiskStore, open_store
from tests.disk.things import Trap

Opener = Callable[..., DiskStore]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture
def opener(folder: Path) -> Iterator[Opener]:
    """Opens the store in `folder`, with any options; all are closed at the end."""
    opened: list[DiskStore] = []

    def open_it(**options: object) -> DiskStore:
        opened.append(open_store(folder, **options))  # type: ignore[arg-type]  # options are for open_store to check
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Opener) -> DiskStore:
    """An open, empty store."""
    return opener()


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """A pickle that tells when it is loaded."""
    return Trap(tmp_path / "sprung")
