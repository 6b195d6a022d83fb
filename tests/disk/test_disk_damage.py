"""Files that are damaged, cannot be written, or have no room."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from llmcache.errors import StoreError, StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable
from llmcache.model.key import Kind
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_disk.errors import translated
from tests.disk.conftest import Opener
from tests.disk.things import SPACE, DiskStore, answer, body_of, database, key, log, open_store, put, sql

DISK = 8 * 2**20


def test_damaged_file_is_refused(folder: Path, opener: Opener) -> None:
    """A file whose header is overwritten cannot be opened, and the error says what to do."""
    store = opener()
    put(store, "a")
    store.close()
    with database(folder).open("r+b") as file:
        file.write(b"x" * 4_096)

    with pytest.raises(StoreRefused, match="is damaged, and this store does not mend it"):
        opener()


def test_overwritten_pages_give_no_wrong_body(folder: Path, opener: Opener) -> None:
    """With pages of noise in the middle of the file each read gives the right body, a miss, or an error of ours."""
    store = opener()
    for number in range(300):
        put(store, number)
    store.close()
    with database(folder).open("r+b") as file:
        for page in range(10, 60, 3):
            file.seek(page * 4_096)
            file.write(os.urandom(4_096))
    store = opener()
    found = [_attempted(store, number) for number in range(300)]

    assert set() == {body for number, body in enumerate(found) if body not in (None, body_of(number))}
    assert None in found


def _attempted(store: DiskStore, name: object) -> bytes | None:
    try:
        return answer(store, name)
    except StoreError:
        return None


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """Make a folder read-only for the block: for root, whom modes forbid nothing, by a mount."""
    is_root = os.geteuid() == 0
    if is_root:
        subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    else:
        _set_modes(folder, 0o500, 0o400)
    try:
        yield
    finally:
        if is_root:
            subprocess.run(["umount", str(folder)], check=True)
        else:
            _set_modes(folder, 0o700, 0o600)


def _set_modes(folder: Path, of_folder: int, of_files: int) -> None:
    folder.chmod(0o700)
    for path in folder.iterdir():
        path.chmod(of_files)
    folder.chmod(of_folder)


@pytest.mark.slow
def test_reads_work_in_a_read_only_folder(folder: Path, opener: Opener) -> None:
    """Everything can be read; every write is refused and says why. diskcache alone cannot even be opened."""
    store = opener()
    put(store, "a")
    store.append(log(), [b"1", b"2"])
    store.close()
    with read_only(folder):
        store = open_store(folder)
        found = (answer(store, "a"), store.read_log(log(), -1), len(store.spaces()), len(store.scan(SPACE)))
        for write in (
            lambda: put(store, "b"),
            lambda: store.put_if_absent(Put(key("b"), b"")),
            lambda: store.delete_many((key("a"),)),
            lambda: store.append(log(), [b"3"]),
            lambda: store.clear(SPACE),
        ):
            with pytest.raises(StoreRefused, match="read-only"):
                write()
        again = answer(store, "a")
        store.close()

    assert (body_of("a"), [b"2"], 2, 1) == found
    assert body_of("a") == again


@pytest.mark.slow
@pytest.mark.parametrize("is_open", [True, False], ids=["while it is open", "after it was closed"])
def test_reader_that_cannot_write_sees_what_others_write(is_open: bool, folder: Path) -> None:
    """A program that may only read a folder sees what another one writes into it, before, now and later."""
    # Everything is closed before the view is: SQLite keeps a file open as long as one of its process has it open elsewhere.
    with view_of(folder) as view, ExitStack() as stack:
        writer = stack.enter_context(closing(open_store(folder)))
        put(writer, "a")
        if not is_open:
            writer.close()
        reader = stack.enter_context(closing(open_store(view)))
        first = answer(reader, "a")
        writer = stack.enter_context(closing(open_store(folder)))
        put(writer, "b")
        second = answer(reader, "b")
        writer.close()
        third = answer(reader, "b")
        stack.enter_context(closing(open_store(folder))).clear(SPACE)
        last = answer(reader, "b")

    assert (body_of("a"), body_of("b"), body_of("b"), None) == (first, second, third, last)


@contextmanager
def view_of(folder: Path) -> Generator[Path]:
    """Show a folder in another place, read-only where this process may mount it so."""
    view = folder.parent / "view"
    folder.mkdir()
    view.mkdir()
    if os.geteuid() != 0:
        yield folder
        return
    subprocess.run(["mount", "--bind", str(folder), str(view)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(view)], check=True)
    try:
        yield view
    finally:
        subprocess.run(["umount", str(view)], check=True)


@pytest.mark.slow
def test_none_can_be_made_in_a_read_only_folder(tmp_path: Path) -> None:
    """Opening a missing store there is refused."""
    with read_only(tmp_path), pytest.raises(StoreRefused, match="choose a folder that can be written"):
        open_store(tmp_path / "store")


@pytest.fixture
def full(tmp_path: Path) -> Iterator[DiskStore]:
    """A store with a bound far above what its disk holds, 8 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(disk)]
    is_mounted = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
    store = open_store(disk / "store")
    if not is_mounted:
        with store._engine.writing("test") as cache:
            cache.connection.execute(f"PRAGMA max_page_count = {DISK // 8_192}")
    yield store
    store.close()
    if is_mounted:
        subprocess.run(["umount", str(disk)], check=True)


