"""What a store is opened with."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from llmcache.errors import UsageError
from llmcache.model.units import Instant, Seconds
from llmcache_redis.errors import NAME

DEFAULT_TIMEOUT: Final[Seconds] = 0.1
DEFAULT_LOG_TIMEOUT: Final[Seconds] = 2.0
DEFAULT_CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options.

    Args:
        timeout: Longest a call for entries takes, in seconds, connecting and one repetition included. A call of many keys,
            or of many mebibytes, may take that long for each thousand and each mebibyte.
        log_timeout: The same for conversations, and for listing: a lost message is worse than a slow one.
        restricted: Use no SCAN; for servers that forbid it. The store then cannot list itself, and what was cleared is dropped
            when it expires or is evicted.
        max_connections: Most connections to one server, for each colour and event loop; further calls wait.
        clock: Tells the time of day. Where it is not `time.time`, entries end by it and not by the server's clock.

    Raises:
        UsageError: A value is of the wrong type or out of range.
    """

    timeout: Seconds = DEFAULT_TIMEOUT
    log_timeout: Seconds = DEFAULT_LOG_TIMEOUT
    restricted: bool = False
    max_connections: int = DEFAULT_CONNECTIONS
    clock: Callable[[], Instant] = field(default=time.time)

    def __post_init__(self) -> None:
        for name in ("timeout", "log_timeout"):
            value = getattr(self, name)
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not math.isfinite(value) or value <= 0:
                raise UsageError(f"{NAME}: {name} is a positive, finite number of seconds, found {value!r:.40}")
        if not isinstance(self.restricted, bool):
            raise UsageError(f"{NAME}: restricted is True or False, found {type(self.restricted).__name__}")
        most = self.max_connections
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise UsageError(f"{NAME}: max_connections is an integer of at least 1, found {most!r:.40}")

    @property
    def own_clock(self) -> Callable[[], Instant] | None:
        """The clock that entries end by; None where the server's decides."""
        return None if self.clock is time.time else self.clock

    @classmethod
    def of(cls, options: Mapping[str, object], clock: Callable[[], Instant]) -> "Settings":
        """Return the settings that `options` name; UsageError for an unknown name."""
        known = [name for name in cls.__dataclass_fields__ if name != "clock"]
        for name in options:
            if name not in known:
                raise UsageError(f"{NAME}: unknown option {name!r:.40}; allowed: {', '.join(known)}")
        return cls(**options, clock=clock)  # type: ignore[arg-type]  # each value is checked above
