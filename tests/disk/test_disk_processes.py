"""Several threads and processes: locks that are held, writers that are killed, forks."""

import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from llmcache.errors import StoreTimeout
from llmcache.protocols.key_value import Put
from tests.disk.conftest import Opener
from tests.disk.programs import line_of, program, run
from tests.disk.things import answer, body_of, database, key, log, put

BUSY = """
from tests.forks import in_child
store = open_store(folder)
is_over = threading.Event()
written, failed = [[] for _ in range(3)], []

def work(thread):
    try:
        number = 0
        while not is_over.is_set():
            put(store, f"{thread} {number}", size=3_000)
            written[thread].append(number)
            assert answer(store, f"{thread} {number}") == body_of(f"{thread} {number}", 3_000)
            store.append(log(f"{thread}"), [b"%d" % number])
            number += 1
    except BaseException as error:
        failed.append(repr(error))

threads = [threading.Thread(target=work, args=(thread,)) for thread in range(3)]
for thread in threads:
    thread.start()
outcomes = []
for fork in range(15):
    def child():
        put(store, f"child {fork}")
        store.append(log("children"), [b"%d" % fork])
        return answer(store, f"child {fork}") == body_of(f"child {fork}")
    outcomes.append(in_child(child))
is_over.set()
for thread in threads:
    thread.join()
whole = all(store.read_log(log(f"{t}")) == [b"%d" % n for n in written[t]] for t in range(3))
print(set(outcomes), failed, whole, store.read_log(log("children")) == [b"%d" % fork for fork in range(15)])
store.close()
"""


def test_lock_that_is_held_is_a_timeout(folder: Path, opener: Opener) -> None:
    """While another process holds the lock, writes end with StoreTimeout and reads go on."""
    store = opener(timeout=0.05)
    put(store, "a")
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for write in (
            lambda: put(store, "b"),
            lambda: store.put_if_absent(Put(key("b"), b"")),
            lambda: store.append(log(), [b"1"]),
            lambda: store.delete_many((key("a"),)),
            lambda: store.clear(key("a").space),
        ):
            with pytest.raises(StoreTimeout, match="another process holds the lock"):
                write()
        found = answer(store, "a")
    put(store, "b")

    assert body_of("a") == found
    assert body_of("b") == answer(store, "b")


def test_opening_waits_for_nobody(folder: Path, opener: Opener) -> None:
    """A store that is there is opened and read without the lock."""
    put(opener(), "a")
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = answer(opener(timeout=0.05), "a")

    assert body_of("a") == found


def test_readers_do_not_wait_for_a_waiting_writer(folder: Path, opener: Opener) -> None:
    """In one process, too, a read passes a write that waits for another process."""
    store = opener(timeout=30.0)
    put(store, "a")
    with closing(sqlite3.connect(database(folder), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer = threading.Thread(target=put, args=(store, "b"))
        writer.start()
        found = [answer(store, "a") for _ in range(20)]
        was_waiting = writer.is_alive()
        other.execute("COMMIT")
        writer.join(20)

    assert ([body_of("a")] * 20, True) == (found, was_waiting)
    assert body_of("b") == answer(store, "b")


@pytest.mark.slow
def test_forks_among_busy_threads(folder: Path) -> None:
    """Every child reads and writes and ends, and no thread of the parent fails or loses anything."""
    assert "{0} [] True True" == run(BUSY, folder)


@pytest.mark.slow
def test_killed_writers_lose_nothing(folder: Path, opener: Opener) -> None:
    """What a writer reported as written is there after it was killed, whole, and the store can be written."""
    code = """
number = 0
while True:
    put(store, number, size=20_000)
    store.append(log(), [b"%d" % number])
    os.write(1, b"%d\\n" % number)
    number += 1
"""
    told = []
    for _ in range(5):
        with program("store = open_store(folder)\n" + code, folder) as writer:
            told = [int(line_of(writer)) for _ in range(20)]
            writer.send_signal(signal.SIGKILL)
            writer.wait(20)
        store = opener()
        found = [answer(store, number) for number in told]
        messages = store.read_log(log())
        store.delete_log(log())

        assert [body_of(number, 20_000) for number in told] == found
        assert [b"%d" % number for number in range(len(messages))] == messages
        assert len(messages) >= len(told)


@pytest.mark.slow
def test_many_processes_make_one_store(folder: Path, opener: Opener) -> None:
    """Processes that open a missing folder at once all find the same store, and nothing is lost."""
    code = "sys.stdin.readline()\nstore = open_store(folder)\nstore.append(log(), [sys.argv[1].encode()] * 3)\nprint('done')\n"
    programs = [program("print('ready')\n" + code, folder) for _ in range(4)]
    processes = [one.__enter__() for one in programs]
    try:
        for process in processes:
            assert "ready" == line_of(process)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
        answers = [line_of(process) for process in processes]
    finally:
        for one in programs:
            one.__exit__(None, None, None)

    assert ["done"] * 4 == answers
    assert 12 == opener().log_length(log())


@pytest.mark.slow
def test_threads_share_one_store(opener: Opener) -> None:
    """Eight threads write and read through one store; every write is there."""
    store = opener()
    begin = time.monotonic()

    def work(thread: int) -> None:
        for number in range(40):
            put(store, (thread, number))
            store.append(log(), [b"%d %d" % (thread, number)])
            assert body_of((thread, number)) == answer(store, (thread, number))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert time.monotonic() - begin < 60
    assert 320 == store.log_length(log())


def test_slice_is_of_one_moment(opener: Opener) -> None:
    """While another handle replaces a conversation whole, again and again, each read sees one of its states."""
    reader, writer = opener(), opener()
    bodies = [[b"%d" % number] * 50 for number in range(2)]
    writer.append(log(), bodies[0])
    is_over = threading.Event()

    def write() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            writer.append(log(), bodies[number % 2], max_length=50)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        found = [reader.read_log(log()) for _ in range(300)]
    finally:
        is_over.set()
        thread.join(20)

    assert [] == [seen for seen in found if seen not in bodies]
