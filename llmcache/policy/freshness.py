"""Freshness: whether a found entry may be served now."""

from enum import Enum

from llmcache.model.entry import Entry
from llmcache.model.units import Instant, Seconds


class Freshness(Enum):
    """What the clock says about an entry."""

    FRESH = "fresh"
    STALE = "stale"
    GONE = "gone"


def judge(entry: Entry, now: Instant, max_age: Seconds | None = None) -> Freshness:
    """Return whether `entry` may be served at `now`.

    The store has its own idea of expiry; this one is by the times written inside the entry, so that a store
    that keeps things too long cannot serve them.

    Args:
        max_age: An entry made more than this many seconds before `now` counts as gone; None takes any age.
    """
    if entry.is_gone(now) or (max_age is not None and now - entry.made_at > max_age):
        return Freshness.GONE
    return Freshness.STALE if entry.is_stale(now) else Freshness.FRESH


def is_cleared(entry: Entry, cleared_at: Instant) -> bool:
    """True where a tag of `entry` was cleared at or after the entry was made; a tie counts as cleared."""
    return entry.made_at <= cleared_at
