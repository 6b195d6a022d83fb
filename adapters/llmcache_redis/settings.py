"""What a store is opened with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from llmcache.errors import UsageError
from llmcache.model.units import Instant, Seconds
from llmcache.plugins.settings import check_flag, check_names, check_seconds, check_whole
from llmcache_redis.errors import NAME

DEFAULT_TIMEOUT: Final[Seconds] = 0.1
DEFAULT_LOG_TIMEOUT: Final[Seconds] = 2.0
DEFAULT_CONNECTIONS: Final = 64

VECTOR_ERROR: Final = {"native": 1e-6, "native-int8": 0.004}
"""How far a component of a vector at length 1 may be off, by how vector sets keep it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options.

    Args:
        timeout: Longest a call for entries takes, in seconds, connecting and one repetition included. A call of many keys,
            or of many mebibytes, may take that long for each thousand and each mebibyte. A vector that is to be read counts as 4 KiB.
        log_timeout: The same for conversations, and for listing: a lost message is worse than a slow one.
        restricted: Use no SCAN; for servers that forbid it. The store then cannot list itself, and what was cleared is dropped
            when it expires or is evicted.
        max_connections: Most connections to one server, for each colour and event loop; further calls wait.
        vectors: "native" for vector indexes in vector sets of the server, which only Redis 8 has; "native-int8" for the same in a
            fourth of the memory. "" keeps no vectors by itself.
        clock: Tells the time of day. Where it is not `time.time`, entries end by it and not by the server's clock.

    Raises:
        UsageError: A value is of the wrong type or out of range.
    """

    timeout: Seconds = DEFAULT_TIMEOUT
    log_timeout: Seconds = DEFAULT_LOG_TIMEOUT
    restricted: bool = False
    max_connections: int = DEFAULT_CONNECTIONS
    vectors: str = ""
    clock: Callable[[], Instant] = field(default=time.time)

    def __post_init__(self) -> None:
        for name in ("timeout", "log_timeout"):
            check_seconds(NAME, name, getattr(self, name))
        check_flag(NAME, "restricted", self.restricted)
        check_whole(NAME, "max_connections", self.max_connections, 1)
        if self.vectors not in {"", *VECTOR_ERROR}:
            raise UsageError(f"{NAME}: vectors is {' or '.join(VECTOR_ERROR)}, found {self.vectors!r:.40}")

    @property
    def own_clock(self) -> Callable[[], Instant] | None:
        """The clock that entries end by; None where the server's decides."""
        return None if self.clock is time.time else self.clock

    @classmethod
    def of(cls, options: Mapping[str, object], clock: Callable[[], Instant]) -> "Settings":
        """Return the settings that `options` name; UsageError for an unknown name."""
        known = [name for name in cls.__dataclass_fields__ if name != "clock"]
        check_names(NAME, options, known)
        return cls(**options, clock=clock)  # type: ignore[arg-type]  # each value is checked above
