"""The service cut off and back again, empty, in the middle of many calls."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from llmcache.errors import StoreError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.layout import LEASE
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import key

pytestmark = pytest.mark.slow

WORKERS, RESTARTS, CALLS = 6, 3, 150
LIMIT, PATIENCE = 2.0, 20.0
NAMES = 8


class Traffic:
    """What the workers of a test do and find.

    Attributes:
        counts_from: What is acknowledged to calls that began then or later is there in the end. Within a lease of the restart
            a call may be made under a token that the restart has lost, with all that lay under it.
        wrong: Bodies that were read under a key that they are not of.
        acknowledged: The appends that succeeded: to which conversation, begun when, and what.
        longest: Seconds that the slowest call took.
        failed: How many calls failed, each with an error of ours.
        is_over: No more calls.
    """

    def __init__(self) -> None:
        self.counts_from = 0.0
        self.wrong: list[bytes] = []
        self.acknowledged: list[tuple[int, float, bytes]] = []
        self.longest = 0.0
        self.failed = 0
        self.is_over = False

    def counted(self) -> list[tuple[int, bytes]]:
        """Return the appends that are to be there in the end."""
        return [(place, body) for place, began, body in tuple(self.acknowledged) if began > self.counts_from]

    async def work(self, number: int, call: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        """Call the store until it is over."""
        chosen, count = random.Random(number), 0
        while not self.is_over:
            count += 1
            began = time.monotonic()
            try:
                await self._one(chosen, b"%d.%d" % (number, count), began, call)
            except StoreError:
                self.failed += 1
            self.longest = max(self.longest, time.monotonic() - began)

    async def _one(
        self, chosen: random.Random, body: bytes, began: float, call: Callable[..., Coroutine[Any, Any, Any]]
    ) -> None:
        place, what = chosen.randrange(NAMES), chosen.random()
        if what < 0.3:
            await call("put_many", [Put(key(f"name {place}"), b"%d:%b" % (place, body * 50))])
        elif what < 0.7:
            (found,) = await call("get_many", [key(f"name {place}")])
            if found is not None and not found.startswith(b"%d:" % place):
                self.wrong.append(found)
        else:
            await call("append", log(place), [body])
            self.acknowledged.append((place, began, body))


def log(place: int) -> Any:
    """Return one of the conversations."""
    return key(f"session {place}", Kind.HISTORY)


def restarted(traffic: Traffic, server: MomentoLocal) -> MomentoLocal:
    """Let calls come, cut them all off, and start an empty server at the same place; return the last one."""
    for _ in range(RESTARTS):
        until(lambda: len(server.calls) >= CALLS)  # noqa: B023 -- called at once
        server.stop()
        server = MomentoLocal(["shop"], port=server.port).start()
        traffic.counts_from = time.monotonic() + LEASE
    until(lambda: len(traffic.counted()) >= CALLS // 10)
    traffic.is_over = True
    return server


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""
    end = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < end:
        time.sleep(0.001)


def by_threads(traffic: Traffic, store: Any, server: MomentoLocal) -> MomentoLocal:
    """Work in threads, each of which blocks."""

    async def call(method: str, *args: Any) -> Any:
        return getattr(store.blocking, method)(*args)

    workers = [
        threading.Thread(target=lambda number=number: asyncio.run(traffic.work(number, call)))
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    server = restarted(traffic, server)
    for worker in workers:
        worker.join()
    return server


def by_tasks(traffic: Traffic, store: Any, server: MomentoLocal) -> MomentoLocal:
    """Work in tasks of one loop, of which many are cancelled."""

    async def call(method: str, *args: Any) -> Any:
        if random.random() < 0.1:
            hasty = asyncio.create_task(getattr(store.awaiting, method)(*args))
            await asyncio.sleep(random.random() / 200)
            hasty.cancel()
            await asyncio.wait([hasty])
        return await getattr(store.awaiting, method)(*args)

    async def working() -> MomentoLocal:
        workers = [asyncio.create_task(traffic.work(number, call)) for number in range(WORKERS)]
        last = await asyncio.to_thread(restarted, traffic, server)
        await asyncio.gather(*workers)
        await store.awaiting.close()
        return last

    return asyncio.run(working())


@pytest.mark.parametrize("working", [by_threads, by_tasks])
def test_calls_through_restarts_answer_rightly_or_fail(working: Callable[..., MomentoLocal]) -> None:
    """No body under another's key, no append lost that the last server acknowledged, none there that was not made, no hang."""
    server, traffic = MomentoLocal(["shop"]).start(), Traffic()
    store: Any = open_account(local_account(server.host, server.port), Settings("shop", timeout=LIMIT))
    server = working(traffic, store, server)
    fresh: Any = open_account(local_account(server.host, server.port), Settings("shop", timeout=PATIENCE))
    held = {place: Counter(fresh.blocking.read_log(log(place))) for place in range(NAMES)}
    acknowledged = traffic.counted()
    for opened in (store, fresh):
        opened.blocking.close()
    server.stop()

    assert acknowledged
    assert not [body for place, body in acknowledged if not held[place][body]]
    assert not traffic.wrong
    assert traffic.longest < LIMIT + PATIENCE
    if working is by_threads:
        assert {1} == {times for bodies in held.values() for times in bodies.values()}
