"""A flight for flows that are fed with answers by hand."""

from llmcache.model.key import Key
from llmcache.protocols.flights import Ending
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore, Put


class HandFlight:
    """A flight that remembers whether it was abandoned; whatever a driver would do with it fails the test."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.is_over = False

    def abandon(self) -> None:
        """Remember it."""
        self.is_over = True

    def wait(self, longest: float, /) -> bytes | Ending:
        """Never asked here."""
        raise AssertionError("the driver waits")

    async def wait_async(self, longest: float, /) -> bytes | Ending:
        """Never asked here."""
        raise AssertionError("the driver waits")

    def hold(self, lease: Put, store: KeyValueStore, /) -> None:
        """Never asked here."""
        raise AssertionError("the driver holds")

    def hold_async(self, lease: Put, store: AsyncKeyValueStore, /) -> None:
        """Never asked here."""
        raise AssertionError("the driver holds")
