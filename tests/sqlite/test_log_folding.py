"""The write-ahead log: folded into the file while nobody can write, and never long."""

import sqlite3
from pathlib import Path

import pytest

from llmcache.errors import StoreLimit
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program
from tests.sqlite.things import answer, answers, body_of, engine_of, file_of, key, put

MIB = 2**20


def log_bytes(folder: Path) -> int:
    """Return how long the log is."""
    return (folder / "llmcache-1.sqlite-wal").stat().st_size


def test_log_is_folded_while_the_write_lock_is_held(store: SqliteStore) -> None:
    """No commit of any process can fall into the folding: it happens inside a write transaction of another connection."""
    put(store, "a")
    file = engine_of(store).file
    seen: list[str] = []
    with file.gate:
        file.fold_log()
        assert file._folder is not None
        for cursor in (file.writer(), file._folder):
            cursor.connection.set_trace_callback(seen.append)
        file.fold_log()

    assert ["BEGIN IMMEDIATE", "PRAGMA wal_checkpoint(PASSIVE)", "ROLLBACK"] == seen


def test_log_is_not_folded_while_somebody_writes(folder: Path, store: SqliteStore) -> None:
    """Where another connection has the write lock, folding is left for later, and nothing fails."""
    put(store, "a", size=50_000)
    before = file_of(folder).stat().st_size
    other = sqlite3.connect(file_of(folder), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    file = engine_of(store).file
    with file.gate:
        file.fold_log()
        during = file_of(folder).stat().st_size
    other.execute("ROLLBACK")
    other.close()
    with file.gate:
        file.fold_log()
    put(store, "b")

    assert before == during < file_of(folder).stat().st_size
    assert body_of("b") == answer(store, "b")


def test_log_stays_short(folder: Path, store: SqliteStore) -> None:
    """However much is put, the log is folded in time: its file keeps its usual length."""
    lengths = []
    for number in range(1_500):
        put(store, number, size=4_000)
        lengths.append(log_bytes(folder))

    assert max(lengths) < 3 * MIB
    assert lengths[-1] >= MIB


def puts_until_refused(store: SqliteStore) -> int:
    """Put until the store refuses because of its log, and return how many it took."""
    for number in range(10_000):
        try:
            put(store, number, size=4_000)
        except StoreLimit as error:
            if "stays in a read transaction" not in str(error):
                raise
            return number
    raise AssertionError("the log may grow for ever")


@pytest.mark.slow
def test_reader_that_stays_cannot_fill_the_disk(folder: Path, opener: Opener) -> None:
    """A program that stays in one snapshot keeps the log: writes are refused in time, nothing is evicted, and all goes on after it."""
    store = opener(max_bytes=16 * MIB)
    put(store, "first")
    code = """
c = sqlite3.connect(folder / "llmcache-1.sqlite", isolation_level=None)
c.execute("BEGIN"); c.execute("SELECT count(*) FROM entry").fetchall()
tell("reading"); sys.stdin.readline()
c.execute("COMMIT"); tell("done"); sys.stdin.read()
"""
    with Program(code, folder) as reader:
        assert "reading" == reader.line()
        taken = puts_until_refused(store)
        during = log_bytes(folder)
        assert [body_of(number, 4_000) for number in range(taken)] == answers(store, *range(taken))
        store.delete_many((key(0),))
        reader.say()
        assert "done" == reader.line()
        put(store, "later")
        later = answers(store, 0, "later")

    assert 0 == store.health().evicted
    assert 4 * MIB < during < 6 * MIB
    assert [None, body_of("later")] == later
    assert log_bytes(folder) < MIB


def test_log_of_a_large_batch_is_cut(folder: Path, opener: Opener) -> None:
    """A call that writes as much as it may makes the log long for a moment, and is no reason to refuse the next."""
    store = opener(max_bytes=16 * MIB)
    for batch in range(5):
        store.put_many([Put(key(f"{batch} {number}"), body_of(number, 35_000)) for number in range(100)])

    assert [body_of(7, 35_000)] * 2 == answers(store, "3 7", "4 7")
    assert log_bytes(folder) < MIB
