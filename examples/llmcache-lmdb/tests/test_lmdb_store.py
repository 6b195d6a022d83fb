"""What the suite cannot know: room, forks, and folders that cannot be used."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from llmcache_lmdb.environment import Handle
from llmcache_lmdb.store import LmdbStore, open_pair

from llmcache.errors import ClosedError, ConfigError, StoreLimit, StoreRefused
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put

Opener = Callable[..., LmdbStore]
SPACE = Space(Namespace(("shop",)), Kind.DOCUMENT)
LARGER = """
import sys
from pathlib import Path
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache_lmdb.store import open_pair
store = open_pair(Path(sys.argv[1]), max_bytes=1 << 22).blocking
keys = [Key.from_physical(f"{sys.argv[2]}{number}") for number in range(600)]
store.put_many([Put(key, b"x" * 4_000) for key in keys])
"""
LOG = Key(Space(Namespace(("shop",)), Kind.HISTORY), "session")


def key(number: object) -> Key:
    """Return the key of what must not be evicted."""
    return Key(SPACE, f"{number}")


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[Opener]:
    """Opens the store in one folder; all are closed at the end."""
    opened: list[LmdbStore] = []

    def open_it(max_bytes: int = 1 << 20, clock: Callable[[], float] = lambda: 1e9) -> LmdbStore:
        pair = open_pair((tmp_path / "store").resolve(), max_bytes=max_bytes, clock=clock)
        assert isinstance(pair.blocking, LmdbStore)
        opened.append(pair.blocking)
        return pair.blocking

    yield open_it
    for store in opened:
        store.close()


def fill(store: LmdbStore, ttl: float | None = None, *, size: int = 4_000, at_once: int = 10, name: str = "") -> int:
    """Put until the store refuses, and return how many it took."""
    for begin in range(0, 100_000, at_once):
        try:
            store.put_many([Put(key(f"{name}{number}"), b"x" * size, ttl) for number in range(begin, begin + at_once)])
        except StoreLimit:
            return begin
    raise AssertionError("it never fills")


def test_full_store_refuses_and_can_be_emptied(opener: Opener) -> None:
    """What does not fit is StoreLimit, all that was taken is there, and deleting makes room."""
    store = opener()
    taken = fill(store, at_once=1)
    found = store.get_many([key(number) for number in range(taken + 1)])
    with pytest.raises(StoreLimit, match="no room"):
        store.append(LOG, [b"x" * 100_000] * 20)
    store.clear(SPACE)

    assert [*[b"x" * 4_000] * taken, None] == found
    assert 100 < taken <= (1 << 20) // 4_096
    assert fill(store, at_once=1) > taken * 9 // 10


def test_expired_entries_make_room(opener: Opener) -> None:
    """What has expired goes when the room is needed."""
    now = [1e9]
    store = opener(clock=lambda: now[0])
    taken = fill(store, ttl=10.0)
    now[0] += 11.0

    assert fill(store, name="other ") > taken // 2


def test_what_was_just_put_stays_whatever_its_name(opener: Opener) -> None:
    """Answers whose names come first in LMDB's order are there right after they were put into a full store."""
    store = opener()
    answers = Space(SPACE.namespace, Kind.RESPONSE)
    for number in range(999, 399, -2):
        batch = [Key(answers, f"{number - place}") for place in range(2)]
        store.put_many([Put(one, b"x" * 4_000) for one in batch])

        assert store.get_many(batch) == [b"x" * 4_000] * 2


def test_deleting_here_and_there_works_when_full(opener: Opener) -> None:
    """A deletion that touches every page of a full store, and empties none, is done."""
    store = opener()
    taken = fill(store, size=100, at_once=100)
    store.delete_many([key(number) for number in range(0, taken, 2)])

    assert taken > 2_000
    found = store.get_many([key(number) for number in range(taken)])
    assert found == [None if number % 2 == 0 else b"x" * 100 for number in range(taken)]


