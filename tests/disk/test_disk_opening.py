"""Opening by URL and by folder, closing, and what is wrong with a folder."""

import pickle
from pathlib import Path

import pytest

import llmcache
from llmcache.config.url import parse_url
from llmcache.errors import ClosedError, ConfigError, UsageError
from llmcache.plugins.catalogue import find, is_there
from llmcache.plugins.catalogue import open_pair as open_url
from llmcache_disk import DiskStore
from llmcache_disk.opening import folder_of
from tests.disk.conftest import Opener
from tests.disk.things import SPACE, answer, body_of, log, open_pair, open_store, put


def clock() -> float:
    """Return a time that stands still."""
    return 1_900_000_000.0


def test_store_is_found_by_its_scheme() -> None:
    """`disk:` is installed as a stranger's store would be, and says which extra it needs."""
    spec = find("disk")

    assert (("diskcache",), "disk") == (spec.requires, spec.extra)


def test_url_opens_the_folder(tmp_path: Path) -> None:
    """The address is the folder, options are checked and converted."""
    url = parse_url(f"disk:{tmp_path}/a?max_bytes=2MiB&timeout=500ms")
    before = is_there(url, clock)
    pair = open_url(url, clock)
    after = is_there(url, clock)
    blocking = pair.blocking
    assert isinstance(blocking, DiskStore)
    blocking.close()

    assert (False, True) == (before, after)
    assert tmp_path / "a" == blocking.folder
    assert 2**18 == blocking.capabilities.limits.max_body_bytes


def test_cache_on_disk_keeps_answers_and_conversations(tmp_path: Path) -> None:
    """The products work on it, and find what an earlier opening kept."""
    request = llmcache.Request("m", [{"role": "user", "content": "hi"}])
    found = []
    for _ in range(2):
        with llmcache.open(f"disk:{tmp_path}/a", namespace="shop") as cache:
            cache.responses.get_or_call(request, lambda: "hello")
            cache.history("s").append([{"role": "user", "content": "hi"}])
            found.append((cache.stats().hits, cache.stats().misses, cache.history("s").length()))

    assert [(0, 1, 1), (1, 0, 2)] == found


@pytest.mark.parametrize(("address", "folder"), [("a/b", "a/b"), ("/a", "/a"), ("///a", "/a"), ("~", str(Path.home()))])
def test_addresses(address: str, folder: str) -> None:
    """A path as it is written, relative, absolute, or below the home folder."""
    assert Path(folder) == folder_of(address)


def test_no_address_is_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the default store, in a folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert "disk" == folder_of("").name
    assert folder_of("").is_relative_to(tmp_path)


def test_host_in_the_address_is_refused() -> None:
    """A folder is on this machine."""
    with pytest.raises(ConfigError, match="disk: names a folder on this machine"):
        folder_of("//host/a")


def test_file_is_no_folder(tmp_path: Path) -> None:
    """A file at the path is named."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        open_store(tmp_path / "file")


def test_path_that_cannot_be_one() -> None:
    """A path with a null byte is refused without being shown."""
    with pytest.raises(ConfigError, match="cannot be used"):
        open_store("a\0b")


@pytest.mark.parametrize(
    "options",
    [{"max_bytes": 2**20 - 1}, {"max_bytes": True}, {"max_bytes": 2e20}, {"timeout": 0}, {"timeout": "1"}, {"timeout": float("inf")}],
)  # fmt: skip
def test_wrong_options_are_refused(options: dict[str, object], folder: Path) -> None:
    """Before anything is made."""
    with pytest.raises(UsageError):
        open_pair(folder, clock=clock, **options)
    assert not folder.exists()


def test_unknown_option_is_refused(folder: Path) -> None:
    """Settings of diskcache's own are not passed on."""
    with pytest.raises(UsageError, match="unknown option 'eviction_policy'; allowed: max_bytes, timeout"):
        open_pair(folder, eviction_policy="none")


def test_closed_store_says_so(store: DiskStore) -> None:
    """The message says what to do; closing again does nothing."""
    store.close()
    store.close()
    with pytest.raises(ClosedError, match="open the cache again"):
        store.get_many(())


def test_store_cannot_be_pickled_and_has_no_length(store: DiskStore) -> None:
    """A store is no value; an empty one is not false."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(store)
    assert not hasattr(store, "__bool__")
    assert not hasattr(store, "__len__")
    assert "DiskStore" in repr(store)


def test_folder_that_is_removed_is_made_again(folder: Path, store: DiskStore) -> None:
    """Nothing is written to a file that nobody can find any more: the next call makes a new one."""
    put(store, "a")
    store.append(log(), [b"1"])
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    before = (answer(store, "a"), store.read_log(log()))
    put(store, "b")
    other = open_store(folder)
    found = answer(other, "b")
    other.close()

    assert (None, []) == before
    assert body_of("b") == found


def test_folder_with_characters_that_urls_and_shells_know(tmp_path: Path) -> None:
    """`?`, `#`, `%`, `$` and spaces in a path are characters like others."""
    folder = tmp_path / "a?b=c#d%41 $HOME ~"
    store = open_store(folder)
    put(store, "a")
    store.close()

    assert ["a?b=c#d%41 $HOME ~"] == [path.name for path in tmp_path.iterdir()]
    assert ["cache.db"] == [path.name for path in folder.iterdir()]


def test_expired_rows_are_given_back(opener: Opener, folder: Path) -> None:
    """Later writes delete what has expired, a few at a time, conversations with their bodies."""
    now = [1_900_000_000.0]
    store = opener(clock=lambda: now[0])
    for number in range(30):
        put(store, number, ttl=5.0)
    store.append(log(), [b"1", b"2"], ttl=5.0)
    now[0] += 6.0
    for number in range(100, 104):
        put(store, number)

    assert 4 == len(store.scan(SPACE))
    with_rows = open_store(folder)
    with with_rows._engine.reading("test") as cache:
        rows = cache.heads("", "~", 1_000)
    with_rows.close()
    assert 4 == len(rows)
