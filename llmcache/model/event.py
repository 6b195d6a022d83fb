"""Events: what happened, for counters, logs and instruments. No prompt, message or secret is ever in one."""

from dataclasses import dataclass
from enum import Enum


class Happening(Enum):
    """The closed set of things that are counted; the value is the counter's name in `stats()`."""

    HIT = "hits"
    MISS = "misses"
    COALESCED = "coalesced"
    EXPIRED = "expired"
    CLEARED = "cleared"
    REFRESHED_EARLY = "refreshed_early"
    REFRESHED_BEHIND = "refreshed_behind"
    REFRESH_FAILED = "refresh_failed"
    SERVED_STALE = "served_stale"
    BYPASSED = "bypassed"
    KEPT = "kept"
    NOT_ADMITTED = "not_admitted"
    NOT_ENCODABLE = "not_encodable"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    STORE_FAILED = "store_failed"
    TIMED_OUT = "timed_out"
    DROPPED = "dropped"
    BREAKER_OPENED = "breaker_opened"
    BREAKER_PROBED = "breaker_probed"
    BREAKER_CLOSED = "breaker_closed"
    EMBEDDING_HIT = "embedding_hits"
    EMBEDDING_MISS = "embedding_misses"
    EMBEDDING_COALESCED = "embedding_coalesced"
    EMBEDDING_UNREADABLE = "embedding_unreadable"
    EMBEDDING_KEPT = "embedding_kept"
    SEMANTIC_HIT = "semantic_hits"
    NEAR_MISS = "semantic_near_misses"
    SEMANTIC_REFUSED = "semantic_refused"
    SEMANTIC_REJECTED = "semantic_rejected"
    SEMANTIC_PROMOTED = "semantic_promoted"
    SEMANTIC_FAILED = "semantic_failed"
    NEAR_HIT = "near_hits"
    NEAR_DROPPED = "near_dropped"
    NEAR_DEAF = "near_deaf"

    # Members are single objects, and Enum's own hash is written in Python: each event is counted under one.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Event:
    """One happening.

    Attributes:
        what: Which.
        key: A key's digest (at most 12 characters), or "" where there is none.
        detail: The class of an error or the reason of a refusal; never content.
        input_tokens: For a hit or a shared call, prompt tokens that were not paid again.
        output_tokens: Likewise, answer tokens that were not paid again.
        seconds: Likewise, the time the saved call had taken.
        count: How many times it happened: of embeddings, a batch is told at once.
    """

    what: Happening
    key: str = ""
    detail: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    count: int = 1


@dataclass(frozen=True, slots=True)
class OpDone:
    """One store op was done or failed.

    Attributes:
        op: The op's name, such as "GetMany".
        seconds: How long it took.
        error: The class of what it raised, or "" where it succeeded.
    """

    op: str
    seconds: float
    error: str = ""


Told = Event | OpDone
"""Everything a listener is told."""
