"""Processes that are killed, with no chance to clean up: what was acknowledged is there, and nothing else is left."""

from pathlib import Path

import pytest

from llmcache_sqlite import open_store
from tests.sqlite.programs import Program, eventually
from tests.sqlite.things import answers, body_of, file_of, log

# Each prints the number of what it has written, once the store has acknowledged it.
PUTTING = """
import itertools
store = open_store(folder)
for number in itertools.count(START):
    put(store, number, size=200 + number % 7 * 3_000)
    tell(number)
"""
APPENDING = """
import itertools
store = open_store(folder)
for number in itertools.count():
    store.append(log("ROUND"), [b"%d a" % number, b"%d b" % number])
    tell(number)
"""
THREADS = """
store = open_store(folder)
def work(thread):
    for number in range(10_000):
        put(store, f"START {thread} {number}", size=3_000)
        tell(f"START {thread} {number}")
for thread in range(8):
    threading.Thread(target=work, args=(thread,)).start()
"""


def killed_after(code: str, folder: Path, lines: int) -> list[str]:
    """Run `code`, kill it when it has written so many lines, and return all it wrote."""
    with Program(code, folder) as program:
        first = [program.line() for _ in range(lines)]
        return first + program.lines_after_kill()


def assert_acknowledged_entries_are_there(folder: Path, names: list[str]) -> None:
    """Compare each acknowledged entry with its body; sizes differ, so only its beginning is known."""
    store = open_store(folder)
    found = answers(store, *names)
    health = store.health()
    store.close()

    assert [body_of(name, 200) for name in names] == [None if body is None else body[:200] for body in found]
    assert (0, 0) == (health.damaged, health.set_aside)


def rounds(folder: Path, *, many: int) -> None:
    """Kill a writer of entries and a writer of a log `many` times, and look each time."""
    for number in range(many):
        start = number * 100_000
        written = killed_after(PUTTING.replace("START", str(start)), folder, lines=5 + number % 11)
        assert_acknowledged_entries_are_there(folder, written)

        appended = killed_after(APPENDING.replace("ROUND", str(number)), folder, lines=5 + number % 11)
        store = open_store(folder)
        found = store.read_log(log(str(number)))
        store.close()
        expected = [b"%d %s" % (n, letter) for n in range(len(found) // 2) for letter in (b"a", b"b")]
        # All that was acknowledged, whole calls, in order; and at most one that was done but not yet acknowledged.
        assert expected == found
        assert len(found) // 2 - len(appended) in (0, 1)


def left_over(folder: Path) -> set[str]:
    """Return what lies in the folder beside the files of a closed store."""
    names = {path.name for path in folder.iterdir()}
    return names - {"llmcache-1.sqlite", "llmcache-1.lock", "llmcache-1.ballast"}


@pytest.mark.slow
def test_killed_writers_lose_nothing_acknowledged(folder: Path) -> None:
    """Five writers of each kind are killed: every acknowledged put and append is there, whole, and no file is left over."""
    rounds(folder, many=5)

    assert set() == left_over(folder)


@pytest.mark.slow
def test_killed_crowd_loses_nothing_acknowledged(folder: Path) -> None:
    """Eight threads that commit together are killed in the middle: what any of them was told is kept, is."""
    for number in range(3):
        written = killed_after(THREADS.replace("START", str(number)), folder, lines=40)
        assert_acknowledged_entries_are_there(folder, written)

    assert set() == left_over(folder)


@pytest.mark.slow
def test_killed_while_waiting_for_the_lock_leaves_nothing(folder: Path) -> None:
    """A process that dies waiting to write a large body leaves no file and no row: bodies lie in the one file."""
    open_store(folder).close()
    holding = "c = sqlite3.connect(folder / 'llmcache-1.sqlite', isolation_level=None); c.execute('BEGIN IMMEDIATE'); tell('held'); sys.stdin.read()"
    waiting = "store = open_store(folder, timeout=60); tell('open'); put(store, 'big', size=50_000)"
    with Program(holding, folder) as holder:
        assert "held" == holder.line()
        with Program(waiting, folder) as waiter:
            assert "open" == waiter.line()
            assert [] == waiter.lines_after_kill()
    store = open_store(folder)
    found = answers(store, "big")
    store.close()

    assert [None] == found
    assert set() == left_over(folder)
    assert file_of(folder).stat().st_size < 50_000


@pytest.mark.slow
def test_killed_while_making_the_file_blocks_nobody(folder: Path) -> None:
    """A process that dies holding the lock under which files are made and moved leaves it free."""
    code = """
from llmcache_sqlite import quarantine
quarantine.build = lambda *_, **__: (tell('building'), sys.stdin.read())
open_store(folder)
"""
    with Program(code, folder) as program:
        assert "building" == program.line()
        program.lines_after_kill()

    def opens() -> bool:
        open_store(folder).close()
        return file_of(folder).exists()

    assert eventually(opens)
