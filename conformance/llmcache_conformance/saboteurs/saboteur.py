"""A saboteur: a store broken in exactly one way, to show that the cases notice.

A case that no saboteur fails proves nothing, and a saboteur that no case catches is a gap in the suite.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llmcache.drivers.offload import Offloaded
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.units import Instant
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import StorePair
from llmcache_conformance.clock import Clock
from llmcache_conformance.subject import Subject

_MAX_BYTES = 1 << 24
_SMALL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Saboteur:
    """One broken store.

    Args:
        store: The class of the broken store; its docstring says what is broken.
        clauses: The clauses that it breaks.
        awaiting: The class of the async colour, where the fault is in that, or where that is one of threads.
        opens_same: Its handles share what they hold.
    """

    store: type[MemoryStore]
    clauses: tuple[str, ...]
    awaiting: type[AsyncMemoryStore] | type[Offloaded[Any]] = AsyncMemoryStore
    opens_same: bool = False

    @property
    def name(self) -> str:
        """The name of the broken class."""
        return (self.awaiting if self.is_broken_awaited else self.store).__name__

    @property
    def is_broken_awaited(self) -> bool:
        """True where the fault is in the async colour alone."""
        return self.awaiting not in (AsyncMemoryStore, Offloaded)

    def subject(self) -> Subject:
        """Return it as a store to check."""
        return Subject(
            self.name,
            lambda clock: self._open(_MAX_BYTES, clock),
            lambda clock: self._open(_SMALL_BYTES, clock),
            self.opens_same,
        )

    def _open(self, max_bytes: int, clock: Clock) -> StorePair:
        blocking = self.store(max_bytes=max_bytes, clock=clock)
        return StorePair(blocking, self.awaiting(blocking))


class Prepared(MemoryStore):
    """Holds something of its own beside the contents."""

    def __init__(
        self, *, max_bytes: int = _MAX_BYTES, max_entries: int = 100_000, clock: Callable[[], Instant] = time.time
    ) -> None:
        super().__init__(max_bytes=max_bytes, max_entries=max_entries, clock=clock)
        self.prepare(max_bytes, max_entries)

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        """Make what it holds, or replace what the store made."""
        raise NotImplementedError


class Rewriting(MemoryStore):
    """Changes what is put before it is put."""

    def rewrite(self, put: Put) -> Put:
        """Return what is kept instead of `put`."""
        raise NotImplementedError

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many([self.rewrite(put) for put in puts])

    def put_if_absent(self, put: Put) -> bool:
        return super().put_if_absent(self.rewrite(put))
