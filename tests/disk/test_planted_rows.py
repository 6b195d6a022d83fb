"""Rows that somebody planted with a plain SQLite: nothing is run, read or deleted, and the store goes on."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import diskcache  # type: ignore[import-untyped]  # diskcache has no types
import pytest

from llmcache.errors import DecodeError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from tests.disk.conftest import Opener
from tests.disk.things import SPACE, DiskStore, Trap, answer, body_of, key, log, put, sql

RAW, BINARY, TEXT, PICKLE = 1, 2, 3, 4

PLANTED = (
    "INSERT OR REPLACE INTO Cache (key, raw, store_time, expire_time, access_time, tag, mode, filename, value)"
    " VALUES (?, ?, 0, ?, 0, ?, ?, ?, ?)"
)


def plant(
    folder: Path,
    mode: object,
    filename: object,
    value: object,
    *,
    row: object = None,
    raw: object = 1,
    expire: float | None = None,
) -> None:
    """Put a row under the key of the answer "a", or under `row`, with the columns given."""
    row = key("a").physical if row is None else row
    sql(folder, PLANTED, (row, raw, expire, "response", mode, filename, value))


def do_everything(store: DiskStore) -> None:
    """Call every method that could meet the row of the answer "a", and end with it gone."""
    name, conversation = key("a"), log("a")
    store.get_many((name, key("b")))
    store.delete_if_equal(name, b"body")
    store.spaces()
    store.scan(SPACE)
    store.scan(conversation.space)
    for call in (store.read_log, store.log_length, lambda log: store.append(log, [b"1"])):
        with suppress(DecodeError):
            call(conversation)
    store.put_if_absent(Put(name, b"new"))
    store.put_many((Put(name, b"newer"), Put(key("b"), b"other")))
    store.delete_log(conversation)
    store.delete_many((name,))
    store.clear(SPACE)
    store.clear(conversation.space)


@pytest.fixture
def treasure(tmp_path: Path) -> Path:
    """A file outside of the store's folder, which must be neither read nor deleted."""
    file = tmp_path / "treasure.val"
    file.write_bytes(b"treasure")
    return file


Plan = Callable[[Path, Trap, Path], object]


def plant_pickle_file(folder: Path, trap: Trap, _: Path) -> None:
    """Plant a pickle as a file of diskcache's own kind, and the row that names it."""
    (folder / "evil.val").write_bytes(trap.pickled)
    plant(folder, PICKLE, "evil.val", None)


def plant_link(folder: Path, _: Trap, treasure: Path) -> None:
    """Plant a link inside of the folder, and the row that names it."""
    (folder / "link.val").symlink_to(treasure)
    plant(folder, BINARY, "link.val", None)


