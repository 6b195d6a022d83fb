"""What a store declares about itself. Nothing is guessed from which methods exist."""

from dataclasses import dataclass, field

from llmcache.model.units import Seconds


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest things a store takes; None means no limit of its own.

    Attributes:
        max_body_bytes: Largest body of an entry or log element.
        max_ttl: Longest time to live, in seconds.
        default_ttl: What no time to live means, in seconds, on a store that keeps nothing for ever.
        max_batch: Most keys in one call of `get_many`, `put_many` or `delete_many`.
        ttl_resolution: An entry may outlive its time to live by at most this many seconds.
        news_delay: Longest until a change is told, in seconds, on a store that declares `news`.
        timeout: Longest a call about one entry takes, in seconds, whatever becomes of the medium: the store itself gives up
            then, by StoreTimeout or StoreUnavailable. None where it may wait without end.
        vector_error: Largest difference between a component of a vector at length 1 and what comes back of it.
    """

    max_body_bytes: int | None = None
    max_ttl: Seconds | None = None
    default_ttl: Seconds | None = None
    max_batch: int | None = None
    ttl_resolution: Seconds = 0.001
    news_delay: Seconds = 0.0
    timeout: Seconds | None = None
    vector_error: float = 1e-6


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do beyond the required minimum, and facts that callers decide by.

    Attributes:
        log: Has the methods of `LogStore`.
        scan: Has the methods of `ScanStore`.
        vectors: Has the methods of `VectorStore`.
        exact_vectors: Its searches leave out nothing that is nearer than what they return.
        news: Has the method of `NewsStore`: it tells of changes that other handles make.
        persistent: What it holds outlives the process.
        shared: Other processes see the same entries.
        inline_reads: `get_many` takes microseconds and waits for nobody, so asyncio code may call the
            blocking colour without leaving the event loop.
        server_makes_room: A server behind it drops what it likes of evictable entries where it is full, by rules of its
            own, what was just put included.
        finds_damage: What it returns of an entry is what was put under that key, to the last bit: it finds damage and bodies under
            another key itself, or its medium can have none. What was damaged is missing.
        limits: The store's own limits.
    """

    log: bool = False
    scan: bool = False
    vectors: bool = False
    exact_vectors: bool = False
    news: bool = False
    persistent: bool = False
    shared: bool = False
    inline_reads: bool = False
    server_makes_room: bool = False
    finds_damage: bool = False
    limits: Limits = field(default_factory=Limits)
