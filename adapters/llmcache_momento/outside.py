"""What this process remembers of bodies that lie beside the list of their log: until when they certainly live.

Of a log without such bodies the same is remembered: one that another process writes later lives longer. So whether a log
has any is asked once in a while, not at every append.
"""

from collections.abc import Callable
from typing import Final

from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache_momento.layout import MAX_TTL

_MOST_REMEMBERED: Final = 10_000


class OutsideBodies:
    """For each log, until when all its bodies outside its list live, if it has any.

    Args:
        clock: Tells the time of day.
    """

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._live_until: dict[Key, Instant] = {}

    def now(self) -> Instant:
        """Return the time of day."""
        return self._clock()

    def may_go_before(self, log: Key, life: Seconds) -> bool:
        """True where one may be gone before a log that is written now and lives for `life`."""
        now = self._clock()
        # A life that seems longer than any means that the clock was set back.
        return not now + life <= self._live_until.get(log, 0.0) <= now + MAX_TTL

    def lengthened(self, log: Key, since: Instant) -> None:
        """Remember that all there are live their whole time from `since` on."""
        if len(self._live_until) > _MOST_REMEMBERED:
            self._live_until.clear()
        self._live_until[log] = since + MAX_TTL

    def forget(self, log: Key) -> None:
        """Remember nothing of this log."""
        self._live_until.pop(log, None)
