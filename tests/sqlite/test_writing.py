"""The queue of writes: many in one commit, each with its own outcome, each in its order."""

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from llmcache.errors import StoreLimit, StoreTimeout, UsageError
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore
from llmcache_sqlite.transaction import Transaction
from llmcache_sqlite.work import Write
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program, eventually
from tests.sqlite.things import answer, answers, body_of, engine_of, key, log, put


class Crowd:
    """Threads that are let go together, while nobody can write until all are waiting."""

    def __init__(self, store: SqliteStore) -> None:
        self._engine = engine_of(store)
        self._threads: list[threading.Thread] = []
        self.outcomes: dict[object, object] = {}

    def __enter__(self) -> Self:
        self._engine.file.gate.acquire()
        return self

    def add(self, name: object, call: Callable[[], object]) -> None:
        """Have a thread call it."""

        def work() -> None:
            try:
                self.outcomes[name] = call()
            except Exception as error:
                self.outcomes[name] = type(error)

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        queue = self._engine._writing._queue
        all_wait = eventually(lambda: len(queue) == len(self._threads))
        self._engine.file.gate.release()
        for thread in self._threads:
            thread.join()
        assert all_wait


@pytest.fixture
def commits(store: SqliteStore) -> list[str]:
    """The commits of the store's writing connection, as they happen."""
    put(store, "first")
    seen: list[str] = []
    file = engine_of(store).file
    with file.gate:
        file.writer().connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


def test_writes_that_wait_are_one_commit(store: SqliteStore, commits: list[str]) -> None:
    """Twenty threads put while the writer is busy: all are done by one transaction, and each put is there."""
    with Crowd(store) as crowd:
        for number in range(20):
            crowd.add(number, partial(put, store, number))

    assert 1 == len(commits)
    assert [body_of(number) for number in range(20)] == answers(store, *range(20))


def test_one_failure_is_nobody_elses(store: SqliteStore) -> None:
    """Of writes in one transaction one fails: it alone is told so, the others are done."""

    def explode(transaction: Transaction) -> None:
        transaction.execute("DELETE FROM entry")
        raise StoreLimit("too much")

    put(store, "before")
    with Crowd(store) as crowd:
        for number in range(10):
            crowd.add(number, partial(put, store, number))
            crowd.add(f"log {number}", partial(store.append, log(f"{number}"), [b"1", b"2"]))
        crowd.add("bad", lambda: engine_of(store).write(Write(Deed("test"), explode)))
        crowd.add("broken", lambda: engine_of(store).write(Write(Deed("test"), lambda _: 1 / 0)))

    assert (StoreLimit, ZeroDivisionError) == (crowd.outcomes["bad"], crowd.outcomes["broken"])
    assert [body_of(number) for number in range(10)] == answers(store, *range(10))
    assert [2] * 10 == [crowd.outcomes[f"log {number}"] for number in range(10)]
    assert [[b"1", b"2"]] * 10 == [store.read_log(log(f"{number}")) for number in range(10)]
    assert body_of("before") == answer(store, "before")


def test_waiting_for_other_threads_is_bounded(opener: Opener) -> None:
    """A thread in this process holds the writer up: others give up in time, and theirs is not done later."""
    store = opener(timeout=0.2)
    engine = engine_of(store)
    engine._writing._turn.acquire()
    start = time.monotonic()
    with pytest.raises(StoreTimeout, match="nothing was done"):
        put(store, "a")
    took = time.monotonic() - start
    engine._writing._turn.release()
    put(store, "b")

    assert 0.2 <= took < 5.0
    assert [None, body_of("b")] == answers(store, "a", "b")


class Interrupt(BaseException):
    """As KeyboardInterrupt, which pytest takes for itself."""


def test_interrupted_write_is_not_done_later(store: SqliteStore) -> None:
    """An interrupt in the middle of a transaction rolls it back, and the next write does not repeat it."""

    def interrupted(transaction: Transaction) -> None:
        transaction.execute("INSERT INTO space (prefix) VALUES ('interrupted')")
        raise Interrupt

    with pytest.raises(Interrupt):
        engine_of(store).write(Write(Deed("test"), interrupted))
    put(store, "a")
    with engine_of(store).file.gate:
        found = engine_of(store).file.writer().execute("SELECT prefix FROM space").fetchall()

    assert body_of("a") == answer(store, "a")
    assert ("interrupted",) not in found


def test_wrong_put_in_a_batch_writes_nothing(store: SqliteStore) -> None:
    """All puts of a call are checked before the first is written."""
    with pytest.raises(UsageError):
        store.put_many([Put(key("a"), b"a"), Put(key("b"), bytearray(b"b"))])  # type: ignore[arg-type]  # that is the point
    with pytest.raises(UsageError):
        store.put_many([Put(key("a"), b"a"), Put(key("b"), b"b", -1.0)])

    assert [None, None] == answers(store, "a", "b")


@pytest.mark.slow
def test_newcomer_is_not_starved(folder: Path, opener: Opener) -> None:
    """Beside four processes that write without a pause, a fifth gets its turn within a fraction of the time limit."""
    hog = "store = open_store(folder); tell('on')\nwhile True: put(store, 'hog', size=3_000)"
    store = opener()
    hogs = [Program(hog, folder) for _ in range(4)]
    try:
        assert ["on"] * 4 == [one.line() for one in hogs]
        waits = []
        for number in range(100):
            start = time.monotonic()
            put(store, number)
            waits.append(time.monotonic() - start)
    finally:
        for one in hogs:
            one.__exit__(None, None, None)

    assert [body_of(number) for number in range(100)] == answers(store, *range(100))
    # The limit is 5 seconds; the machine may be busy with other things than hogs.
    assert sorted(waits)[98] < 2.5


def do_something(store: SqliteStore, chance: random.Random, own: str) -> None:
    """Make one call of a random kind, and check what can be checked of it."""
    name = chance.randrange(20)
    match chance.choice("dieaapppc"):
        case "d":
            store.delete_many((key(name),))
        case "i":
            store.put_if_absent(Put(key(name), body_of(name), 60.0))
        case "e":
            store.delete_if_equal(key(name), body_of(name))
        case "a":
            store.append(log(own), [b"%d" % name] * 2, max_length=10)
            assert len(store.read_log(log(own))) <= 10
        case "c" if chance.random() < 0.1:
            store.clear(key(name).space)
        case _:
            put(store, name)
            assert answer(store, name) in (None, body_of(name))


@pytest.mark.slow
def test_threads_that_mix_everything(store: SqliteStore) -> None:
    """Eight threads put, read, append, delete and clear at random for a while: no call fails, no body is another's."""
    failed: list[str] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(150):
                do_something(store, chance, own=f"{seed}")
        except Exception as error:
            failed.append(repr(error))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failed
    assert 0 == store.health().damaged
