"""A time of day that a case sets, so that nothing waits."""

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
