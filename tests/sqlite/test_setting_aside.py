"""Files that cannot be used: they are set aside with a number, counted, and a fresh one takes their place at once."""

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from llmcache_sqlite import SqliteStore, open_store
from llmcache_sqlite.place import Place
from llmcache_sqlite.quarantine import set_aside
from llmcache_sqlite.waiting import Deadline
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program
from tests.sqlite.things import answer, answers, body_of, file_of, log, put

ENTRIES = 200


def filled(folder: Path) -> None:
    """Make a store with entries and a log, and close it."""
    store = open_store(folder)
    for number in range(ENTRIES):
        put(store, number, size=2_000)
    store.append(log(), [b"1", b"2"])
    store.close()


def overwrite(path: Path, start: int, data: bytes) -> None:
    """Write over a part of a file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(data)


def zero_the_header(path: Path) -> None:
    """Write zeros over what says that it is an SQLite file."""
    overwrite(path, 0, bytes(100))


def cut_in_half(path: Path) -> None:
    """Truncate the file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 100)


def keep_the_header_only(path: Path) -> None:
    """Truncate the file after its first page."""
    os.truncate(path, 2048)


def empty(path: Path) -> None:
    """Truncate the file to nothing."""
    os.truncate(path, 0)


def write_text(path: Path) -> None:
    """Put something else there."""
    path.write_text("remember the milk\n" * 1_000)


def exchange_for_a_foreign_database(path: Path) -> None:
    """Put the database of another program there."""
    path.unlink()
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.commit()
    foreign.close()


def plant_a_trigger(path: Path) -> None:
    """Add something that would run with our statements."""
    planted = sqlite3.connect(path)
    planted.execute("CREATE TRIGGER planted AFTER INSERT ON entry BEGIN DELETE FROM message; END")
    planted.commit()
    planted.close()


def drop_a_table(path: Path) -> None:
    """Take away a part of the layout."""
    changed = sqlite3.connect(path)
    changed.execute("DROP TABLE message")
    changed.commit()
    changed.close()


SPOILT: list[Callable[[Path], None]] = [
    zero_the_header, keep_the_header_only, empty, write_text, exchange_for_a_foreign_database, plant_a_trigger,
    drop_a_table,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILT)
def test_unusable_file_is_set_aside_when_it_is_opened(
    spoil: Callable[[Path], None], folder: Path, opener: Opener
) -> None:
    """Whatever lies at our path, opening succeeds, every call works, and the file is kept beside the new one."""
    filled(folder)
    spoil(file_of(folder))
    spoilt = file_of(folder).read_bytes()
    store = opener()
    found = answer(store, 0)
    put(store, "new")

    assert None is found
    assert body_of("new") == answer(store, "new")
    assert 1 == store.append(log(), [b"new"])
    assert (1, ("llmcache-1.sqlite.corrupt-1",)) == (store.health().set_aside, store.health().set_aside_files)
    assert spoilt == (folder / "llmcache-1.sqlite.corrupt-1").read_bytes()


def test_setting_aside_is_told_to_operators(folder: Path, opener: Opener, caplog: pytest.LogCaptureFixture) -> None:
    """A warning in the log names both files: there may be conversations in the one that was set aside."""
    filled(folder)
    write_text(file_of(folder))
    opener()

    (told,) = [record.getMessage() for record in caplog.records if record.name == "llmcache.sqlite"]
    assert f"{file_of(folder)} could not be used" in told
    assert f"set aside as {file_of(folder)}.corrupt-1" in told


def works_again(store: SqliteStore) -> None:
    """Read and write until it was all touched; nothing raises, and no body is another's."""
    found = answers(store, *range(ENTRIES))
    assert [None if body is None else body_of(number, 2_000) for number, body in enumerate(found)] == found
    for number in range(50):
        put(store, f"new {number}", size=2_000)
    assert [body_of(f"new {number}", 2_000) for number in range(50)] == answers(
        store, *(f"new {number}" for number in range(50))
    )


