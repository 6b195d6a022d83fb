"""Single damaged rows, and planted ones: a miss that is counted, or an error in a log; never wrong bytes, never code."""

import sqlite3
from pathlib import Path

import pytest

from llmcache.errors import DecodeError
from llmcache_sqlite import open_store
from tests.sqlite.conftest import Opener
from tests.sqlite.things import answer, body_of, file_of, key, log, put


def change(folder: Path, statement: str, *parameters: object) -> None:
    """Change the file of a store that is closed, as somebody with an SQLite shell could."""
    changed = sqlite3.connect(file_of(folder))
    changed.execute(statement, parameters)
    changed.commit()
    changed.close()


@pytest.mark.parametrize(
    "change_it",
    [
        "body = x'00' || substr(body, 2)",
        "body = substr(body, 1, length(body) - 1)",
        "body = body || x'00'",
        "body = CAST(body AS TEXT)",
        "body = 17",
        "body = 'text'",
        "expires = expires + 1e9",
        "expires = 'never'",
        "expires = NULL",
        "sum = sum + 1",
        "sum = 'text'",
        "sum = x'00'",
    ],
)
def test_changed_row_is_a_miss(change_it: str, folder: Path, opener: Opener) -> None:
    """Whatever column of an entry is not what was written, the entry is missing, the damage counted, and a put mends it."""
    store = opener()
    put(store, "a", ttl=60.0)
    put(store, "b", ttl=60.0)
    store.close()
    change(folder, f"UPDATE entry SET {change_it} WHERE name = ?", bytes.fromhex(key("a").name))
    store = opener()

    assert [None, body_of("b")] == store.get_many((key("a"), key("b")))
    assert [None, body_of("b"), None, None] == store.get_many((key("a"), key("b"), key("c"), key("d")))
    assert (2, 0) == (store.health().damaged, store.health().set_aside)
    put(store, "a")
    assert body_of("a") == answer(store, "a")


def test_body_under_the_key_of_another_is_a_miss(folder: Path, opener: Opener) -> None:
    """Rows whose names were exchanged, as damage to a name would do, answer neither key."""
    store = opener()
    put(store, "a")
    put(store, "b")
    store.close()
    a, b = (bytes.fromhex(key(name).name) for name in "ab")
    for new, old in ((b"x", a), (a, b), (b, b"x")):
        change(folder, "UPDATE entry SET name = ? WHERE name = ?", new, old)
    store = opener()

    assert [None, None] == store.get_many((key("a"), key("b")))
    assert 2 == store.health().damaged


def flip_each_byte_of(folder: Path, body: bytes, step: int) -> int:
    """Flip one bit of the stored `body` after the other, open the store each time, and count how often the body came back."""
    stored = file_of(folder).read_bytes()
    start = stored.index(body)
    right = 0
    for place in range(start, start + len(body), step):
        flipped = bytearray(stored)
        flipped[place] ^= 1 << place % 8
        file_of(folder).write_bytes(flipped)
        store = open_store(folder)
        found = answer(store, "a")
        store.close()
        assert found in (None, body)
        right += found == body
    return right


def test_every_flipped_bit_of_a_body_is_noticed(folder: Path, opener: Opener) -> None:
    """A body with one flipped bit, anywhere, is never returned."""
    store = opener()
    put(store, "a", size=400)
    store.close()
    right = flip_each_byte_of(folder, body_of("a", 400), step=9)

    assert 0 == right


@pytest.mark.parametrize(
    "change_it",
    [
        "UPDATE message SET body = x'00' WHERE id % 8 = 2",
        "UPDATE message SET body = 'text' WHERE id % 8 = 2",
        "DELETE FROM message WHERE id % 8 = 2",
        "UPDATE message SET id = id + 100 WHERE id % 8 = 2",
        "UPDATE log SET next = next - 1",
        "UPDATE log SET first = first + 1",
        "UPDATE log SET next = 'text'",
        "UPDATE log SET expires = 1e12",
    ],
)
def test_damaged_log_is_an_error(change_it: str, folder: Path, opener: Opener) -> None:
    """A log that is not what was appended says so: less of a conversation must not look like all of it."""
    store = opener()
    store.append(log(), [b"%d" % number for number in range(5)])
    store.close()
    change(folder, change_it)
    store = opener()

    with pytest.raises(DecodeError, match="sqlite could not do read_log of history"):
        store.read_log(log())
    assert 1 == store.health().damaged
    store.delete_log(log())
    assert (1, [b"new"]) == (store.append(log(), [b"new"]), store.read_log(log()))


def test_error_of_a_log_shows_no_name(folder: Path, opener: Opener) -> None:
    """A conversation's name may be personal, and its content is: neither stands in an error."""
    store = opener()
    store.append(log("ada@example.com"), [b"my secret"])
    store.close()
    change(folder, "UPDATE message SET body = x'00'")
    store = opener()

    with pytest.raises(DecodeError) as caught:
        store.read_log(log("ada@example.com"))
    assert not {"ada", "secret"} & set(str(caught.value).replace("@", " ").split())


def test_planted_function_does_not_run(folder: Path, opener: Opener) -> None:
    """An index with a function call that somebody planted is refused as a layout that is not ours, or does nothing."""
    store = opener()
    put(store, "a")
    store.close()
    change(folder, "CREATE VIEW entries AS SELECT load_extension('evil') FROM entry")
    store = opener()
    put(store, "b")

    assert [None, body_of("b")] == store.get_many((key("a"), key("b")))
    assert 1 == store.health().set_aside
