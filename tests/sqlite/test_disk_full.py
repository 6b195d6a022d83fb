"""A full disk: an error that says so where nothing helps, and otherwise room made by evicting."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from llmcache.errors import StoreLimit
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore, open_store
from tests.sqlite.conftest import Opener
from tests.sqlite.things import SPACE, answer, answers, body_of, engine_of, key, log, put

DISK = 16 * 2**20


def limit_pages(store: SqliteStore, pages: int) -> None:
    """Have SQLite say that the disk is full when the file has so many pages."""
    file = engine_of(store).file
    with file.gate:
        file.writer().execute(f"PRAGMA max_page_count = {pages}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB of its own, where this process may mount one; else a folder, and SQLite is told to stop at 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    yield folder / "store"
    if is_mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def full(disk: Path) -> Iterator[SqliteStore]:
    """A store with a bound far above what its disk holds."""
    store = open_store(disk)
    put(store, "first")
    if not os.path.ismount(disk.parent):
        limit_pages(store, DISK // 2048)
    yield store
    store.close()


def test_cache_goes_on_when_the_disk_is_full(full: SqliteStore) -> None:
    """Three times what the disk holds is put: every put succeeds and is there right after it, the oldest entries go."""
    for number in range(1_200):
        put(full, number, size=20_000)
        assert body_of(number, 20_000) == answer(full, number)

    assert full.health().full >= 1
    assert full.health().evicted > 600
    assert None is answer(full, 0)
    assert 0 == full.health().damaged


def fill_with_logs(store: SqliteStore) -> int:
    """Append until the store refuses, and return how many bodies it took."""
    for number in range(10_000):
        try:
            store.append(log(), [body_of(number, 20_000)])
        except StoreLimit:
            return number
    raise AssertionError("the disk is too large for this test")


def test_conversations_are_refused_and_never_dropped(full: SqliteStore) -> None:
    """What cannot be evicted fills the disk: StoreLimit, nothing half-done, and all that was taken can be read."""
    taken = fill_with_logs(full)

    assert [body_of(number, 20_000) for number in range(taken)] == full.read_log(log())
    with pytest.raises(StoreLimit, match="append of history"):
        full.append(log(), [body_of("big", 20_000)])
    assert taken == full.log_length(log())


@pytest.mark.parametrize("freeing", ["delete_log", "clear", "delete_many"])
def test_full_store_can_free_itself(freeing: str, full: SqliteStore) -> None:
    """On a disk that is full of what must be kept, deleting works, and then writing does."""
    documents = [key(number, Kind.DOCUMENT) for number in range(20)]
    full.put_many([Put(document, body_of("document", 20_000)) for document in documents])
    fill_with_logs(full)
    match freeing:
        case "delete_log":
            full.delete_log(log())
        case "clear":
            full.clear(log().space)
        case _:
            full.delete_many(documents)

    for number in range(10):
        put(full, number, size=20_000)
    assert [body_of(number, 20_000) for number in range(10)] == answers(full, *range(10))


def fill(path: Path) -> None:
    """Write a file as long as the disk lets it be; only on a disk that was mounted for the test."""
    assert os.path.ismount(path.parent)
    with path.open("wb", buffering=0) as other, suppress(OSError):
        while other.write(bytes(4096)):
            pass


def test_disk_that_has_room_again_is_used_again(disk: Path, full: SqliteStore) -> None:
    """Somebody else fills the disk and makes room again: the store shrinks meanwhile, and grows afterwards."""
    for number in range(100):
        put(full, number, size=20_000)
    if os.path.ismount(disk.parent):
        fill(disk.parent / "other")
    else:
        limit_pages(full, 1)
    for number in range(100, 150):
        put(full, number, size=20_000)
        assert body_of(number, 20_000) == answer(full, number)
    evicted = full.health().evicted
    if os.path.ismount(disk.parent):
        (disk.parent / "other").unlink()
    else:
        limit_pages(full, DISK // 2048)
    for number in range(200, 250):
        put(full, number, size=20_000)

    assert evicted > 0
    assert evicted == full.health().evicted
    assert [body_of(number, 20_000) for number in range(200, 250)] == answers(full, *range(200, 250))


def test_second_process_on_a_full_disk_writes(disk: Path, full: SqliteStore) -> None:
    """A store that is opened when the disk is full already evicts like the one that filled it."""
    for number in range(600):
        put(full, number, size=20_000)
    other = open_store(disk, max_bytes=2**29)
    try:
        for number in range(600, 650):
            put(other, number, size=20_000)
            assert body_of(number, 20_000) == answer(full, number)
    finally:
        other.close()


def test_disk_without_a_reserve_says_that_it_is_full(disk: Path, full: SqliteStore) -> None:
    """Somebody has thrown the reserve away and filled the disk: writes are StoreLimit, reads go on, and later all works."""
    for number in range(20):
        put(full, number, size=20_000)
    (disk / "llmcache-1.ballast").unlink(missing_ok=True)
    if os.path.ismount(disk.parent):
        fill(disk.parent / "other")
    refused = 0
    for number in range(20, 200):
        try:
            put(full, number, size=20_000)
        except StoreLimit:
            refused += 1
        assert answer(full, number) in (None, body_of(number, 20_000))
    (disk.parent / "other").unlink(missing_ok=True)
    put(full, "later", size=20_000)

    assert refused > 0 or not os.path.ismount(disk.parent)
    assert body_of("later", 20_000) == answer(full, "later")


def test_disk_full_by_sqlites_word(opener: Opener) -> None:
    """The same with a limit on pages, which needs no disk: SQLite's own error is met, and evicting ends it."""
    store = opener()
    put(store, "first")
    limit_pages(store, 1_000)
    for number in range(300):
        put(store, number, size=10_000)
        assert body_of(number, 10_000) == answer(store, number)

    assert store.health().full >= 1
    assert len(store.spaces()) == 1
    assert SPACE == store.spaces()[0].space
