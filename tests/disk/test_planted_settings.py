"""The table Settings and the schema, edited by somebody: nothing in them is obeyed."""

import os
from pathlib import Path

import diskcache  # type: ignore[import-untyped]  # diskcache has no types
import pytest

from llmcache.errors import ConfigError, StoreRefused, StoreUnavailable
from tests.disk.conftest import Opener
from tests.disk.things import Trap, answer, body_of, database, key, log, open_store, put, sql

SETTINGS = {
    "disk_min_file_size": 0,
    "disk_pickle_protocol": "x",
    "disk_unknown": "an argument that no Disk has",
    "disk": "foreign.Disk",
    "_disk": "foreign.Disk",
    "set": "no longer a function",
    "get": None,
    "transact": 7,
    "_txn_id": 1,
    "eviction_policy": "least-recently-used",
    "cull_limit": 10,
    "size_limit": 0,
    "statistics": 1,
    "tag_index": 1,
    "count": "many",
    "size": b"\x80",
    "hits": None,
    "sqlite_query_only": 1,
    "sqlite_writable_schema": "ON",
    "sqlite_journal_mode": "delete",
    "sqlite_trusted_schema": "ON",
    "sqlite_temp_store_directory": "'/nowhere'",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_setting_in_the_file_is_not_obeyed(name: str, folder: Path, opener: Opener) -> None:
    """Handles that are open, and those opened afterwards, read and write as if the row were not there."""
    before = opener()
    put(before, "a")
    sql(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", (name, SETTINGS[name]))
    after = opener()
    put(before, "b")
    put(after, "c", size=100_000)
    length = after.append(log(), [b"1"])

    assert [body_of("a"), body_of("b"), body_of("c", 100_000)] == before.get_many([key("a"), key("b"), key("c")])
    assert [body_of("a"), body_of("b"), body_of("c", 100_000)] == after.get_many([key("a"), key("b"), key("c")])
    assert 1 == length


def test_pickled_setting_is_not_loaded(folder: Path, opener: Opener, trap: Trap) -> None:
    """A pickle as a setting's name or value is never looked at."""
    opener()
    sql(folder, "INSERT INTO Settings VALUES (?, ?)", ("disk_class", trap.pickled))
    sql(folder, "UPDATE Settings SET value = ? WHERE key = 'disk_min_file_size'", (trap.pickled,))
    store = opener()
    put(store, "a")

    assert body_of("a") == answer(store, "a")
    assert not trap.is_sprung


@pytest.mark.parametrize("lane", ["reading", "writing"])
def test_schema_is_not_trusted(lane: str, opener: Opener) -> None:
    """SQLite runs no function with effects outside of the file from a planted trigger, view or index."""
    engine = opener()._engine
    with getattr(engine, lane)("test") as cache:
        found = cache.connection.execute("PRAGMA trusted_schema").fetchall()

    assert [(0,)] == found


def test_planted_trigger_cannot_reach_other_files(folder: Path, opener: Opener) -> None:
    """A trigger may spoil rows; it attaches nothing and loads nothing, and its failure is an error of ours."""
    opener()
    sql(folder, "CREATE TRIGGER evil AFTER INSERT ON Cache BEGIN SELECT load_extension('/nowhere/evil'); END")
    with pytest.raises(StoreUnavailable, match="disk could not do put_many"):
        put(opener(), "a")


def test_cache_of_another_program_is_left_alone(folder: Path) -> None:
    """A folder with a diskcache that is not ours is refused, and not one setting of it is changed."""
    with diskcache.Cache(folder, size_limit=12_345) as theirs:
        theirs["a"] = {"pickled": True}
    before = database(folder).read_bytes()

    with pytest.raises(ConfigError, match="holds a diskcache of another program, which is left alone"):
        open_store(folder)
    assert before == database(folder).read_bytes()


def test_cache_of_a_newer_release_is_left_alone(folder: Path, opener: Opener) -> None:
    """A format that this release does not know is refused."""
    opener().close()
    sql(folder, "UPDATE Settings SET value = 2 WHERE key = 'llmcache'")

    with pytest.raises(ConfigError, match="a newer release of llmcache"):
        opener()


def test_other_database_is_left_alone(folder: Path) -> None:
    """A file of the right name with other tables is refused."""
    folder.mkdir()
    sql(folder, "CREATE TABLE other (a)")

    with pytest.raises(ConfigError, match="another program"):
        open_store(folder)


def test_folder_and_files_are_private(folder: Path, opener: Opener) -> None:
    """The folder is 0700 and its files are 0600, whatever the umask."""
    before = os.umask(0)
    try:
        put(opener(), "a")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {"cache.db", "cache.db-shm", "cache.db-wal"} == set(modes)
    assert {0o600} == set(modes.values())


@pytest.mark.parametrize("name", ["cache.db", "cache.db-wal", "cache.db-shm", "cache.db-journal"])
def test_link_in_the_folder_is_not_followed(name: str, folder: Path, tmp_path: Path) -> None:
    """A file of the database that is a link is refused; what it points to is neither read nor written."""
    target = tmp_path / "target"
    target.write_bytes(b"")
    folder.mkdir()
    (folder / name).symlink_to(target)

    with pytest.raises(StoreRefused, match="is a link or no plain file"):
        open_store(folder)
    assert b"" == target.read_bytes()


def test_link_that_leads_nowhere_makes_nothing(folder: Path, tmp_path: Path) -> None:
    """No file comes into being at the other end."""
    folder.mkdir()
    (folder / "cache.db").symlink_to(tmp_path / "nowhere")

    with pytest.raises(StoreRefused, match="is a link"):
        open_store(folder)
    assert not (tmp_path / "nowhere").exists()


def test_nothing_but_the_database_is_made(folder: Path, opener: Opener) -> None:
    """Large bodies stand in the database: no file is left behind by whoever is killed."""
    store = opener()
    put(store, "large", size=5_000_000)
    store.append(log(), [body_of("large", 5_000_000)])

    assert {"cache.db", "cache.db-shm", "cache.db-wal"} == {path.name for path in folder.iterdir()}
