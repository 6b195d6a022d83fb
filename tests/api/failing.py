"""A store that fails as a test says, under what every opened store is wrapped in, with clocks that a test sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import llmcache
from llmcache.api.counters import Counters
from llmcache.api.guarding import guarded
from llmcache.api.setup import Defaults, Setup
from llmcache.api.telling import Telling
from llmcache.drivers.worlds import Surroundings
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key
from llmcache.model.namespace import Namespace
from llmcache.policy.admission import refusal
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import StorePair

REMOTE = Capabilities(log=True, persistent=True, shared=True, limits=Limits(timeout=0.1))
"""What a store behind a network declares that keeps its deadline itself."""


@dataclass
class Fault:
    """What becomes of each call on the store.

    Attributes:
        error: Raised by every call; None where the store is well.
        takes: Seconds that pass meanwhile.
        spares: So many calls are answered before.
        asked: The calls that reached the store, by method.
        now: The monotonic clock.
    """

    error: Exception | None = None
    takes: float = 0.0
    spares: int = 0
    asked: list[str] = field(default_factory=list)
    now: float = 0.0

    def meet(self, method: str) -> None:
        """Let a call reach the store."""
        self.asked.append(method)
        if self.error is not None and len(self.asked) > self.spares:
            self.now += self.takes
            raise self.error


class Failing(MemoryStore):
    """A store that meets its fault before it does anything; it counts who asks."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self.fault = fault

    @property
    def name(self) -> str:
        return "remote"

    @property
    def capabilities(self) -> Capabilities:
        return REMOTE

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        self.fault.meet("get_many")
        return super().get_many(keys)

    def put_many(self, puts: Sequence[Put]) -> None:
        self.fault.meet("put_many")
        super().put_many(puts)

    def put_if_absent(self, put: Put) -> bool:
        self.fault.meet("put_if_absent")
        return super().put_if_absent(put)

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        self.fault.meet("delete_if_equal")
        return super().delete_if_equal(key, body)

    def append(self, log: Key, bodies: Sequence[bytes], **options: Any) -> int:
        self.fault.meet("append")
        return super().append(log, bodies, **options)

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        self.fault.meet("read_log")
        return super().read_log(log, start, stop)


def cache_on(pair: StorePair, monotonic: Callable[[], float], *, deadline: float | None = None) -> llmcache.Cache:
    """Open a cache on a store, wrapped as `llmcache.open` does it, with a clock of the test's own for durations."""
    counters = Counters()
    around = Surroundings(lambda: 1_000.0, monotonic, Telling(counters, None))
    return llmcache.Cache(
        Setup(
            guarded(pair, around, deadline=deadline), Namespace.of("shop"), None, Defaults(), refusal,
            around.now, monotonic, None, counters,
        )
    )  # fmt: skip


def failing_cache(fault: Fault) -> llmcache.Cache:
    """Open a cache on a failing store of both colours."""
    store = Failing(fault)
    return cache_on(StorePair(store, AsyncMemoryStore(store)), lambda: fault.now)
