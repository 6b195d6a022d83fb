"""How long one operation may take, all its rounds and pauses together."""

import random
import time
from typing import Final

from llmcache.model.units import Seconds
from llmcache_momento.errors import Failure

_FIRST_PAUSE: Final[Seconds] = 0.05
_MOST_PAUSES: Final = 4


class Budget:
    """The time one operation has left.

    Args:
        seconds: Altogether.
    """

    __slots__ = ("_end", "_pauses", "_share")

    def __init__(self, seconds: Seconds) -> None:
        self._end = time.monotonic() + seconds
        self._share = share_of(seconds)
        self._pauses = 0

    def left(self) -> Seconds:
        """Return the seconds left, at least a millisecond: a call that cannot end in time says so itself."""
        return max(self._end - time.monotonic(), 0.001)

    def has_share(self, after: Seconds = 0.0) -> bool:
        """True where a call of the SDK that begins after so long ends within the budget, whatever becomes of it."""
        return time.monotonic() + after + self._share <= self._end

    def pause(self, failure: Failure, *, is_for_sdk: bool = False) -> Seconds | None:
        """Return how long to wait before the call that failed is tried again; None where it is not to be.

        Over the rate of calls it is worth to wait for some time; any other failure is passing, or is not, after a moment.
        Pauses double, and are drawn at random below that, so that callers who were refused together do not come back together.
        """
        most = _MOST_PAUSES if failure.is_throttled else 1
        if not failure.may_pass or self._pauses >= most:
            return None
        longest = _FIRST_PAUSE * 2**self._pauses
        self._pauses += 1
        chosen = longest * (0.5 + random.random() / 2)  # noqa: S311 -- spreads callers; guards nothing
        if is_for_sdk:
            return chosen if self.has_share(chosen) else None
        return chosen if time.monotonic() + chosen < self._end else None


def share_of(timeout: Seconds) -> Seconds:
    """Return the time limit of one call of the SDK, which is the same for all of a client's calls.

    Half of an operation's, so that a call that must be made again, or asked about after its answer was lost, ends in time.
    """
    return timeout / 2
