"""A server that writes its append-only file and is killed: what it acknowledged is there when it comes back."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from llmcache.errors import StoreError
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache_redis import RedisStore, open_store
from tests.redis.servers import PATIENCE, Server, system_redis
from tests.redis.test_killing import until
from tests.redis.things import key, log

pytestmark = pytest.mark.slow

OPERATIONS = 10_000
WRITERS = 4
KILLS = 3
KEYS = 20
TIMEOUT: Seconds = 2.0
SLACK: Seconds = 3.0


@pytest.fixture
def durable(short_folder: Path) -> Iterator[Server]:
    """A server that hands each command to the system before it answers, so that its own death loses nothing."""
    folder = Path(tempfile.mkdtemp(dir=short_folder))
    running = Server(folder, system_redis(), ("appendonly yes", "appendfsync no"))
    yield running
    running.close()


class Writer:
    """Puts numbers that rise under keys of its own, appends each to a log of its own, and remembers what it was told.

    Args:
        store: On the server that is killed.
        name: Its own.
    """

    def __init__(self, store: RedisStore, name: int) -> None:
        self.store = store
        self.name = name
        self.done = 0
        self.longest: Seconds = 0.0
        self.foreign: list[BaseException] = []
        self.possible: dict[int, list[bytes]] = {number: [] for number in range(KEYS)}
        self.appended: list[tuple[bytes, bool]] = []

    def work(self) -> None:
        """Do its share of the operations."""
        for number in range(OPERATIONS // WRITERS // 2):
            self.put(number % KEYS, b"%d" % number)
            self.append(b"%d" % number)

    def put(self, place: int, body: bytes) -> None:
        """Put, and remember which bodies may be there: what was acknowledged, and what came after it in doubt."""
        is_told = self._tried(lambda: self.store.put_many((Put(key(f"{self.name} {place}"), body),)))
        self.possible[place] = [body] if is_told else [*self.possible[place], body]

    def append(self, body: bytes) -> None:
        """Append, and remember whether it was acknowledged."""
        self.appended.append((body, self._tried(lambda: self.store.append(log(self.name), (body,)))))

    def _tried(self, call: Callable[[], object]) -> bool:
        began = time.monotonic()
        try:
            call()
        except Exception as error:
            if not isinstance(error, StoreError):
                self.foreign.append(error)
            return False
        finally:
            self.done += 1
            self.longest = max(self.longest, time.monotonic() - began)
        return True


def test_nothing_acknowledged_is_lost(durable: Server) -> None:
    """Four threads write 10,000 times while the server is killed three times and comes back with what it wrote down.

    Each key holds the last body that was acknowledged, or one that was in doubt after it; each log has every message that was
    acknowledged, none twice, in order. No error but ours, and no call longer than its deadline.
    """
    store = open_store(f"redis://127.0.0.1:{durable.port}", timeout=TIMEOUT, log_timeout=TIMEOUT)
    writers = [Writer(store, name) for name in range(WRITERS)]
    threads = [threading.Thread(target=writer.work) for writer in writers]
    for thread in threads:
        thread.start()
    for kill in range(KILLS):
        until(lambda: sum(writer.done for writer in writers) > OPERATIONS * (kill + 1) // (KILLS + 2))  # noqa: B023 -- called at once
        durable.kill()
        durable.restart()
    for thread in threads:
        thread.join(PATIENCE * 4)

    assert [OPERATIONS // WRITERS] * WRITERS == [writer.done for writer in writers]
    assert [] == [error for writer in writers for error in writer.foreign]
    assert max(writer.longest for writer in writers) < TIMEOUT + SLACK
    assert [] == [wrong for writer in writers for wrong in (*wrong_keys(writer), *wrong_messages(writer))]
    store.close()


def wrong_keys(writer: Writer) -> list[object]:
    """Return what keys hold that they cannot."""
    found = writer.store.get_many([key(f"{writer.name} {place}") for place in range(KEYS)])
    return [(place, body) for place, body in enumerate(found) if body not in writer.possible[place]]


def wrong_messages(writer: Writer) -> list[object]:
    """Return acknowledged messages that are gone, and messages that are there twice or out of order."""
    found = writer.store.read_log(log(writer.name))
    order = {body: place for place, (body, _) in enumerate(writer.appended)}
    places = [order[body] for body in found]
    gone = [body for body, is_told in writer.appended if is_told and body not in set(found)]
    return [*gone, *(before for before, after in pairwise(places) if after <= before)]
