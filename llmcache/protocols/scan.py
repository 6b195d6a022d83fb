"""What a store that can list itself does: for people who look (`llmcache ls`, `llmcache stats`), not for flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds


@dataclass(frozen=True, slots=True)
class SpaceUse:
    """How full one space is; expired entries are not counted.

    Attributes:
        entries: Entries, or logs for the kind "history".
        body_bytes: Sum of the sizes of their bodies.
    """

    space: Space
    entries: int
    body_bytes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """One key found by a scan.

    Attributes:
        body_bytes: Size of the body; of all bodies of a log together.
        length: Number of bodies: 1 for an entry.
        ttl: Seconds left to live; None means it does not expire.
    """

    key: Key
    body_bytes: int
    length: int
    ttl: Seconds | None


class ScanStore(Protocol):
    """Lists what a store holds, blocking; declared by `capabilities.scan`."""

    def spaces(self) -> Sequence[SpaceUse]:
        """Return every space that holds something, ordered by prefix (SCAN-1)."""
        ...

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        """Return at most `count` keys of `space`, ordered by physical key, beginning behind `after` (SCAN-2).

        Repeating with `after` set to the last key of the answer, until the answer is empty, gives every key that was there
        the whole time exactly once, and ends (SCAN-3). Expired keys are left out (SCAN-4).

        Raises:
            UsageError: `count` is under 1 or no whole number, or `after` is a key of another space (SCAN-5).
        """
        ...


class AsyncScanStore(Protocol):
    """The same contract, awaited."""

    async def spaces(self) -> Sequence[SpaceUse]:
        """As in `ScanStore`."""
        ...

    async def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> Sequence[Listed]:
        """As in `ScanStore`."""
        ...
