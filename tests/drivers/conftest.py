"""Worlds of both colours on one memory store, and an op that does what a test says."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.blocking import BlockingWorld
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.event import Told


@dataclass(frozen=True)
class Worlds:
    """Both colours of one world, and what its listener was told."""

    blocking: BlockingWorld
    awaiting: AwaitingWorld
    told: list[Told]


@pytest.fixture
def worlds() -> Worlds:
    """Worlds whose clocks stand still."""
    told: list[Told] = []
    store = MemoryStore(clock=lambda: 1_000.0)
    awaited = AsyncMemoryStore(store)
    clocks: tuple[Callable[[], float], Callable[[], float]] = (lambda: 1_000.0, lambda: 7.0)
    return Worlds(
        BlockingWorld(store, store, store, *clocks, told.append),
        AwaitingWorld(awaited, awaited, awaited, *clocks, told.append),
        told,
    )
