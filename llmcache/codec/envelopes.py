"""How entries stand in a store: what their bodies hold, and what their keys are called.

The one seam between what the flows think in (entries, keys of what was asked) and what a store gets to see. `READABLE`
is the default: readable envelopes under readable names. Nothing else in the house packs or opens a body.
"""

from typing import Protocol

from llmcache.codec import envelope
from llmcache.codec.envelope import Header
from llmcache.model.entry import Entry
from llmcache.model.key import Key


class Envelopes(Protocol):
    """Turns entries into bodies and back, and keys into those that a store sees."""

    def pack(self, entry: Entry, key: Key, /) -> bytes:
        """Return the body of `entry` for keeping under `key`; UsageError where its value is not plain data."""
        ...

    def unpack(self, body: bytes, key: Key, /) -> Entry:
        """Return the entry that was packed into `body` under `key`; DataError, and nothing else, for any other bytes."""
        ...

    def peek(self, body: bytes, key: Key, /) -> Header:
        """Return what `body` says about itself, for tools that list; DataError as `unpack`."""
        ...

    def named(self, key: Key, /) -> Key:
        """Return the key that a store is shown for `key`. It is asked once, where a key is made from what was asked."""
        ...


class Readable:
    """Envelopes as `codec.envelope` writes them, for people to read on the store's own console."""

    pack = staticmethod(envelope.pack)
    unpack = staticmethod(envelope.unpack)

    def peek(self, body: bytes, key: Key) -> Header:
        return envelope.peek(body)

    def named(self, key: Key) -> Key:
        return key


READABLE = Readable()
