"""What a store is opened with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from llmcache.model.units import Instant, Seconds
from llmcache.plugins.settings import check_flag, check_names, check_seconds, check_whole
from llmcache_sqlite.errors import NAME
from llmcache_sqlite.room import MIN_BYTES

DEFAULT_BYTES: Final = 2**30
DEFAULT_TIMEOUT: Final[Seconds] = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options.

    Args:
        max_bytes: Bound of the file, its log and the ballast; at least 1 MiB. The largest body is an eighth of it.
        timeout: Longest a call waits for others, in seconds.
        durable: Wait for the disk at every commit: a power cut then loses no acknowledged write. A crash of
            the program loses none either way.
        network_ok: Use a folder on a network file system, without the write-ahead log; for one machine at a time.
        clock: Tells the time of day.

    Raises:
        UsageError: A value is of the wrong type or out of range.
    """

    max_bytes: int = DEFAULT_BYTES
    timeout: Seconds = DEFAULT_TIMEOUT
    durable: bool = False
    network_ok: bool = False
    clock: Callable[[], Instant] = field(default=time.time)

    def __post_init__(self) -> None:
        check_whole(NAME, "max_bytes", self.max_bytes, MIN_BYTES)
        check_seconds(NAME, "timeout", self.timeout)
        for name in ("durable", "network_ok"):
            check_flag(NAME, name, getattr(self, name))

    @classmethod
    def of(cls, options: Mapping[str, object], clock: Callable[[], Instant]) -> "Settings":
        """Return the settings that `options` name; UsageError for an unknown name."""
        known = [name for name in cls.__dataclass_fields__ if name != "clock"]
        check_names(NAME, options, known)
        return cls(**options, clock=clock)  # type: ignore[arg-type]  # each value is checked above
