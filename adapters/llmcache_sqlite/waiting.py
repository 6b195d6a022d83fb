"""Waiting for a lock that another process holds: bounded, and fair.

SQLite's own busy handler waits 1, 2, 5 ... 100 ms between its attempts, so that whoever waited longest asks least often:
beside four busy writers it was seen to lose for seconds. Here every waiter asks about once a millisecond.
"""

import random
import time
from typing import Final

from llmcache.model.units import Seconds

_LEAST: Final = 0.0005
_MOST: Final = 0.0015


class Deadline:
    """The moment, on the monotonic clock, when waiting ends."""

    __slots__ = ("at",)

    def __init__(self, timeout: Seconds) -> None:
        self.at = time.monotonic() + timeout

    def left(self) -> Seconds:
        """Return how long there is to wait; 0 when it has passed."""
        return max(0.0, self.at - time.monotonic())

    def pause(self) -> bool:
        """Sleep until the next attempt; return False where there is none, because the time has passed."""
        left = self.left()
        if left <= 0.0:
            return False
        # Random, so that two waiters do not keep meeting.
        time.sleep(min(left, random.uniform(_LEAST, _MOST)))  # noqa: S311 -- not for secrets
        return True
