"""What a store is opened with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from llmcache.model.units import Instant, Seconds
from llmcache.plugins.settings import check_names, check_seconds, check_whole
from llmcache_disk.errors import NAME

MIN_BYTES: Final = 2**20
DEFAULT_BYTES: Final = 2**30
DEFAULT_TIMEOUT: Final[Seconds] = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked options; see `open_store`.

    Raises:
        UsageError: A value is of the wrong type or out of range.
    """

    max_bytes: int = DEFAULT_BYTES
    timeout: Seconds = DEFAULT_TIMEOUT
    clock: Callable[[], Instant] = field(default=time.time)

    def __post_init__(self) -> None:
        check_whole(NAME, "max_bytes", self.max_bytes, MIN_BYTES)
        check_seconds(NAME, "timeout", self.timeout)

    @classmethod
    def of(cls, options: Mapping[str, object], clock: Callable[[], Instant]) -> "Settings":
        """Return the settings that `options` name; UsageError for an unknown name."""
        known = [name for name in cls.__dataclass_fields__ if name != "clock"]
        check_names(NAME, options, known)
        return cls(**options, clock=clock)  # type: ignore[arg-type]  # each value is checked above
