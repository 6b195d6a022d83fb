"""What every store must do with entries, in both colours.

The numbers (KV-1 ...) are the clauses of the conformance suite, in `llmcache_conformance.clauses`; each sentence
below is one of them. A store keeps bytes and a time to live. Everything else about an entry (when it was
made, when it goes stale, its tags) is inside the bytes, so the same body means the same in every store
(docs/decisions/0002).

A third party implements one of these classes, or both, with plain methods. Argument names are part of the
contract. A store must not define `__len__`: an empty store would be false, and `if store:` a trap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds


@dataclass(frozen=True, slots=True)
class Put:
    """One body to keep.

    Args:
        key: Where.
        body: Exactly `bytes`.
        ttl: Time to live in seconds from the moment of writing, positive and finite; None means it does not expire,
            or lives for `limits.default_ttl` on a store that keeps nothing for ever.
    """

    key: Key
    body: bytes = field(repr=False)
    ttl: Seconds | None = None


class KeyValueStore(Protocol):
    """Keeps bodies under keys, blocking. All methods are safe to call from several threads at once."""

    @property
    def name(self) -> str:
        """A short name for messages, such as "sqlite"; holds no secret."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this store can do and its limits; does not change while it is open."""
        ...

    def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        """Return one slot per key, in the order of `keys` (KV-1).

        A missing or expired key gives `None`, which no body equals, an empty one included (KV-2). Duplicates are
        answered twice, and no keys give an empty sequence (KV-3). Each slot is read atomically, the set of slots is not.
        A body is returned exactly as it was put, as `bytes` (KV-4).

        Raises:
            StoreUnavailable: No answer arrived; safe to repeat.
            StoreTimeout: The time limit passed.
            StoreLimit: More than `limits.max_batch` keys in one call (KV-23): here, in `put_many` and in `delete_many`
                alike, and nothing is done then.
            ClosedError: The store is closed.
        """
        ...

    def put_many(self, puts: Sequence[Put]) -> None:
        """Keep each body under its key, replacing body and time to live together (KV-5).

        When it returns, every handle on the store reads the new bodies (KV-6). Each put is atomic, the set is not
        (KV-10). Of two puts of one key in a call the later one holds. All puts are checked before the first is written:
        one wrong put and nothing is written (KV-9). An entry is never returned at or after its time to live plus
        `limits.ttl_resolution`, and not dropped before it but to make room (KV-7). A store that makes room
        drops other evictable entries, never one that was just put (KV-19), unless it declares `server_makes_room`. However
        full it is, an entry is there as it was put or missing, and a put that finds no room raises `StoreLimit` and
        changes nothing (KV-26).

        Raises:
            UsageError: A time to live is zero, negative, infinite, NaN, or no number, which a truth value is not (KV-8);
                a body is not `bytes` (KV-17).
            StoreLimit: A body is over `limits.max_body_bytes` (KV-16), a time to live is over `limits.max_ttl` (KV-24), or the
                medium is full.
            StoreUnavailable: Nothing was written; safe to repeat.
            StoreTimeout: The time limit passed; some puts may have been written; safe to repeat.
            StoreRefused: The store is read-only or denies the write.
        """
        ...

    def put_if_absent(self, put: Put) -> bool:
        """Keep the body if the key is missing or expired, and return whether it was kept (KV-11).

        Of any number of concurrent calls for one missing key exactly one returns True. Where the answer is False, the
        present body and time to live are unchanged. Errors as for `put_many`.
        """
        ...

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Make every key missing; a key that is missing already is no error (KV-12)."""
        ...

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        """Delete `key` if its present body equals `body`, in one atomic step; return whether it was deleted (KV-13).

        Raises:
            UsageError: `body` is not `bytes`, even if it equals what is there (KV-25).
        """
        ...

    def clear(self, space: Space) -> None:
        """Make every key of `space` missing, logs included, and touch no other space (KV-14).

        Keys of different namespace, kind or name never meet, whatever characters they contain (KV-15). A put that
        begins after `clear` returned is kept.
        """
        ...

    def close(self) -> None:
        """Give back threads, files and connections; a second call does nothing.

        Every other method raises `ClosedError` from then on (KV-18). Closing either colour closes both (KV-22). Closing one
        handle takes nothing from the others, and what a persistent store holds is there when it is opened again (KV-21).
        """
        ...


class AsyncKeyValueStore(Protocol):
    """The same contract, awaited. Cancelling a call leaves the store before or after it, never half-way (KV-20)."""

    @property
    def name(self) -> str:
        """As in `KeyValueStore`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """As in `KeyValueStore`."""
        ...

    async def get_many(self, keys: Sequence[Key]) -> Sequence[bytes | None]:
        """As in `KeyValueStore`."""
        ...

    async def put_many(self, puts: Sequence[Put]) -> None:
        """As in `KeyValueStore`."""
        ...

    async def put_if_absent(self, put: Put) -> bool:
        """As in `KeyValueStore`."""
        ...

    async def delete_many(self, keys: Sequence[Key]) -> None:
        """As in `KeyValueStore`."""
        ...

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        """As in `KeyValueStore`."""
        ...

    async def clear(self, space: Space) -> None:
        """As in `KeyValueStore`."""
        ...

    async def close(self) -> None:
        """As in `KeyValueStore`."""
        ...
