"""What an opened store is wrapped in, so that one that is away or hangs costs a caller no more than one deadline.

It depends on what the store declares, not on which it is. A store with `inline_reads` reads without waiting for anybody: its reads are
its own, and pay nothing. If it declares `limits.timeout`, as SQLite does, its writes may wait for others, and get a breaker of
their own, because reads that are answered show nothing about them. Every other store gets a breaker; and a deadline, unless
it declares `limits.timeout` and so keeps time itself.
"""

import random
from dataclasses import replace
from typing import Final

from llmcache.drivers.layered import layered
from llmcache.drivers.offload import Offloaded
from llmcache.drivers.worlds import blocking_world
from llmcache.errors import ConfigError
from llmcache.layers.breaking import Breaking
from llmcache.memory.forking import lock_across_forks
from llmcache.model.capabilities import Capabilities
from llmcache.model.units import Seconds
from llmcache.policy.breaker import Breaker
from llmcache.protocols.store_ops import ENTRY_OPS, GetMany
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import Around

DEFAULT_DEADLINE: Final[Seconds] = 5.0
"""For stores that keep no time themselves: what our own stores on files have. Slow and hung look alike from outside."""

_WRITES: Final = ENTRY_OPS - {GetMany}


def guarded(pair: StorePair, around: Around, *, deadline: Seconds | None = None) -> StorePair:
    """Return the store of `pair` with what it needs around it.

    Args:
        pair: As its factory made it.
        around: Time, and who listens.
        deadline: How long a call about entries may take, in seconds; None means what the store itself says, else
            five seconds.

    Raises:
        ConfigError: A deadline is given to a store that has one of its own.
    """
    store = pair.blocking or pair.awaiting
    if store is None:
        raise TypeError("a pair of stores has at least one colour")
    declared = store.capabilities
    if deadline is not None:
        _check_free(store.name, declared)
        pair = _bounded(pair, store.name, deadline, around)
    elif declared.inline_reads:
        return (
            pair
            if declared.limits.timeout is None
            else layered(pair, _breaking(store.name, _WRITES), around, only_writes=True)
        )
    elif declared.limits.timeout is None:
        pair = _bounded(pair, store.name, DEFAULT_DEADLINE, around)
    return layered(pair, _breaking(store.name, ENTRY_OPS), around)


def _breaking(name: str, ops: frozenset[type]) -> Breaking:
    # Chance spreads clients; it guards nothing.
    return Breaking(Breaker(lock_across_forks()), name, random.random, ops)


def _check_free(name: str, declared: Capabilities) -> None:
    own = declared.limits.timeout
    if own is not None:
        raise ConfigError(f"{name} keeps a deadline of its own, {own:g} s; set it in the URL: ?timeout=250ms")


def _bounded(pair: StorePair, name: str, deadline: Seconds, around: Around) -> StorePair:
    from llmcache.drivers.bounding import Bounding  # noqa: PLC0415 -- few stores need it

    def declared(own: Capabilities) -> Capabilities:
        return replace(own, inline_reads=False, limits=replace(own.limits, timeout=deadline))

    # Threads of the pair's own would fill with calls that hang, and the program could not end before they do.
    only_blocks = pair.awaiting is None or isinstance(pair.awaiting, Offloaded)
    blocks = blocking_world(pair.blocking, around) if pair.blocking is not None and only_blocks else None
    bounding = Bounding(name, deadline, blocks)
    return layered(pair, bounding, around, closing=bounding.closing, capabilities=declared)


def written_behind(pair: StorePair, around: Around, max_bytes: int) -> StorePair:
    """Return the store of `pair` written to by a thread, with a backlog of so many bytes.

    Raises:
        ConfigError: The store cannot block, so that no thread could write to it.
    """
    from llmcache.drivers.writing_behind import WritingBehind  # noqa: PLC0415 -- few have it

    if pair.blocking is None:
        raise ConfigError("write_behind needs a store with a blocking colour, and this one can only be awaited")
    behind = WritingBehind(pair.blocking, around, max_bytes)
    return layered(pair, behind, around, closing=behind.closing, capabilities=behind.declared)
