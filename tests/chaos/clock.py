"""A time of day that all processes share and that somebody can set: eight bytes of a file, added to the real one."""

import mmap
import struct
import time
from pathlib import Path

from llmcache.model.units import Instant, Seconds

_OFFSET = struct.Struct("<d")


class SharedClock:
    """Tells the time of day by the offset in a file, which is made where it is missing."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_OFFSET.pack(0.0))
        with path.open("r+b") as file:
            self._held = mmap.mmap(file.fileno(), _OFFSET.size)

    def __call__(self) -> Instant:
        return time.time() + self._offset()

    def jump(self, seconds: Seconds) -> None:
        """Set the time of day forward, or back."""
        self._held[:] = _OFFSET.pack(self._offset() + seconds)

    def _offset(self) -> Seconds:
        offset: Seconds = _OFFSET.unpack_from(self._held)[0]
        return offset
