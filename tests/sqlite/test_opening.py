"""Opening and closing: what is made, what is shared, and what is left."""

import gc
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from llmcache.errors import ClosedError, ConfigError, StoreTimeout, UsageError
from llmcache.protocols.key_value import Put
from llmcache_sqlite import AsyncSqliteStore, SqliteStore, open_pair, open_store, quarantine
from llmcache_sqlite.place import Place
from llmcache_sqlite.waiting import Deadline
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program, run
from tests.sqlite.things import answer, answers, body_of, engine_of, file_of, key, log, put


def test_folder_and_files_are_for_their_owner(folder: Path, store: SqliteStore) -> None:
    """The folder is made with mode 0700 and every file in it with 0600, whatever the process's mask is."""
    put(store, "a")
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == set(modes.values())
    assert "llmcache-1.sqlite" in modes


def test_parents_are_made(tmp_path: Path) -> None:
    """A folder below folders that do not exist is made with them."""
    open_store(tmp_path / "a" / "b" / "c").close()

    assert file_of(tmp_path / "a" / "b" / "c").exists()


def test_opening_what_is_there_writes_nothing(folder: Path) -> None:
    """Opening, reading, listing and closing leave bytes and time of change of the file as they were."""
    store = open_store(folder)
    put(store, "a")
    store.append(log(), [b"1"])
    store.close()
    before, names = (file_of(folder).read_bytes(), file_of(folder).stat().st_mtime_ns), set(os.listdir(folder))
    store = open_store(folder)
    found = (answer(store, "a"), store.read_log(log()), len(store.spaces()))
    store.close()

    assert (body_of("a"), [b"1"], 2) == found
    assert before == (file_of(folder).read_bytes(), file_of(folder).stat().st_mtime_ns)
    assert names == set(os.listdir(folder))


def test_closing_folds_the_log_in(folder: Path, store: SqliteStore) -> None:
    """After a clean close there is one file with everything in it, and no log."""
    put(store, "a")
    store.close()

    assert {"llmcache-1.sqlite", "llmcache-1.lock", "llmcache-1.ballast"} == set(os.listdir(folder))


def test_opened_twice_is_one_engine(opener: Opener) -> None:
    """The same folder with the same options is one engine; closing one opening leaves the other open."""
    first, second, other = opener(), opener(), opener(timeout=1.0)

    assert engine_of(first) is engine_of(second)
    assert engine_of(first) is not engine_of(other)
    first.close()
    put(second, "a")
    assert [body_of("a")] * 2 == [answer(second, "a"), answer(other, "a")]
    with pytest.raises(ClosedError):
        answer(first, "a")


def test_folder_by_another_name_is_the_same(folder: Path, opener: Opener, tmp_path: Path) -> None:
    """A link, a relative path or a text leads to the same engine."""
    store = opener()
    (tmp_path / "link").symlink_to(folder)
    by_link, by_text = open_store(tmp_path / "link"), open_store(f"{folder}/../store/")
    engines = {id(engine_of(one)) for one in (store, by_link, by_text)}
    by_link.close()
    by_text.close()

    assert 1 == len(engines)


async def test_closing_either_colour_closes_both(folder: Path) -> None:
    """Both colours of a pair share one opening."""
    for closes_blocking in (True, False):
        pair = open_pair(folder)
        assert isinstance(pair.blocking, SqliteStore)
        assert isinstance(pair.awaiting, AsyncSqliteStore)
        await pair.awaiting.put_many((Put(key("a"), b"a"),))
        assert [b"a"] == pair.blocking.get_many((key("a"),))
        if closes_blocking:
            pair.blocking.close()
        else:
            await pair.awaiting.close()
        await pair.awaiting.close()
        with pytest.raises(ClosedError):
            pair.blocking.get_many((key("a"),))
        with pytest.raises(ClosedError):
            await pair.awaiting.get_many((key("a"),))
        with pytest.raises(ClosedError):
            pair.blocking.health()


def open_files() -> int:
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


async def test_nothing_is_left_after_close(folder: Path) -> None:
    """Fifty times opened, used in both colours and closed: no thread, no open file and no warning is left."""
    gc.collect()
    files, threads = open_files(), set(threading.enumerate())
    for number in range(50):
        pair = open_pair(folder)
        assert pair.blocking is not None
        assert pair.awaiting is not None
        pair.blocking.put_many((Put(key(number), b""),))
        await pair.awaiting.put_many((Put(key(number), b""),))
        await pair.awaiting.get_many((key(number),))
        await pair.awaiting.close()
    gc.collect()

    # Those of another test's servers may still be ending.
    assert (files, set()) == (open_files(), set(threading.enumerate()) - threads)


