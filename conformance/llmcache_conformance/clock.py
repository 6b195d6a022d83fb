"""The time of day as a case sees it: one that it sets, so that nothing waits, or a store's own, which must be waited for."""

import time
from collections.abc import Callable

from llmcache.model.units import Instant, Seconds

# A whole number, so that the times to live of cases, added to it, are exact as floats.
BEGIN: Instant = 1_900_000_000.0


class Clock:
    """Tells a time that only `advance` moves; handed to a store as its `clock`."""

    def __init__(self) -> None:
        self._now = BEGIN

    def __call__(self) -> Instant:
        return self._now

    def advance(self, seconds: Seconds) -> None:
        """Let `seconds` pass."""
        self._now += seconds

    def let_pass(self, seconds: Seconds) -> Seconds:
        """Let `seconds` pass and return how many of them must be waited for: none."""
        self.advance(seconds)
        return 0.0


class OwnClock(Clock):
    """The clock of a store that counts time itself, on a server: nobody sets it."""

    def __call__(self) -> Instant:
        return time.time()

    def advance(self, seconds: Seconds) -> None:
        """Raise TypeError: a case that sets the clock says so by `Need.CLOCK` and is not run here."""
        raise TypeError("the store has a clock of its own, which no case can set")

    def let_pass(self, seconds: Seconds) -> Seconds:
        """Return `seconds`: all of them must be waited for."""
        return seconds


def for_store(clock: Clock) -> Callable[[], Instant]:
    """Return what a store is given as `clock`: one that gets the machine's own lets its server count."""
    return time.time if isinstance(clock, OwnClock) else clock
