"""A store with everything this release knows, in both colours, and the pair of them that a plugin hands out."""

from dataclasses import dataclass
from typing import Protocol

from llmcache.model.key import Key
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore
from llmcache.protocols.log import AsyncLogStore, LogStore
from llmcache.protocols.scan import AsyncScanStore, ScanStore


class Store(KeyValueStore, LogStore, ScanStore, Protocol):
    """Entries, logs and listing, blocking."""


class AsyncStore(AsyncKeyValueStore, AsyncLogStore, AsyncScanStore, Protocol):
    """Entries, logs and listing, awaited."""


@dataclass(frozen=True, slots=True)
class StorePair:
    """Both colours of one opened store, sharing what it holds; at least one is given.

    Attributes:
        blocking: The blocking colour; None where the store cannot block.
        awaiting: The async colour; None where the store only blocks, and then calls run in threads.
        near: What is at hand of it in this process, to be asked first by who cannot wait; None for most stores.

    Closing either colour closes what both share.
    """

    blocking: KeyValueStore | None
    awaiting: AsyncKeyValueStore | None
    near: "AtHand | None" = None


class AtHand(Protocol):
    """Copies of a store's entries that can be looked at in microseconds, whatever the store is doing."""

    def look(self, key: Key) -> bytes | None:
        """Return the copy under `key`; None says nothing about the store."""
        ...

    @property
    def used_bytes(self) -> int:
        """What the copies weigh."""
        ...
