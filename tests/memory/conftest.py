"""A clock that tests set, and keys by number."""

import pytest

from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache_conformance import Clock

SHOP = Namespace(("shop",))


def key_of(number: int, kind: Kind = Kind.RESPONSE) -> Key:
    """Return the key of a number; equal numbers give equal keys."""
    return Key(Space(SHOP, kind), f"{number:08x}")


@pytest.fixture
def clock() -> Clock:
    """A clock that only tests move."""
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    """A store of 64 KiB."""
    return MemoryStore(max_bytes=1 << 16, clock=clock)