def taken_until_full(write: Callable[[int], object]) -> int:
    """Write until the store refuses, and return how often it did not."""
    for number in range(2_000):
        try:
            write(number)
        except StoreLimit:
            return number
    raise AssertionError("the store is too large for this test")


@pytest.mark.slow
def test_full_disk_refuses_writes_whole(full: DiskStore) -> None:
    """What does not fit is StoreLimit and was not written; what was taken before can be read."""
    taken = taken_until_full(lambda number: full.append(log(), [body_of(number, 20_000)]))
    with pytest.raises(StoreLimit, match="the disk is full"):
        full.append(log(), [body_of("large", 900_000)] * 10)
    found = full.read_log(log())

    assert [body_of(number, 20_000) for number in range(taken)] == found
    assert taken > 50


def test_documents_fill_the_bound_and_stay(opener: Opener) -> None:
    """What cannot be evicted is refused when the bound is reached, with nothing of the call written."""
    store = opener(max_bytes=2**20)
    document = Kind.DOCUMENT
    taken = taken_until_full(lambda number: store.put_many((Put(key(number, document), body_of(number, 20_000)),)))
    with pytest.raises(StoreLimit, match="raise max_bytes"):
        store.put_many([Put(key(f"new {number}", document), b"x" * 20_000) for number in range(60)])

    kept = store.get_many([key(number, document) for number in range(taken + 1)])
    assert [*(body_of(number, 20_000) for number in range(taken)), None] == kept
    assert [None] * 60 == store.get_many([key(f"new {number}", document) for number in range(60)])


def test_entries_that_were_just_put_stay_whatever_the_clock(opener: Opener) -> None:
    """The largest entries, put one after the other, are each there right after they were put."""
    store = opener(max_bytes=2**20)
    for number in range(60):
        put(store, number, size=2**17)

        assert body_of(number, 2**17) == answer(store, number)


ERRORS: dict[Exception, type[StoreError]] = {
    OSError(28, "no space"): StoreLimit,
    OSError(13, "denied"): StoreRefused,
    OSError(5, "input/output"): StoreUnavailable,
    sqlite3.ProgrammingError("closed"): StoreUnavailable,
}
for code, kind in {
    sqlite3.SQLITE_BUSY: StoreTimeout,
    sqlite3.SQLITE_BUSY_SNAPSHOT: StoreTimeout,
    sqlite3.SQLITE_FULL: StoreLimit,
    sqlite3.SQLITE_TOOBIG: StoreLimit,
    sqlite3.SQLITE_READONLY_DBMOVED: StoreRefused,
    sqlite3.SQLITE_CORRUPT_VTAB: StoreRefused,
    sqlite3.SQLITE_NOTADB: StoreRefused,
    sqlite3.SQLITE_IOERR_READ: StoreUnavailable,
}.items():
    raised = sqlite3.OperationalError("secret text")
    raised.sqlite_errorcode = code
    ERRORS[raised] = kind


@pytest.mark.parametrize(("error", "kind"), ERRORS.items(), ids=lambda one: getattr(one, "__name__", None))
def test_foreign_error_is_translated(error: sqlite3.Error | OSError, kind: type[StoreError]) -> None:
    """Each becomes the class that says what to do, and its own text, which may quote a path, is left out."""
    found = translated(error, Deed("get_many", key("a")))

    assert type(found) is kind
    assert f"get_many of {key('a').digest}" in str(found)
    assert "secret" not in str(found)


def test_commit_that_fails_leaves_no_transaction_behind(folder: Path, opener: Opener) -> None:
    """A write whose very last step fails was not done, and the next one is."""
    store = opener()
    with store._engine.writing("test") as cache:
        cache.connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        cache.connection.execute("CREATE TABLE child (parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
        cache.connection.execute("CREATE TRIGGER orphan AFTER INSERT ON Cache BEGIN INSERT INTO child VALUES (7); END")
    store._engine._writer.cache("test").connection.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(StoreUnavailable, match="put_many"):
        put(store, "a")
    sql(folder, "DROP TRIGGER orphan")
    put(store, "b")

    assert (None, body_of("b")) == (answer(store, "a"), answer(store, "b"))
