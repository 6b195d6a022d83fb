"""A folder or file that is removed or exchanged under a live process: noticed, and used as it is now."""

import shutil
from pathlib import Path

import pytest

from llmcache_sqlite import SqliteStore
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program, eventually, run
from tests.sqlite.things import answer, body_of, file_of, key, log, put


def test_write_after_the_folder_was_removed_makes_it_anew(folder: Path, store: SqliteStore, opener: Opener) -> None:
    """A put that is acknowledged is in the folder that is there: everybody who opens it reads it."""
    put(store, "old")
    shutil.rmtree(folder)
    put(store, "new")
    store.append(log(), [b"1"])
    other = opener(max_bytes=2**21)

    assert [None, body_of("new")] == other.get_many((key("old"), key("new")))
    assert [b"1"] == other.read_log(log())
    assert 0o700 == folder.stat().st_mode & 0o777


@pytest.mark.slow
def test_read_notices_within_a_second_or_so(folder: Path, store: SqliteStore) -> None:
    """A process that only reads finds what another process put into the new folder."""
    put(store, "old")
    assert body_of("old") == answer(store, "old")
    shutil.rmtree(folder)
    run("store = open_store(folder); put(store, 'new'); store.close()", folder)

    assert eventually(lambda: answer(store, "new") == body_of("new"))
    assert None is answer(store, "old")


@pytest.mark.slow
def test_write_after_the_file_was_exchanged_goes_to_the_new_one(
    folder: Path, store: SqliteStore, tmp_path: Path
) -> None:
    """Another file was moved to our path, as a restore from a backup does: writes are in it, with what it had."""
    run("store = open_store(folder); put(store, 'backup'); store.close()", tmp_path / "backup")
    put(store, "old")
    for leftover in ("llmcache-1.sqlite-wal", "llmcache-1.sqlite-shm"):
        (folder / leftover).unlink()
    file_of(tmp_path / "backup").replace(file_of(folder))
    put(store, "new")

    assert [None, body_of("backup"), body_of("new")] == store.get_many((key("old"), key("backup"), key("new")))


@pytest.mark.slow
def test_closing_leaves_the_log_of_the_new_file_alone(folder: Path, store: SqliteStore) -> None:
    """A store whose file was exchanged is closed: the log that lies at the same path now belongs to others, and stays."""
    put(store, "old")
    shutil.rmtree(folder)
    code = """
store = open_store(folder)
put(store, "new"); tell("put"); sys.stdin.readline()
tell(answer(store, "new") == body_of("new")); put(store, "newer"); store.close()
"""
    with Program(code, folder) as other:
        assert "put" == other.line()
        store.close()
        assert (folder / "llmcache-1.sqlite-wal").exists()
        other.say()
        assert "True" == other.end().strip()
    found = run(
        "print(answer(open_store(folder), 'new') is not None, answer(open_store(folder), 'newer') is not None)", folder
    )

    assert "True True" == found.strip()
