"""How entries stand in a store: what their bodies hold, and what their keys are called.

The one seam between what the flows think in (entries, keys of what was asked) and what a store gets to see. `READABLE`
is the default: readable envelopes under readable names. Nothing else in the house packs or opens a body.

What has a form of its own, as vectors have, is not an envelope and passes the seam by `wrap` and `unwrap`: a sealed cache
seals it all the same.
"""

from collections.abc import Sequence
from typing import Protocol

from llmcache.codec import envelope
from llmcache.codec.envelope import Header
from llmcache.errors import DataError, DecodeError
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

    def wrap(self, raw: bytes, key: Key, /) -> bytes:
        """Return the body of what is no entry and has a form of its own, for keeping under `key`."""
        ...

    def unwrap(self, body: bytes, key: Key, /) -> bytes:
        """Return what was wrapped into `body` under `key`; where nothing is sealed that is `body`, whatever it holds.

        So the form itself must tell a body that was damaged or lies under another key. DataError, and nothing else, for any
        other bytes.
        """
        ...

    def unwrap_many(self, bodies: Sequence[bytes], keys: Sequence[Key], /) -> tuple[list[bytes], dict[int, DataError]]:
        """Return what `unwrap` returns of bodies, in their order, and what it raises of the others, by their places."""
        ...

    def named(self, key: Key, /) -> Key:
        """Return the key that a store is shown for `key`. It is asked once, where a key is made from what was asked."""
        ...

    def named_many(self, keys: Sequence[Key], /) -> Sequence[Key]:
        """Return for each of keys what `named` returns."""
        ...


class Readable:
    """Envelopes as `codec.envelope` writes them, for people to read on the store's own console."""

    pack = staticmethod(envelope.pack)
    unpack = staticmethod(envelope.unpack)

    def peek(self, body: bytes, key: Key) -> Header:
        return envelope.peek(body)

    def wrap(self, raw: bytes, key: Key) -> bytes:
        return raw

    def unwrap(self, body: bytes, key: Key) -> bytes:
        if type(body) is not bytes:
            raise _no_bytes(body)
        return body

    def unwrap_many(self, bodies: Sequence[bytes], keys: Sequence[Key]) -> tuple[list[bytes], dict[int, DataError]]:
        sound = [body for body in bodies if type(body) is bytes]
        if len(sound) == len(bodies):
            return sound, {}
        return sound, {place: _no_bytes(body) for place, body in enumerate(bodies) if type(body) is not bytes}

    def named(self, key: Key) -> Key:
        return key

    def named_many(self, keys: Sequence[Key]) -> Sequence[Key]:
        return keys


def _no_bytes(found: object) -> DecodeError:
    return DecodeError(f"a body is of type bytes, found {type(found).__name__}")


READABLE = Readable()
