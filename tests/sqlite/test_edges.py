"""The rare ways out: nothing to give up, nowhere to go, nobody who lets go. Each ends in time, with an error that fits."""

import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from llmcache.errors import ClosedError, StoreError, StoreTimeout
from llmcache.protocols.deed import Deed
from llmcache_sqlite import AsyncSqliteStore, SqliteStore, open_pair, open_store, writing
from llmcache_sqlite.errors import NotNowError
from llmcache_sqlite.readers import Readers
from llmcache_sqlite.transaction import Transaction
from llmcache_sqlite.waiting import Deadline
from llmcache_sqlite.work import Write
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import eventually
from tests.sqlite.things import answer, body_of, engine_of, file_of, key, put


def new_reader() -> sqlite3.Cursor:
    """Open a connection of its own."""
    return sqlite3.connect(":memory:", check_same_thread=False).cursor()


def is_open(reader: sqlite3.Cursor) -> bool:
    """True where the reader's connection can be used."""
    try:
        reader.connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_pool_keeps_few_idle_readers() -> None:
    """Twenty readers were used at once: eight are kept, the others are closed, and the last one used is taken next."""
    pool = Readers(new_reader)
    taken = [pool.take(may_wait=True) for _ in range(20)]
    for reader in taken:
        pool.give_back(reader)
    kept = [reader for reader in taken if is_open(reader)]

    assert taken[-8:] == kept
    assert taken[-1] is pool.take(may_wait=True)
    pool.give_back(taken[-1])
    assert pool.hold(Deadline(5.0))
    assert not any(map(is_open, taken))


def test_pool_that_is_held_opens_nothing() -> None:
    """While the pool is held a caller that may not wait is told so; a reader that is out makes holding give up in time."""
    pool = Readers(new_reader)
    reader = pool.take(may_wait=True)

    assert not pool.hold(Deadline(0.05))
    pool.give_back(reader)
    assert pool.hold(Deadline(5.0))
    assert not pool.hold(Deadline(0.05))
    with pytest.raises(NotNowError):
        pool.take(may_wait=False)
    pool.let_go()
    pool.discard(pool.take(may_wait=False))


def test_write_that_somebody_else_does_too_slowly(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write is in another thread's transaction when its time is over: the error says that it may still be done, and it is."""
    monkeypatch.setattr(writing, "_GRACE", 0.1)
    store = opener(timeout=0.5)
    engine = engine_of(store)
    inside, may_end = threading.Event(), threading.Event()

    def slow(_: Transaction) -> None:
        inside.set()
        may_end.wait()

    slow_one = threading.Thread(target=lambda: engine.write(Write(Deed("test"), slow)))
    outcome: list[str] = []

    def other() -> None:
        with pytest.raises(StoreTimeout) as caught:
            put(store, "a")
        outcome.append(str(caught.value))

    other_one = threading.Thread(target=other)
    with engine.file.gate:
        slow_one.start()
        assert eventually(engine._writing._turn.locked)
        other_one.start()
        assert eventually(lambda: len(engine._writing._queue) == 2)
    inside.wait()
    other_one.join()
    may_end.set()
    slow_one.join()

    assert [
        f"sqlite did not finish put_many of {key('a').name[:12]} in time; it may still be done: reread first"
    ] == outcome
    assert body_of("a") == answer(store, "a")


def test_folder_became_a_file(folder: Path, opener: Opener) -> None:
    """Where nothing can be opened any more, calls fail with an error of ours, and work again when that is over."""
    store = opener(timeout=1.0)
    put(store, "a")
    shutil.rmtree(folder)
    folder.write_text("in the way")
    with pytest.raises(StoreError, match="could not do put_many"):
        put(store, "b")
    folder.unlink()
    put(store, "c")

    assert [None, body_of("c")] == store.get_many((key("a"), key("c")))


def test_file_that_another_program_has_for_itself(folder: Path) -> None:
    """A program that locks everybody out holds opening and reading up no longer than they may wait."""
    open_store(folder).close()
    other = sqlite3.connect(file_of(folder), isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    start = time.monotonic()
    with pytest.raises(StoreTimeout, match="another connection holds the lock"):
        open_store(folder, timeout=0.2)
    took = time.monotonic() - start
    other.close()
    store = open_store(folder, timeout=0.2)
    found = answer(store, "a")
    store.close()

    assert 0.2 <= took < 5.0
    assert None is found


async def test_async_store_tells_about_itself(folder: Path) -> None:
    """Name, folder, health and text are those of the blocking colour."""
    pair = open_pair(folder)
    assert isinstance(pair.blocking, SqliteStore)
    assert isinstance(pair.awaiting, AsyncSqliteStore)
    same = [getattr(pair.blocking, name) == getattr(pair.awaiting, name) for name in ("name", "capabilities", "folder")]
    health = [pair.blocking.health(), pair.awaiting.health()]
    texts = [repr(pair.blocking), repr(pair.awaiting)]
    await pair.awaiting.close()

    assert [True] * 3 == same
    assert health[0] == health[1]
    assert [f"SqliteStore({str(folder)!r})", f"AsyncSqliteStore({str(folder)!r})"] == texts
    with pytest.raises(ClosedError):
        await pair.awaiting.put_many(())
