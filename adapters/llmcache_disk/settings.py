"""What a store is opened with."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from llmcache.errors import UsageError
from llmcache.model.units import Instant, Seconds
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
        if isinstance(self.max_bytes, bool) or not isinstance(self.max_bytes, int) or self.max_bytes < MIN_BYTES:
            raise UsageError(f"{NAME}: max_bytes is an integer of at least {MIN_BYTES:,}, found {self.max_bytes!r:.40}")
        is_number = isinstance(self.timeout, int | float) and not isinstance(self.timeout, bool)
        if not is_number or not math.isfinite(self.timeout) or self.timeout <= 0:
            raise UsageError(f"{NAME}: timeout is a positive, finite number of seconds, found {self.timeout!r:.40}")

    @classmethod
    def of(cls, options: Mapping[str, object], clock: Callable[[], Instant]) -> "Settings":
        """Return the settings that `options` name; UsageError for an unknown name."""
        known = [name for name in cls.__dataclass_fields__ if name != "clock"]
        for name in options:
            if name not in known:
                raise UsageError(f"{NAME}: unknown option {name!r:.40}; allowed: {', '.join(known)}")
        return cls(**options, clock=clock)  # type: ignore[arg-type]  # each value is checked above
