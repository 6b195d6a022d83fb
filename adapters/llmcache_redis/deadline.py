"""The one deadline of a call, connecting included."""

import time

from llmcache.model.units import Seconds


class Deadline:
    """The moment, on the monotonic clock, when a call gives up."""

    __slots__ = ("at",)

    def __init__(self, timeout: Seconds) -> None:
        self.at = time.monotonic() + timeout

    def left(self) -> Seconds:
        """Return how many seconds are left; 0 when none are."""
        return max(0.0, self.at - time.monotonic())