ATTACKS: dict[str, Plan] = {
    "pickled value": lambda folder, trap, _: plant(folder, PICKLE, None, trap.pickled),
    "pickle in a file": plant_pickle_file,
    "pickle behind another mode": lambda folder, trap, _: plant(folder, RAW, None, trap.pickled),
    "pickled key": lambda folder, trap, _: plant(folder, RAW, None, b"x", row=trap.pickled, raw=0),
    "pickled key, called raw": lambda folder, trap, _: plant(folder, RAW, None, b"x", row=trap.pickled, raw=1),
    "pickled tag": lambda folder, trap, _: sql(
        folder, "UPDATE Cache SET tag = ? WHERE key = ?", (trap.pickled, key("a").physical)
    ),
    "absolute file name": lambda folder, _, treasure: plant(folder, BINARY, str(treasure), None),
    "file name that climbs": lambda folder, _, treasure: plant(folder, BINARY, f"../{treasure.name}", None),
    "file name and a value": lambda folder, _, treasure: plant(folder, RAW, str(treasure), b"x"),
    "text file": lambda folder, _, treasure: plant(folder, TEXT, str(treasure), None),
    "link in the folder": plant_link,
    "expired row with a file": lambda folder, _, treasure: plant(folder, BINARY, str(treasure), None, expire=1.0),
    "no mode": lambda folder, *_: plant(folder, 0, None, None),
    "unknown mode": lambda folder, *_: plant(folder, 99, None, b"x"),
    "mode of another type": lambda folder, *_: plant(folder, "raw", None, b"x"),
    "text as a value": lambda folder, *_: plant(folder, RAW, None, "x"),
    "text that is none": lambda folder, *_: sql(
        folder,
        f"{PLANTED[: PLANTED.index('VALUES')]} VALUES (?, 1, 0, NULL, 0, 'response', 1, NULL, CAST(x'ff' AS TEXT))",
        (key("a").physical,),
    ),
    "key that is no text": lambda folder, *_: sql(
        folder,
        f"{PLANTED[: PLANTED.index('VALUES')]} VALUES (CAST(x'6c6c6dff' AS TEXT), 1, 0, 1, 0, 'response', 1, NULL, x'00')",
    ),
    "number as a value": lambda folder, *_: plant(folder, RAW, None, 7),
    "empty value": lambda folder, *_: plant(folder, RAW, None, b""),
    "number as a key": lambda folder, *_: plant(folder, RAW, None, b"x", row=7),
    "name that is no key": lambda folder, *_: plant(folder, RAW, None, b"x", row=SPACE.prefix + "%zz"),
    "log without bodies": lambda folder, *_: plant(folder, RAW, None, b"x" * 40, row=log("a").physical),
    "pickled log": lambda folder, trap, _: plant(folder, PICKLE, None, trap.pickled, row=log("a").physical),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_planted_row_does_nothing(attack: Plan, folder: Path, opener: Opener, trap: Trap, treasure: Path) -> None:
    """Whatever is called: no pickle is loaded, no file outside is read or deleted, and other entries are untouched."""
    store = opener()
    put(store, "a")
    store.put_many((Put(key("kept", Kind.DOCUMENT), b"kept"),))
    attack(folder, trap, treasure)
    before = answer(store, "a")
    do_everything(store)
    do_everything(opener())

    assert before in (None, body_of("a"))
    assert not trap.is_sprung
    assert b"treasure" == treasure.read_bytes()
    assert [b"kept"] == store.get_many((key("kept", Kind.DOCUMENT),))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_planted_row_is_never_an_answer(
    attack: Plan, folder: Path, store: DiskStore, trap: Trap, treasure: Path
) -> None:
    """A row that this store did not write is a miss, and the entry can be written again."""
    attack(folder, trap, treasure)
    before = answer(store, "a")
    put(store, "a")

    assert None is before
    assert body_of("a") == answer(store, "a")


def test_planted_rows_are_evicted_without_their_files(folder: Path, opener: Opener, treasure: Path) -> None:
    """A full store drops a planted row like any other, and leaves the file it names."""
    store = opener(max_bytes=2**20)
    plant(folder, BINARY, str(treasure), None)
    for number in range(100):
        put(store, number, size=20_000)

    assert [] == sql(folder, "SELECT rowid FROM Cache WHERE filename IS NOT NULL")
    assert b"treasure" == treasure.read_bytes()


def test_the_attacks_are_real(folder: Path, opener: Opener, trap: Trap, treasure: Path) -> None:
    """Diskcache's own Disk loads the planted pickle, reads the planted file, and deletes it."""
    opener().close()
    with diskcache.Cache(folder) as theirs:
        plant(folder, PICKLE, None, trap.pickled)
        theirs.get(key("a").physical)
        plant(folder, BINARY, str(treasure), None, expire=time.time() + 600)
        read = theirs.get(key("a").physical)
        theirs.delete(key("a").physical)

    assert trap.is_sprung
    assert b"treasure" == read
    assert not treasure.exists()


def test_row_moved_to_another_key_is_a_miss(folder: Path, store: DiskStore) -> None:
    """An entry's row renamed to another's key is not that one's answer."""
    put(store, "a")
    sql(folder, "UPDATE Cache SET key = ? WHERE key = ?", (key("b").physical, key("a").physical))

    assert (None, None) == (answer(store, "a"), answer(store, "b"))


@pytest.mark.parametrize("place", [0, 1, 5, 9, 12, 13, 500, 1012])
def test_changed_byte_is_a_miss(place: int, folder: Path, store: DiskStore) -> None:
    """One byte of a row changed, in the head or the body: a miss, never another body."""
    put(store, "a")
    ((frame,),) = sql(folder, "SELECT value FROM Cache")
    changed = frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1 :]
    sql(folder, "UPDATE Cache SET value = ?", (changed,))

    assert None is answer(store, "a")


def test_deadline_that_is_no_number_is_a_miss(folder: Path, store: DiskStore) -> None:
    """NaN, after which no time would ever come, is damage."""
    put(store, "a")
    sql(folder, "UPDATE Cache SET value = ?", (b"\x01" + b"\xff" * 8 + b"\0" * 4 + b"body",))

    assert None is answer(store, "a")
    assert [] == store.scan(SPACE)


DAMAGE = {
    "its head": ("UPDATE Cache SET value = substr(value, 1, 20) WHERE key = ?", ""),
    "a body changed": ("UPDATE Cache SET value = value || x'00' WHERE key = ?", f"#{1:016x}"),
    "a body gone": ("DELETE FROM Cache WHERE key = ?", f"#{1:016x}"),
    "a body pickled": ("UPDATE Cache SET mode = 4 WHERE key = ?", f"#{1:016x}"),
    "a body in a file": ("UPDATE Cache SET filename = '/etc/hostname' WHERE key = ?", f"#{1:016x}"),
    "a body renamed": ("UPDATE Cache SET key = key || '0' WHERE key = ?", f"#{1:016x}"),
}


@pytest.mark.parametrize(("statement", "ending"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_conversation_says_so(statement: str, ending: str, folder: Path, store: DiskStore) -> None:
    """A conversation of which anything is missing or changed raises DecodeError and can be deleted."""
    store.append(log(), [b"1", b"2", b"3"])
    sql(folder, statement, (log().physical + ending,))

    with pytest.raises(DecodeError, match="the log is damaged"):
        store.read_log(log())
    store.delete_log(log())
    assert 1 == store.append(log(), [b"4"])
    assert [b"4"] == store.read_log(log())


def test_append_to_a_damaged_conversation_is_refused(folder: Path, store: DiskStore) -> None:
    """Nothing begins a new conversation over one that cannot be read."""
    store.append(log(), [b"1"])
    sql(folder, "UPDATE Cache SET value = x'00' WHERE key = ?", (log().physical,))

    with pytest.raises(DecodeError, match="append of history"):
        store.append(log(), [b"2"])
