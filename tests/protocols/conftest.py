"""A key, and a memory store in a world of both colours."""

import pytest

from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace


@pytest.fixture
def key() -> Key:
    """A key of an answer."""
    return Key(Space(Namespace(("shop",)), Kind.RESPONSE), "9f86d081884c7d65")


@pytest.fixture
def store() -> MemoryStore:
    """An empty store whose clock stands still."""
    return MemoryStore(clock=lambda: 1_000.0)


@pytest.fixture
def async_store(store: MemoryStore) -> AsyncMemoryStore:
    """The same store, awaited."""
    return AsyncMemoryStore(store)