@pytest.mark.parametrize("seed", range(3))
def test_overwritten_pages_are_noticed_at_first_use(seed: int, folder: Path, opener: Opener) -> None:
    """Random pages are overwritten: a call that meets one succeeds on a fresh file, and no wrong body is ever returned."""
    filled(folder)
    random.seed(seed)
    pages = file_of(folder).stat().st_size // 2048
    for page in random.sample(range(1, pages), pages // 3):
        overwrite(file_of(folder), page * 2048, random.randbytes(2048))
    store = opener()
    works_again(store)

    assert 1 == store.health().set_aside
    assert [body_of(f"new {number}", 2_000) for number in range(50)] == answers(
        store, *(f"new {number}" for number in range(50))
    )


def test_file_cut_short_is_noticed_at_first_use(folder: Path, opener: Opener) -> None:
    """A file without its second half is set aside by the first call that misses it."""
    filled(folder)
    cut_in_half(file_of(folder))
    store = opener()
    works_again(store)

    assert 1 == store.health().set_aside


@pytest.mark.slow
def test_file_cut_short_under_a_running_process(folder: Path, opener: Opener) -> None:
    """Somebody truncates the file while it is open: the process lives, its calls succeed."""
    filled(folder)
    store = opener()
    assert body_of(0, 2_000) == answer(store, 0)
    # From another process: closing the file in this one would drop SQLite's locks on it.
    with Program("import os; os.truncate(folder / 'llmcache-1.sqlite', 5000)", folder) as other:
        other.end()
    works_again(store)

    assert 1 == store.health().set_aside


@pytest.mark.slow
def test_flipped_log_keeps_what_was_before(folder: Path, opener: Opener) -> None:
    """A byte of the write-ahead log is flipped while nobody runs: what was written before it is there, and all works."""
    code = """
store = open_store(folder, max_bytes=2**30)
for number in range(50):
    put(store, number, size=2_000)
tell("done"); sys.stdin.read()
"""
    with Program(code, folder) as writer:
        assert "done" == writer.line()
        writer.lines_after_kill()
    wal = folder / "llmcache-1.sqlite-wal"
    middle = wal.stat().st_size // 2
    overwrite(wal, middle, bytes([wal.read_bytes()[middle] ^ 0x40]))
    store = opener()
    found = [body is not None for body in answers(store, *range(50))]
    put(store, "new")

    assert sorted(found, reverse=True) == found
    assert (True, False) == (found[0], found[-1])
    assert body_of("new") == answer(store, "new")


def test_file_of_a_newer_release_is_left_alone(folder: Path, opener: Opener) -> None:
    """A release with another layout uses another name; its file is neither opened nor moved."""
    folder.mkdir()
    newer = folder / "llmcache-2.sqlite"
    newer.write_bytes(b"whatever the future brings")
    store = opener()
    put(store, "a")

    assert body_of("a") == answer(store, "a")
    assert b"whatever the future brings" == newer.read_bytes()
    assert 0 == store.health().set_aside


def test_harmless_additions_are_taken(folder: Path, opener: Opener) -> None:
    """Statistics, or an index that somebody added by hand, are no reason to set a file aside."""
    filled(folder)
    changed = sqlite3.connect(file_of(folder))
    changed.execute("ANALYZE")
    changed.execute("CREATE INDEX mine ON entry (used)")
    changed.commit()
    changed.close()
    store = opener()

    assert body_of(3, 2_000) == answer(store, 3)
    assert 0 == store.health().set_aside


def test_only_the_last_files_are_kept(folder: Path, opener: Opener) -> None:
    """Of seven files that were set aside the last five are kept; numbers are not used again."""
    for _ in range(7):
        filled(folder)
        write_text(file_of(folder))
    health = opener().health()

    assert tuple(f"llmcache-1.sqlite.corrupt-{number}" for number in (3, 4, 5, 6, 7)) == health.set_aside_files


def test_only_the_file_that_was_found_unusable_is_set_aside(folder: Path) -> None:
    """A process that found a file damaged, and was slow, does not touch the one that another has put in its place."""
    filled(folder)
    place = Place.at(folder)
    found = place.identity()
    file_of(folder).rename(folder / "moved")
    filled(folder)
    moved = [set_aside(place, seen, Deadline(5.0)) for seen in (found, None)]
    store = open_store(folder)
    found_there = answer(store, 0)
    store.close()

    assert [0, 0] == moved
    assert body_of(0, 2_000) == found_there


@pytest.mark.slow
def test_many_processes_set_one_file_aside(folder: Path) -> None:
    """Six processes meet a damaged file at once: it is set aside once, and they all go on in one and the same fresh file."""
    filled(folder)
    code = """
store = open_store(folder, timeout=30)
answer(store, 0); tell("open"); sys.stdin.readline()
for number in range(50):
    put(store, f"{sys.argv[2]} {number}"); answer(store, number)
tell("put"); sys.stdin.readline()
tell(sum(answer(store, f"{process} {number}") is not None for process in range(6) for number in range(50)))
"""
    programs = [Program(code.replace("sys.argv[2]", str(number)), folder) for number in range(6)]
    try:
        assert ["open"] * 6 == [program.line() for program in programs]
        pages = file_of(folder).stat().st_size // 2048
        spoil = f"f = open(folder / 'llmcache-1.sqlite', 'r+b'); [(f.seek(p * 2048), f.write(bytes(range(256)) * 8)) for p in range(1, {pages})]"
        with Program(spoil, folder) as other:
            other.end()
        for program in programs:
            program.say()
        put_lines = [program.line() for program in programs]
        for program in programs:
            program.say()
        seen = [program.line() for program in programs]
    finally:
        for program in programs:
            program.__exit__(None, None, None)
    moved = [path.name for path in folder.glob("*.corrupt-?")]

    assert ["put"] * 6 == put_lines
    assert ["llmcache-1.sqlite.corrupt-1"] == moved
    # Acknowledged before the damage was met may be in the file that was set aside; after it, all is in the fresh one.
    assert len(set(seen)) == 1
    assert int(seen[0]) > 0
