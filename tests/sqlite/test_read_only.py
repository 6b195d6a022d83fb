"""Folders that cannot be written: reads work, writes are refused, nothing is set aside."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmcache.errors import StoreRefused
from llmcache.protocols.key_value import Put
from llmcache_sqlite import open_store
from tests.sqlite.programs import Program
from tests.sqlite.things import answer, body_of, key, log, put


def mounted_read_only(folder: Path) -> bool:
    """Mount the folder over itself, read-only, where this process may; for root modes of files forbid nothing."""
    if os.geteuid() != 0:
        return False
    bind = subprocess.run(["mount", "--bind", str(folder), str(folder)], check=False, capture_output=True)
    if bind.returncode != 0:
        return False
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    return True


@contextmanager
def read_only(folder: Path) -> Generator[None, None, None]:
    """Make a folder and what is in it read-only for the block."""
    is_mounted = mounted_read_only(folder)
    paths = [folder, *folder.iterdir()]
    if not is_mounted:
        for path in paths:
            path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        yield
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)
        else:
            for path in paths:
                path.chmod(0o700 if path.is_dir() else 0o600)


def test_reads_work_and_writes_are_refused(folder: Path) -> None:
    """Everything can be read; every write says that the folder cannot be written."""
    store = open_store(folder)
    put(store, "a")
    store.append(log(), [b"1", b"2"])
    store.close()
    with read_only(folder):
        store = open_store(folder)
        found = (answer(store, "a"), store.read_log(log(), -1), len(store.spaces()), len(store.scan(key("a").space)))
        for write in (
            lambda: put(store, "b"),
            lambda: store.put_if_absent(Put(key("b"), b"")),
            lambda: store.delete_many((key("a"),)),
            lambda: store.append(log(), [b"3"]),
            lambda: store.clear(key("a").space),
        ):
            with pytest.raises(StoreRefused, match="read-only"):
                write()
        again = answer(store, "a")
        health = store.health()
        store.close()

    assert (body_of("a"), [b"2"], 2, 1) == found
    assert body_of("a") == again
    assert (0, ()) == (health.set_aside, health.set_aside_files)


def test_no_store_and_none_can_be_made(tmp_path: Path) -> None:
    """Opening a missing store in a read-only place is refused."""
    with read_only(tmp_path), pytest.raises(StoreRefused, match="choose a folder that can be written"):
        open_store(tmp_path / "store")


def kill_a_writer(folder: Path) -> None:
    """Leave a store behind whose log was not folded into its file."""
    code = "store = open_store(folder); put(store, 'a'); tell('put'); sys.stdin.read()"
    with Program(code, folder) as writer:
        assert "put" == writer.line()
        writer.lines_after_kill()


@pytest.mark.slow
def test_unfinished_log_is_read(folder: Path) -> None:
    """A writer was killed, and then the medium became read-only: what it had acknowledged can be read."""
    kill_a_writer(folder)
    with read_only(folder):
        store = open_store(folder)
        found = answer(store, "a")
        store.close()

    assert body_of("a") == found


@pytest.mark.slow
def test_unfinished_log_is_not_left_out(folder: Path) -> None:
    """Where SQLite cannot read the log, because its index is missing, the store is refused, not read without the log."""
    kill_a_writer(folder)
    (folder / "llmcache-1.sqlite-shm").unlink()
    with read_only(folder), pytest.raises(StoreRefused, match="open it once where it can be written"):
        open_store(folder)
    store = open_store(folder)
    found = answer(store, "a")
    store.close()

    assert body_of("a") == found
