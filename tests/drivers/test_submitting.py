"""Handing work to pools: under no lock that a fork takes, because the pools' own lock is taken at a fork before ours."""

import asyncio
import concurrent.futures.thread
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from llmcache.drivers.background import LocalBackground
from llmcache.drivers.offload import Offloaded
from llmcache.drivers.worlds import Surroundings, blocking_world
from llmcache.errors import ClosedError
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.steps import Steps

KEY = Key(Space(Namespace.of("shop"), Kind.RESPONSE), "1")


class PoolsLock:
    """Stands for the lock of all pools; notes whether the thread that takes it has a lock of ours."""

    def __init__(self, ours: Any) -> None:
        self._ours = ours
        self.were_held: list[bool] = []

    def __enter__(self) -> None:
        self.were_held.append(self._ours._is_owned())

    def __exit__(self, *_: object) -> None:
        return


class ClosedMeanwhile(Offloaded[MemoryStore]):
    """Is closed by another thread just before a call is handed to the pool."""

    def _started_pool(self) -> ThreadPoolExecutor:
        pool = super()._started_pool()
        pool.shutdown()
        self._is_closed = True
        return pool


class EndedMeanwhile(LocalBackground):
    """Is closed by another thread when work has just been taken on."""

    def _takes(self, key: Key) -> bool:
        takes = super()._takes(key)
        self.close()
        return takes


def nothing() -> Steps[None]:
    """Steps that ask for nothing."""
    yield from ()


def start(background: LocalBackground) -> bool:
    """Start work that does nothing."""
    around = Surroundings(lambda: 0.0, lambda: 0.0, lambda told: None, background=background)
    return background.start(KEY, nothing, blocking_world(MemoryStore(), around))


def test_awaited_call_is_handed_over_without_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a fork among awaited calls ends."""
    offloaded = Offloaded(MemoryStore())
    pools = PoolsLock(offloaded._lock)
    monkeypatch.setattr(concurrent.futures.thread, "_global_shutdown_lock", pools)
    asyncio.run(offloaded.get_many((KEY,)))
    offloaded.close_both()

    assert False in pools.were_held
    assert True not in pools.were_held


def test_work_in_the_background_is_handed_over_without_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """So a fork among refreshes ends."""
    background = LocalBackground()
    pools = PoolsLock(background._lock)
    monkeypatch.setattr(concurrent.futures.thread, "_global_shutdown_lock", pools)
    assert start(background)
    background.close()

    assert False in pools.were_held
    assert True not in pools.were_held


def test_store_that_is_closed_meanwhile_says_so() -> None:
    """As one that was closed before."""
    with pytest.raises(ClosedError):
        asyncio.run(ClosedMeanwhile(MemoryStore()).get_many((KEY,)))


def test_background_that_is_closed_meanwhile_begins_nothing() -> None:
    """No thread is started that nobody would end."""
    background = EndedMeanwhile()

    assert not start(background)
    assert background._pool is None
