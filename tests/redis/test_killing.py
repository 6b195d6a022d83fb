"""A server that is killed and comes back, one that is replaced by its replica, and a slot that moves."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmcache.errors import StoreError, StoreUnavailable
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import KeyValueStore, Put
from llmcache.protocols.log import LogStore
from llmcache_redis import AsyncRedisStore, RedisStore, open_pair, open_store
from tests.redis.clusters import Members
from tests.redis.servers import PATIENCE, Server, system_redis
from tests.redis.things import MASTER, Watched, key, log

pytestmark = pytest.mark.slow

OPERATIONS = 10_000
KILLS = 3
TIMEOUT: Seconds = 2.0
SLACK: Seconds = 3.0


class Journal:
    """What one writer was told, and what it found."""

    def __init__(self) -> None:
        self.wrong: list[object] = []
        self.foreign: list[BaseException] = []
        self.longest: Seconds = 0.0
        self.done = 0
        self.failed = 0

    def note(self, began: Seconds, error: BaseException | None) -> None:
        """Count one operation."""
        self.longest = max(self.longest, time.monotonic() - began)
        self.done += 1
        if error is not None:
            self.failed += 1
            if not isinstance(error, StoreError):
                self.foreign.append(error)


def work(store: RedisStore, writer: int, journal: Journal, progress: list[int]) -> None:
    """Write and read back until this writer's share of the operations is done."""
    for number in range(OPERATIONS // 8):
        one, began = key(f"{writer} {number % 50}"), time.monotonic()
        error: BaseException | None = None
        try:
            if number % 2:
                store.put_many((Put(one, b"%d %d" % (writer, number % 50)),))
            else:
                (found,) = store.get_many((one,))
                if found not in (None, b"%d %d" % (writer, number % 50)):
                    journal.wrong.append(found)
        except Exception as raised:
            error = raised
        journal.note(began, error)
        progress[0] += 1


async def work_awaiting(store: AsyncRedisStore, writer: int, journal: Journal, progress: list[int]) -> None:
    """The same, awaited."""
    for number in range(OPERATIONS // 8):
        one, began = key(f"{writer} {number % 50}"), time.monotonic()
        error: BaseException | None = None
        try:
            if number % 2:
                await store.put_many((Put(one, b"%d %d" % (writer, number % 50)),))
            else:
                (found,) = await store.get_many((one,))
                if found not in (None, b"%d %d" % (writer, number % 50)):
                    journal.wrong.append(found)
        except Exception as raised:
            error = raised
        journal.note(began, error)
        progress[0] += 1
        if error is not None:
            await asyncio.sleep(0)


async def _all_tasks(store: AsyncRedisStore, journals: list[Journal], progress: list[int]) -> None:
    await asyncio.gather(*(work_awaiting(store, 4 + n, journal, progress) for n, journal in enumerate(journals)))
    await store.close()


def test_server_killed_again_and_again(own_server: Server) -> None:
    """Four threads and four tasks do 10,000 operations while the server is killed three times and comes back, empty.

    No wrong value, no error but ours, none that lasts, and no call longer than its deadline.
    """
    pair = open_pair(f"redis://127.0.0.1:{own_server.port}", timeout=TIMEOUT)
    assert isinstance(pair.blocking, RedisStore)
    assert isinstance(pair.awaiting, AsyncRedisStore)
    journals, progress = [Journal() for _ in range(8)], [0]
    threads = [threading.Thread(target=work, args=(pair.blocking, n, journals[n], progress)) for n in range(4)]
    threads.append(
        threading.Thread(target=lambda: asyncio.run(_all_tasks(pair.awaiting, journals[4:], progress)))  # type: ignore[arg-type]  # checked above
    )
    for thread in threads:
        thread.start()
    for kill in range(KILLS):
        until(lambda: progress[0] > OPERATIONS * (kill + 1) // (KILLS + 2) or not threads[0].is_alive())  # noqa: B023 -- called at once
        own_server.kill()
        own_server.restart()
    for thread in threads:
        thread.join(PATIENCE * 4)
    pair.blocking.close()

    assert [OPERATIONS // 8] * 8 == [journal.done for journal in journals]
    assert [] == [found for journal in journals for found in (*journal.wrong, *journal.foreign)]
    assert max(journal.longest for journal in journals) < TIMEOUT + SLACK
    assert sum(journal.failed for journal in journals) < OPERATIONS


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something, and no longer than patience allows."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not come")
        time.sleep(0.001)


def test_acknowledged_appends_are_kept(own_server: Server) -> None:
    """Whatever connections are killed meanwhile, a log has every message once, in order."""
    store = open_store(f"redis://127.0.0.1:{own_server.port}", log_timeout=20.0)
    over = threading.Event()

    def disturb() -> None:
        while not over.wait(0.005):
            own_server.ask("CLIENT", "KILL", "TYPE", "normal")

    disturber = threading.Thread(target=disturb)
    disturber.start()
    lengths = [_appended(store, b"%d" % number) for number in range(2_000)]
    over.set()
    disturber.join()
    found = store.read_log(log())
    store.close()

    assert list(range(1, 2_001)) == lengths
    assert [b"%d" % number for number in range(2_000)] == found


def _appended(store: LogStore, body: bytes) -> int:
    """Append; a disturbance that hit both attempts says so, and the log tells whether it was done."""
    while True:
        before = store.log_length(log()) if body == b"0" else int(body)
        try:
            return store.append(log(), (body,))
        except StoreError:
            length = _length(store)
            if length == before + 1:
                return length


def _length(store: LogStore) -> int:
    while True:
        try:
            return store.log_length(log())
        except StoreUnavailable:
            continue


def test_failover(own_watched: Watched) -> None:
    """When the master dies, its replica takes over, and the store finds it within its sentinel's time."""
    store = open_store(
        f"redis+sentinel://127.0.0.1:{own_watched.sentinel.port}/{MASTER}", timeout=TIMEOUT, log_timeout=TIMEOUT
    )
    until(lambda: "state=online" in own_watched.master.text("INFO", "replication"))
    until(lambda: "slaves=1" in own_watched.sentinel.text("INFO", "sentinel"))
    store.append(log(), (b"1",))
    until(lambda: ":2" == own_watched.replica.ask("LLEN", log().physical))
    own_watched.master.kill()
    until(lambda: _puts(store))
    found = store.get_many((key("after"),)), store.read_log(log())
    store.close()

    assert ([b"after"], [b"1"]) == found


@pytest.mark.xdist_group("cluster")
def test_slot_that_moves(cluster: Members) -> None:
    """A member that sends us to another is followed, at once and from then on."""
    store = open_store(f"redis+cluster://{cluster.hosts}", timeout=20.0, log_timeout=20.0)
    keys = [key(number, "moving") for number in range(200)]
    store.put_many([Put(one, one.name.encode()) for one in keys])
    before = store.get_many(keys)
    # The store's table is turned around: every slot is asked for at the wrong member first.
    slots = store._core.entries._sender.topology
    owners = slots.everyone()
    for slot in range(16_384):
        owner = slots.owner(slot)
        assert owner is not None
        slots.moved(slot, owners[(owners.index(owner) + 1) % len(owners)])
    after = store.get_many(keys)
    store.close()

    assert [one.name.encode() for one in keys] == before == after


def test_member_of_a_cluster_dies(short_folder: Path) -> None:
    """When a master of a cluster dies, its replica takes over, and every key of it is written and read again."""
    members = Members(Path(tempfile.mkdtemp(dir=short_folder)), system_redis())
    store = open_store(f"redis+cluster://{members.hosts}", timeout=TIMEOUT, log_timeout=TIMEOUT)
    keys = [key(number, "dying") for number in range(100)]
    try:
        store.put_many([Put(one, b"before") for one in keys])
        members.servers[0].kill()
        until(lambda: _all_put(store, keys))
        found = store.get_many(keys)
    finally:
        store.close()
        members.close()

    assert [b"after"] * 100 == found


def _all_put(store: KeyValueStore, keys: list[Key]) -> bool:
    try:
        store.put_many([Put(one, b"after") for one in keys])
    except StoreError:
        return False
    return True


def _puts(store: KeyValueStore) -> bool:
    return _all_put(store, [key("after")])