def test_other_process_may_have_grown_the_file(opener: Opener, tmp_path: Path) -> None:
    """Another process with a larger bound writes more than this one's takes, and this one, open all the while, reads it."""
    store = opener()
    store.put_many((Put(key("first"), b"1"),))
    command = [sys.executable, "-c", LARGER, str(tmp_path / "store"), SPACE.prefix]
    subprocess.run(command, check=True, timeout=60)  # noqa: S603 -- a program of ours

    assert store.get_many([key(number) for number in range(600)]) == [b"x" * 4_000] * 600


def test_expired_conversations_leave_nothing_behind(opener: Opener) -> None:
    """A conversation that expires and begins anew, again and again, takes the room of one."""
    now = [1e9]
    store = opener(clock=lambda: now[0])
    lengths = set()
    for _ in range(20):
        lengths.add(store.append(LOG, [b"x" * 4_000] * 40, ttl=5.0))
        now[0] += 6.0

    store.delete_log(LOG)

    assert lengths == {40}
    assert fill(store) > 200


def test_long_namespaces_stay_apart(opener: Opener) -> None:
    """Keys beyond what LMDB takes are told apart by their ends, and cleared by their own space."""
    parts = [f"{number}" * 50 for number in range(100, 103)]
    spaces = [Space(Namespace((*parts, last)), Kind.RESPONSE) for last in ("a", "b")]
    store = opener()
    store.put_many([Put(Key(space, "name"), space.prefix.encode()) for space in spaces])
    found = store.get_many([Key(space, "name") for space in spaces])
    listed = [[one.key.space for one in store.scan(space)] for space in spaces]
    store.clear(spaces[0])

    assert found == [space.prefix.encode() for space in spaces]
    assert listed == [[space] for space in spaces]
    assert store.get_many([Key(space, "name") for space in spaces]) == [None, spaces[1].prefix.encode()]


def forked(work: Callable[[], bool]) -> int:
    """Do `work` in a child and return its exit status, 0 where it answered True."""
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that hangs is ended, and that is its exit status
        status = 2
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_forks_among_busy_threads(opener: Opener) -> None:
    """Children read and write and end; the parent's threads lose nothing."""
    store = opener(max_bytes=1 << 24)
    is_over = threading.Event()
    written = [0, 0]

    def write(thread: int) -> None:
        while not is_over.is_set():
            store.append(Key(LOG.space, f"{thread}"), [b"%d" % written[thread]])
            written[thread] += 1

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(2)]
    for thread in threads:
        thread.start()
    try:
        outcomes = {forked(lambda: store.append(LOG, [b"child"]) > 0) for _ in range(10)}
    finally:
        is_over.set()
        for thread in threads:
            thread.join(20)

    assert ({0}, 10) == (outcomes, store.log_length(LOG))
    assert written == [store.log_length(Key(LOG.space, f"{thread}")) for thread in range(2)]


def test_child_opens_its_own_environment(tmp_path: Path) -> None:
    """LMDB gives a process a slot in its table of readers; a child that used its parent's would be in its place."""
    handle = Handle(tmp_path, 1 << 20)
    environment = handle.environment("test")
    was_open = environment.is_open
    in_child = forked(lambda: not environment.is_open)
    handle.close()

    assert (was_open, in_child) == (True, 0)


def test_two_stores_share_one_environment(opener: Opener) -> None:
    """LMDB takes a folder once a process; closing one store leaves the other open."""
    first, second = opener(), opener()
    first.put_many((Put(key("a"), b"1"),))
    first.close()
    with pytest.raises(ClosedError, match="open the cache again"):
        first.get_many((key("a"),))

    assert second.get_many((key("a"),)) == [b"1"]
    with pytest.raises(ConfigError, match="another max_bytes"):
        opener(max_bytes=1 << 21)


def test_other_files_are_refused(opener: Opener, tmp_path: Path) -> None:
    """A folder whose data is not LMDB's is told at opening."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "data.mdb").write_bytes(b"x" * 10_000)

    with pytest.raises(StoreRefused, match="the folder cannot be used"):
        opener()
