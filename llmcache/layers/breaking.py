"""The layer that stops asking a store that fails.

It lies directly over the store. Reads and writes of entries go through it; conversations and listing never do: they raise on their own,
because whoever appends a message must know what became of it.
"""

from collections.abc import Callable

from llmcache.errors import (
    ConflictError,
    DataError,
    StoreLimit,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
    UnsupportedError,
    UsageError,
)
from llmcache.model.event import Event, Happening
from llmcache.policy.breaker import Breaker, Pass, Refused
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.store_ops import ENTRY_OPS, GetMany, digest_of, said
from llmcache.protocols.world_ops import Emit, Monotonic

_ANSWERS = (StoreRefused, StoreLimit, UnsupportedError, DataError, ConflictError)
"""Errors that a store raises which is well and was asked for what it does not do."""


class Breaking:
    """Lets the ops on entries pass while `breaker` says so, and tells it what became of each.

    An op that it refuses raises StoreUnavailable within microseconds: nothing was done, and it is safe to repeat.

    Args:
        breaker: Of this store, for both colours.
        name: The store's, for messages.
        chance: Draws a number from 0 to 1.
        ops: Those that are guarded.
    """

    __slots__ = ("_breaker", "_chance", "_name", "_ops")

    def __init__(
        self, breaker: Breaker, name: str, chance: Callable[[], float], ops: frozenset[type] = ENTRY_OPS
    ) -> None:
        self._breaker = breaker
        self._name = name
        self._chance = chance
        self._ops = ops

    def __call__(self, op: Op[Reply], /) -> Steps[Reply]:
        """Answer `op` from below, or refuse it."""
        return self._guarded(op) if type(op) in self._ops else iter(op)

    def _guarded(self, op: Op[Reply]) -> Steps[Reply]:
        began = yield from Monotonic()
        given = self._breaker.ask(began, reads=_reads(op))
        if isinstance(given, Refused):
            raise StoreUnavailable(self._refusal(op, given))
        if given.is_probe:
            yield from Emit(Event(Happening.BREAKER_PROBED, digest_of(op)))
        try:
            reply: Reply = yield from op
        except _ANSWERS:
            yield from self._answered(given)
            raise
        except UsageError:
            self._breaker.gave_up(given)
            raise
        except Exception as error:
            yield from self._failed(op, given, began, error)
            raise
        except BaseException:
            # Cancelled, or the driver itself was given up: nobody knows how the store is.
            self._breaker.gave_up(given)
            raise
        yield from self._answered(given)
        return reply

    def _answered(self, given: Pass) -> Steps[None]:
        if self._breaker.answered(given):
            yield from Emit(Event(Happening.BREAKER_CLOSED))

    def _failed(self, op: Op[Reply], given: Pass, began: float, error: Exception) -> Steps[None]:
        now = yield from Monotonic()
        is_late, reads = isinstance(error, StoreTimeout), _reads(op)
        if is_late:
            yield from Emit(Event(Happening.TIMED_OUT, digest_of(op), type(op).__name__))
        has_opened = self._breaker.failed(
            given, now, took=now - began, is_late=is_late, reads=reads, chance=self._chance()
        )
        if has_opened:
            yield from Emit(Event(Happening.BREAKER_OPENED, digest_of(op), type(error).__name__))

    def _refusal(self, op: Op[Reply], given: Refused) -> str:
        wait = f"for {given.seconds:.1f} s more" if given.seconds else "until a read has shown that it is back"
        return f"{self._name} was not asked for {said(op)}: it failed before, and is not asked {wait}; nothing was done"


def _reads(op: Op[Reply]) -> bool:
    # A read of nothing is answered without the server, so it must not be what shows that the server is back.
    return isinstance(op, GetMany) and bool(op.keys)
