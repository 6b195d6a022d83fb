"""What a store does with logs: ordered sequences of bodies, for conversations.

A log lives under a `Key` of its own (kind "history"), apart from entries: a log and an entry never share a key
(LOG-12).
The numbers (LOG-1 ...) are clauses of the conformance suite. Unlike entries, logs are never dropped to make room.
"""

from collections.abc import Sequence
from typing import Protocol

from llmcache.model.key import Key
from llmcache.model.units import Seconds


class LogStore(Protocol):
    """Keeps logs, blocking; declared by `capabilities.log`."""

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        """Add `bodies` at the end, in order, all or none (LOG-1), and return the length afterwards (LOG-2).

        The bodies of one call stay adjacent, whatever other writers do, and the calls of one writer keep their order;
        no acknowledged body is lost (LOG-3). With `max_length` the oldest bodies beyond it are dropped in the same atomic
        step: no reader ever sees a longer log (LOG-4). `ttl` is the time to live of the whole log from now on, None meaning
        it does not expire: each append starts it anew (LOG-5). An append of no bodies changes nothing and returns the length
        (LOG-10). It takes time by the number of `bodies`, not by the length of the log.

        Args:
            max_length: At least 1, or None for no cap.

        Raises:
            UsageError: A body is not `bytes`; `max_length` is under 1; `ttl` is not positive and finite (LOG-11).
            StoreLimit: A body is over `limits.max_body_bytes`, or the medium is full; nothing was appended (LOG-11).
            StoreUnavailable: Nothing was appended; safe to repeat.
            StoreTimeout: It may have been appended once, and never more than once; reread before repeating.
        """
        ...

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> Sequence[bytes]:
        """Return the bodies of `log[start:stop]`, oldest first, with the meaning of a Python slice (LOG-6).

        Negative numbers count from the end: `read_log(log, -20)` is the last twenty. The slice is one atomic
        snapshot (LOG-9). A missing or expired log is empty (LOG-7). Bodies outside the slice are not read.
        """
        ...

    def log_length(self, log: Key) -> int:
        """Return how many bodies the log has; 0 where it is missing or expired (LOG-7)."""
        ...

    def delete_log(self, log: Key) -> None:
        """Drop the whole log in one atomic step; a missing log is no error (LOG-8)."""
        ...


class AsyncLogStore(Protocol):
    """The same contract, awaited. Cancelling an append leaves all of its bodies or none (KV-20)."""

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        """As in `LogStore`."""
        ...

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> Sequence[bytes]:
        """As in `LogStore`."""
        ...

    async def log_length(self, log: Key) -> int:
        """As in `LogStore`."""
        ...

    async def delete_log(self, log: Key) -> None:
        """As in `LogStore`."""
        ...
