"""What the blocking and the async twin of one open cache share."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias, cast

from llmcache.api.counters import Counters, Stats
from llmcache.api.decoded import Decoded
from llmcache.api.telling import Telling
from llmcache.codec.envelopes import Envelopes
from llmcache.drivers.aio import AwaitingWorld
from llmcache.drivers.background import LocalBackground
from llmcache.drivers.blocking import BlockingWorld
from llmcache.drivers.drawing import draw
from llmcache.drivers.worlds import Surroundings, awaiting_world, blocking_world, close_blocking, in_both_colours
from llmcache.errors import UnsupportedError, UsageError
from llmcache.flows.responses import Admit
from llmcache.layers.observing import observing
from llmcache.memory.flights import LocalFlights
from llmcache.model.capabilities import Capabilities
from llmcache.model.embedder import Precision
from llmcache.model.event import Told
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.options import Coalesce, Options
from llmcache.model.units import Instant, Seconds, Share
from llmcache.policy.freshness import AGELESS, Aging
from llmcache.protocols.key_value import AsyncKeyValueStore
from llmcache.protocols.steps import R, Steps, through
from llmcache.protocols.whole import Store, StorePair

Tenant: TypeAlias = ContextVar[str] | Callable[[], str]
"""Tells the tenant of the running call; its answer becomes the last part of the namespace."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where a call says nothing.

    Attributes:
        ttl: Time to live of answers, in seconds; None means they do not expire.
        aging: How they age beside that.
        background_refresh: True where who refreshes an answer early does not wait for the new one.
        tag_models: True where answers carry a tag with the name of their model.
        history_ttl: Time to live of a conversation from its last append, in seconds; None means it does not expire.
        max_messages: Most messages a conversation keeps, the oldest dropped first; None means all.
        sliding: False where the time to live of a conversation counts from its first append, not from its last.
        coalesce: With whom a call that is under way is shared.
        embedding_ttl: Time to live of vectors, in seconds; None means they do not expire.
        embedding_precision: How exactly vectors are kept.
        similarity: As in `policy.similarity.Thresholds`, like the next; None means its default.
        margin: Likewise.
    """

    ttl: Seconds | None = None
    aging: Aging = AGELESS
    background_refresh: bool = False
    tag_models: bool = False
    history_ttl: Seconds | None = None
    max_messages: int | None = None
    sliding: bool = True
    coalesce: Coalesce = "process"
    embedding_ttl: Seconds | None = None
    embedding_precision: Precision = "float32"
    similarity: Share | None = None
    margin: Share | None = None


@dataclass(frozen=True)
class Setup:
    """An opened store pair with everything the products need beside it.

    A store that only blocks gets its async colour here, so that whoever replaces other fields shares its threads.

    Attributes:
        pair: The store of every kind that has no store of its own.
        others: The stores of kinds that have one.
        flights: The calls that are under way.
        background: What is done behind the callers' backs.
        chance: Draws a number from 0 to 1.
    """

    pair: StorePair
    namespace: Namespace
    tenant: Tenant | None
    defaults: Defaults
    admit: Admit
    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    listener: Callable[[Told], None] | None
    counters: Counters = field(default_factory=Counters)
    decoded: Decoded = field(default_factory=Decoded)
    others: Mapping[Kind, StorePair] = field(default_factory=dict)
    flights: LocalFlights = field(default_factory=LocalFlights)
    background: LocalBackground = field(default_factory=LocalBackground)
    chance: Callable[[], float] = draw

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair", in_both_colours(self.pair))
        pairs = {id(pair): in_both_colours(pair) for pair in self.others.values()}
        object.__setattr__(self, "others", {kind: pairs[id(pair)] for kind, pair in self.others.items()})

    def of(self, kind: Kind) -> "Setup":
        """Return the setup whose store keeps `kind`; everything else about it is the same, its counters included."""
        return self._by_kind.get(kind, self)

    @cached_property
    def _by_kind(self) -> "dict[Kind, Setup]":
        # Two kinds that share a store share a setup, so that it is listed, weighed and closed once.
        setups = {id(pair): replace(self, pair=pair, others={}) for pair in self.others.values()}
        return {kind: setups[id(pair)] for kind, pair in self.others.items()}

    @cached_property
    def with_vectors(self) -> "Setup":
        """The same setup on a store that keeps vectors; PluginError where numpy is missing.

        UnsupportedError comes with the first use, where the store keeps no logs either.
        """
        from llmcache.drivers.indexed import indexed  # noqa: PLC0415 -- few caches keep vectors

        return replace(self, pair=indexed(self.pair, self._around, envelopes=self.envelopes), others={})

    @cached_property
    def with_approximate_vectors(self) -> "Setup":
        """As `with_vectors`, where searches may leave something out; what this process knows of an index is its own."""
        from llmcache.drivers.indexed import CELLS_FROM, indexed  # noqa: PLC0415 -- as above

        pair = indexed(self.pair, self._around, envelopes=self.envelopes, cells_from=CELLS_FROM)
        return replace(self, pair=pair, others={})

    @cached_property
    def all(self) -> "tuple[Setup, ...]":
        """One setup for each open store, the main one first."""
        return (self, *{id(setup): setup for setup in self._by_kind.values()}.values())

    def namespace_for(self, wishes: Options) -> Namespace:
        """Return the namespace of a call: the cache's own, then the tenant, then the option's path.

        Raises:
            UsageError: No tenant is set in this context.
        """
        namespace = self.namespace
        if self.tenant is not None:
            namespace = namespace.child((read_tenant(self.tenant),))
        return namespace if wishes.namespace is None else namespace.child(wishes.namespace)

    def space(self, kind: Kind, wishes: Options) -> Space:
        """Return the space of `kind` for a call."""
        return Space(self.namespace_for(wishes), kind)

    @property
    def envelopes(self) -> Envelopes:
        """How entries stand in the stores."""
        return self.decoded.envelopes

    @property
    def store_name(self) -> str:
        """What the store calls itself."""
        return cast(Store, self.pair.blocking or self.pair.awaiting).name

    @property
    def capabilities(self) -> Capabilities:
        """What the store declares."""
        return cast(Store, self.pair.blocking or self.pair.awaiting).capabilities

    @cached_property
    def blocking_world(self) -> BlockingWorld:
        """The world for the blocking driver; UnsupportedError where the store cannot block."""
        if self.pair.blocking is None:
            raise UnsupportedError(f"the {self.store_name} store has no blocking colour; use open_async() and await it")
        return blocking_world(self.pair.blocking, self._around)

    @cached_property
    def awaiting_world(self) -> AwaitingWorld:
        """The world for the async driver; a store that can only block runs in threads."""
        return awaiting_world(cast(AsyncKeyValueStore, self.pair.awaiting), self._around)

    @property
    def _around(self) -> Surroundings:
        return Surroundings(self.now, self.monotonic, self.tell, self.flights, self.background)

    def stats(self) -> Stats:
        """Return what was counted, and what the near tiers hold."""
        near = [setup.pair.near.used_bytes for setup in self.all if setup.pair.near is not None]
        return replace(self.counters.stats(), near_bytes=sum(near))

    def close(self) -> None:
        """Close every store in both colours, blocking; one without a blocking colour must be closed by awaiting."""
        with ExitStack() as closing:  # all are closed, whatever one of them raises
            for pair in (self.pair, *self.others.values()):
                closing.callback(close_blocking, pair)
            # The last one in is the first one done: work that still runs needs its leases, and those the store.
            closing.callback(self.flights.leases.close)
            closing.callback(self.background.close)

    def observed(self, steps: Steps[R]) -> Steps[R]:
        """Return `steps` under the layers that this cache was opened with."""
        return steps if self.listener is None else through(observing, steps)

    @cached_property
    def tell(self) -> Telling:
        """Counts an event and passes it to the listener."""
        return Telling(self.counters, self.listener)


def read_tenant(tenant: Tenant) -> str:
    """Return the tenant of the running call; UsageError where none is set, because tenants must never share."""
    try:
        name = tenant.get() if isinstance(tenant, ContextVar) else tenant()
    except LookupError as error:
        raise UsageError("no tenant is set in this context; set the context variable before using the cache") from error
    if not isinstance(name, str) or not name:
        raise UsageError(f"the tenant is a non-empty text, found {type(name).__name__}")
    return name