@pytest.mark.slow
def test_program_that_never_closes_ends(folder: Path) -> None:
    """A program ends though it closed nothing, with no warning, and everything it put is there, in the file."""
    code = """
import asyncio, warnings
warnings.simplefilter("error")
pair = open_pair(folder)
put(pair.blocking, "a")
async def main():
    from llmcache.protocols.key_value import Put
    await pair.awaiting.put_many((Put(key("b"), body_of("b")),))
asyncio.run(main())
print("over")
"""
    with Program(code, folder) as program:
        assert "over" == program.end().strip()
    store = open_store(folder)
    found = answers(store, "a", "b")
    store.close()

    assert [body_of("a"), body_of("b")] == found
    assert not (folder / "llmcache-1.sqlite-wal").exists()


@pytest.mark.slow
def test_many_processes_open_a_new_store_at_once(folder: Path) -> None:
    """Eight processes open a folder that does not exist: they all use one file, and none is set aside."""
    code = 'tell("ready"); sys.stdin.readline(); store = open_store(folder); put(store, NUMBER); tell("put"); sys.stdin.readline()'
    programs = [Program(code.replace("NUMBER", str(number)), folder) for number in range(8)]
    try:
        assert ["ready"] * 8 == [program.line() for program in programs]
        for program in programs:
            program.say()
        assert ["put"] * 8 == [program.line() for program in programs]
    finally:
        for program in programs:
            program.__exit__(None, None, None)
    store = open_store(folder)
    found, health = answers(store, *range(8)), store.health()
    store.close()

    assert [body_of(number) for number in range(8)] == found
    assert 0 == len(health.set_aside_files)
    assert [] == list(folder.glob("*.new"))


def test_waiting_for_who_makes_the_file_is_bounded(folder: Path) -> None:
    """Another process holds the lock under which files are made: opening gives up in time."""
    folder.mkdir()
    place = Place.at(folder)
    with quarantine._locked(place, Deadline(1.0)):
        start = time.monotonic()
        with pytest.raises(StoreTimeout, match="makes or repairs the file"):
            open_store(folder, timeout=0.2)

    assert 0.2 <= time.monotonic() - start < 5.0


def test_draft_of_a_process_that_died_is_removed(folder: Path) -> None:
    """A half-built file is removed when the next file is made, if it is old; a recent one may be somebody's."""
    folder.mkdir()
    old, recent = folder / "llmcache-1.sqlite.1-aa.new", folder / "llmcache-1.sqlite.2-bb.new"
    for path in (old, recent):
        path.write_bytes(b"half")
    os.utime(old, (1.0, 1.0))
    open_store(folder).close()

    assert (False, True) == (old.exists(), recent.exists())


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path that is a file is refused by name, and left alone."""
    path = tmp_path / "file"
    path.write_text("text")

    with pytest.raises(ConfigError, match="is a file; name a folder"):
        open_store(path)
    assert "text" == path.read_text()


def test_path_that_cannot_be_one() -> None:
    """A path with a null character is refused."""
    with pytest.raises(ConfigError, match="path cannot be used"):
        open_store("a\0b")


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf"), "5", True, None])
def test_wrong_timeout_is_refused(timeout: object, opener: Opener) -> None:
    """A time limit is a positive, finite number."""
    with pytest.raises(UsageError, match="timeout is a positive, finite number of seconds"):
        opener(timeout=timeout)


def test_wrong_options_are_refused(folder: Path) -> None:
    """An unknown option names those that are known, and a flag is True or False."""
    with pytest.raises(UsageError, match="unknown option 'max_size'; allowed: max_bytes, timeout, durable, network_ok"):
        open_pair(folder, max_size=1)
    with pytest.raises(UsageError, match="durable is True or False, found int"):
        open_pair(folder, durable=1)


def test_durable_waits_for_the_disk(opener: Opener) -> None:
    """With `durable` SQLite syncs at every commit; without, only when it folds the log in."""
    levels = []
    for durable in (True, False):
        store = opener(durable=durable)
        put(store, "a")
        file = engine_of(store).file
        with file.gate:
            levels += file.writer().execute("PRAGMA synchronous").fetchone()

    assert [2, 1] == levels


def test_store_cannot_be_pickled_and_shows_no_secret(store: SqliteStore, folder: Path) -> None:
    """Pickling says what to do instead; the text of a store is its class and folder."""
    with pytest.raises(TypeError, match="open the same folder in the other process"):
        pickle.dumps(store)
    assert f"SqliteStore({str(folder)!r})" == repr(store)


@pytest.mark.slow
def test_second_process_sees_what_the_first_puts(folder: Path, store: SqliteStore) -> None:
    """What was acknowledged is read by a process that opens afterwards, and the other way round."""
    put(store, "here")
    told = run(
        "store = open_store(folder); put(store, 'there'); print(answer(store, 'here') == body_of('here'))", folder
    )

    assert "True" == told.strip()
    assert body_of("there") == answer(store, "there")
