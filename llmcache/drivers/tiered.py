"""A near tier before a store."""

from collections.abc import Callable
from dataclasses import replace

from llmcache.drivers.layered import layered
from llmcache.layers.tiered import Tiered
from llmcache.memory.near import NearTier
from llmcache.model.capabilities import Capabilities
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import Around


def tiered(pair: StorePair, around: Around, *, max_bytes: int, ttl: Seconds, clock: Callable[[], float]) -> StorePair:
    """Return the store of `pair` with copies of its answers and embeddings in the memory of this process.

    Put it outside of every other layer: a copy at hand is served whatever those are doing.

    Args:
        pair: The store to wrap; what is returned is what has to be closed from then on.
        around: Who listens.
        max_bytes: Most memory that the copies take.
        ttl: Longest that a copy is used, in seconds.
        clock: Tells seconds on a clock that never jumps, by which copies age.
    """
    near = NearTier(max_bytes=max_bytes, ttl=ttl, clock=clock, tell=around.emit)
    layer = Tiered(near, watches=_declared(pair).news)

    def aged(own: Capabilities) -> Capabilities:
        # What is read from the store says nothing about how long it has left to live.
        return replace(own, limits=replace(own.limits, ttl_resolution=own.limits.ttl_resolution + ttl))

    return replace(layered(pair, layer, around, closing=layer.closing, capabilities=aged), near=near)


def _declared(pair: StorePair) -> Capabilities:
    store: KeyValueStore = pair.blocking or pair.awaiting  # type: ignore[assignment]  # the attribute is the same in both
    return store.capabilities
