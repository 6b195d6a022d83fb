"""Network file systems: recognised from the list of mounts, refused, or used without what does not work there."""

from pathlib import Path
from threading import Thread

import pytest

from llmcache.errors import ConfigError, UnsupportedError
from llmcache_sqlite import SqliteStore, filesystem, open_store, sharing
from llmcache_sqlite.filesystem import kind_at
from tests.sqlite.programs import run
from tests.sqlite.things import answer, body_of, log, put

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,discard
23 22 0:21 / /proc rw,nosuid - proc proc rw
40 22 0:35 / /home rw,relatime - nfs4 server:/home rw,vers=4.2
41 40 0:36 / /home/ada/local rw - xfs /dev/sdb1 rw
42 22 0:37 / /mnt/with\040space rw - cifs //server/share rw
43 22 0:38 / /mnt/with\134backslash rw master:5 propagate_from:2 - fuse.sshfs host: rw
44 22 0:39 / /data rw - ext4 /dev/sdc1 rw
45 44 0:40 / /data rw - lustre 10.0.0.1@tcp:/fs rw
46 22 0:41 / /homework rw - btrfs /dev/sdd1 rw
a line that is none
47 22 0:42
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/cache/llmcache", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada/.cache/llmcache", "nfs4"),
        ("/home/ada/local", "xfs"),
        ("/home/ada/local/cache", "xfs"),
        ("/home/ada/locally", "nfs4"),
        ("/homework/cache", "btrfs"),
        ("/mnt/with space/cache", "cifs"),
        ("/mnt/with\\backslash/cache", "fuse.sshfs"),
        ("/data/cache", "lustre"),
    ],
)
def test_file_system_of_a_folder(folder: str, kind: str) -> None:
    """The longest mount point above a folder counts, the later of two at one point, and escapes are read back."""
    assert kind == kind_at(folder, MOUNTS)


def test_file_system_that_nothing_tells() -> None:
    """Without a list of mounts, as on other systems than Linux, the kind is unknown."""
    assert "" == kind_at("/home", "")


def test_this_machine_tells() -> None:
    """The list of mounts of this machine, where it has one, can be read and covers the root."""
    assert ("" == filesystem.mounts()) == ("" == kind_at("/", filesystem.mounts()))


@pytest.fixture
def on_nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every folder is on a network file system."""
    monkeypatch.setattr(sharing, "mounts", lambda: "1 0 0:1 / / rw - nfs4 server:/ rw\n")


@pytest.mark.usefixtures("on_nfs")
def test_network_file_system_is_refused(folder: Path) -> None:
    """Opening says what was found and what to do instead, and makes nothing."""
    with pytest.raises(ConfigError, match=r"network file system \(nfs4\).*network_ok=True"):
        open_store(folder)

    assert not folder.exists()


@pytest.mark.usefixtures("on_nfs")
def test_network_file_system_by_the_users_wish(folder: Path) -> None:
    """With network_ok there is no write-ahead log, reads are not promised to be quick, and everything works."""
    store = open_store(folder, network_ok=True)
    put(store, "a")
    store.append(log(), [b"1"])
    names = {path.name for path in folder.iterdir()}
    inline = store.capabilities.inline_reads
    found = (answer(store, "a"), store.read_log(log()))
    store.close()

    assert not {name for name in names if name.endswith(("-wal", "-shm"))}
    assert not inline
    assert (body_of("a"), [b"1"]) == found


def write_from(store: SqliteStore, names: range) -> None:
    """Put and read back, one after the other."""
    for name in names:
        put(store, name)
        assert body_of(name) == answer(store, name)


@pytest.mark.slow
@pytest.mark.usefixtures("on_nfs")
def test_two_processes_without_a_write_ahead_log(folder: Path) -> None:
    """Readers and writers that must wait for each other do, and none of their calls fails."""
    open_store(folder, network_ok=True).close()
    code = """
from llmcache_sqlite import sharing
sharing.mounts = lambda: "1 0 0:1 / / rw - nfs4 server:/ rw"
store = open_store(folder, network_ok=True, timeout=60)
for number in range(1000, 1060):
    put(store, number); assert answer(store, number) == body_of(number)
store.close()
"""
    store = open_store(folder, network_ok=True, timeout=60)
    thread = Thread(target=write_from, args=(store, range(60)))
    thread.start()
    run(code, folder)
    thread.join()
    found = [answer(store, number) is not None for number in (*range(60), *range(1000, 1060))]
    store.close()

    assert [True] * 120 == found


def test_file_that_moves_to_a_local_disk_gets_its_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file made on a network file system is used with the write-ahead log where that works, and back."""
    local = filesystem.mounts
    monkeypatch.setattr(sharing, "mounts", lambda: "1 0 0:1 / / rw - nfs4 server:/ rw\n")
    store = open_store(folder, network_ok=True)
    put(store, "network")
    store.close()
    monkeypatch.setattr(sharing, "mounts", local)
    store = open_store(folder)
    put(store, "local")
    has_log = (folder / "llmcache-1.sqlite-wal").exists()
    found = (answer(store, "network"), answer(store, "local"))
    store.close()

    assert has_log
    assert (body_of("network"), body_of("local")) == found


def test_system_without_posix_locks_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system whose locks the store does not know, opening says so and what to use instead."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("os.name", "nt")
        with pytest.raises(UnsupportedError, match="needs POSIX file locks"):
            open_store(folder)

    assert not folder.exists()
