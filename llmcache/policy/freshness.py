"""Freshness: how long an answer lives, whether a found one may be served now, and who asks for a new one before it ends.

The end of an answer's life is soft: from `stale_at` on, whoever meets it may be the one that asks anew, while the others get
what is kept. Within a process an election sees to it that one does. Processes do not see each other, so each look-up
draws a number first. The chance rises exponentially over the first half of the soft time, from one in 400 to certainty: where
many ask, the first that wins has its answer kept before the chance of the others is worth speaking of; where few ask, the
second half is certain. That the best shape is exponential is shown by Vattani, Chierichetti and Lowenstein ("Optimal
Probabilistic Cache Stampede Prevention", 2015); their own rule, XFetch, begins a few calls before the end, which is too late
where few ask (docs/decisions/0017).
"""

import math
from dataclasses import dataclass, replace
from enum import Enum

from llmcache.model.entry import Entry
from llmcache.model.units import Instant, Seconds, Share

_CALLS_AHEAD = 2.0
_MOST_SOFT = 0.5
_CERTAIN_FROM = 0.5
_STEEP = 12.0


class Freshness(Enum):
    """What the clock says about an entry."""

    FRESH = "fresh"
    STALE = "stale"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Aging:
    """How answers age, beside their time to live.

    Attributes:
        early_refresh: Share of a life, at its end, in which one caller asks anew.
        jitter: Share of its time to live by which a life is shortened at most, so that answers made together do not end together.
        stale_if_error: How long an answer is kept beyond its end, for when the model fails.
    """

    early_refresh: Share = 0.0
    jitter: Share = 0.0
    stale_if_error: Seconds = 0.0

    def within(self, ttl: Seconds | None, max_ttl: Seconds | None) -> "Aging":
        """Return the same for a store that keeps nothing longer than `max_ttl`: what it can of the time beyond the end."""
        if ttl is None or max_ttl is None or ttl + self.stale_if_error <= max_ttl:
            return self
        return replace(self, stale_if_error=max(0.0, max_ttl - ttl))


AGELESS = Aging()
"""Answers live as long as their time to live says, and no longer."""


@dataclass(frozen=True, slots=True)
class Life:
    """The times of one answer that is kept.

    Attributes:
        stale_at: As in `Entry`.
        expires_at: As in `Entry`.
        kept_for: The time to live that the store is told, in seconds; None means for ever.
    """

    stale_at: Instant | None = None
    expires_at: Instant | None = None
    kept_for: Seconds | None = None


FOR_EVER = Life()


def life(made_at: Instant, ttl: Seconds | None, aging: Aging, chance: float, took: Seconds | None) -> Life:
    """Return the times of an answer that is made now.

    Args:
        ttl: The longest it may be served, in seconds; None means for ever, and then nothing else has an effect.
        chance: From 0 to 1, drawn anew for each answer: how much of the jitter it takes.
        took: How long the call took that made it; the soft time is two calls at least, so that a new answer is there before the
            old one ends. It is half of the life at most.
    """
    if ttl is None:
        return FOR_EVER
    length = ttl * (1.0 - aging.jitter * chance)
    expires_at = made_at + length
    stale_at = None
    if aging.early_refresh:
        soft = max(aging.early_refresh * length, _CALLS_AHEAD * (took or 0.0))
        stale_at = expires_at - min(soft, max(aging.early_refresh, _MOST_SOFT) * length)
    return Life(stale_at, expires_at, length + aging.stale_if_error)


def judge(entry: Entry, now: Instant, max_age: Seconds | None = None) -> Freshness:
    """Return whether `entry` may be served at `now`.

    The store has its own idea of expiry; this one is by the times written inside the entry, so that a store
    that keeps things too long cannot serve them.

    Args:
        max_age: An entry made more than this many seconds before `now` counts as gone; None takes any age.
    """
    if entry.is_gone(now) or is_too_old(entry, now, max_age):
        return Freshness.GONE
    return Freshness.STALE if entry.is_stale(now) else Freshness.FRESH


def is_too_old(entry: Entry, now: Instant, max_age: Seconds | None) -> bool:
    """True where `entry` was made more than `max_age` seconds before `now`; None takes any age."""
    return max_age is not None and now - entry.made_at > max_age


def is_due(entry: Entry, now: Instant, chance: float) -> bool:
    """True where the one who looks should ask for a new answer, although this one may still be served.

    Args:
        chance: From 0 to 1, drawn anew for each look-up. Small ones ask early; from the middle of the soft time on all do.
    """
    if entry.stale_at is None or now < entry.stale_at:
        return False
    if entry.expires_at is None or entry.expires_at <= entry.stale_at:
        return True
    passed = (now - entry.stale_at) / (entry.expires_at - entry.stale_at)
    return passed >= _CERTAIN_FROM or chance <= math.exp(-_STEEP * (_CERTAIN_FROM - passed))


def may_stand_in(entry: Entry, now: Instant, max_age: Seconds | None, stale_if_error: Seconds) -> bool:
    """True where `entry` may be served at `now` because the model failed: up to `stale_if_error` seconds beyond its end.

    An entry older than `max_age` never may.
    """
    if is_too_old(entry, now, max_age):
        return False
    return entry.expires_at is None or now < entry.expires_at + stale_if_error
