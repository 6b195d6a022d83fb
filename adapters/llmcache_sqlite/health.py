"""What happened to the store, for people who look."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """Counts since this process opened the store, and sizes as they are now.

    Attributes:
        evicted: Entries dropped to make room.
        purged: Expired entries and logs deleted.
        damaged: Bodies that did not match their checksum; each was answered as missing, or as an error in a log.
        set_aside: Files that could not be used and were set aside.
        full: Times the disk was full.
        set_aside_files: Names of files set aside that are there now, by this process or others, oldest first.
        file_bytes: Size of the main file.
        log_bytes: Size of the write-ahead log.
        max_bytes: The bound.
    """

    evicted: int
    purged: int
    damaged: int
    set_aside: int
    full: int
    set_aside_files: tuple[str, ...]
    file_bytes: int
    log_bytes: int
    max_bytes: int


class Tally:
    """The running counts. Each but `damaged` is changed only by the one thread that writes or mends."""

    __slots__ = ("_lock", "damaged", "evicted", "full", "purged", "set_aside")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.damaged = self.evicted = self.full = self.purged = self.set_aside = 0

    def found_damage(self) -> None:
        """Count a body that did not match its checksum; any thread may."""
        with self._lock:
            self.damaged += 1

    def renew_lock(self) -> None:
        """Start anew in a child process, where another thread may have held the lock for ever."""
        self._lock = threading.RLock()
