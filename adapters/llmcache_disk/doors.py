"""The doors: opening a folder, in one colour or both."""

import time
from collections.abc import Callable
from pathlib import Path

from llmcache.model.units import Instant, Seconds
from llmcache.protocols.whole import StorePair
from llmcache_disk.engine import Engine
from llmcache_disk.place import Place
from llmcache_disk.settings import DEFAULT_BYTES, DEFAULT_TIMEOUT, Settings
from llmcache_disk.store import DiskStore

# Calls wait for one of two locks, so more threads than these would only wait in another place.
_THREADS = 4


def open_store(
    folder: Path | str,
    *,
    max_bytes: int = DEFAULT_BYTES,
    timeout: Seconds = DEFAULT_TIMEOUT,
    clock: Callable[[], Instant] = time.time,
) -> DiskStore:
    """Open the store in `folder`, blocking; it is made where it is missing, and not written to where it is there.

    Args:
        folder: A folder on a local disk, of its own; made with mode 0700 where it is missing.
        max_bytes: Bound of the database file; at least 1 MiB. The largest body is an eighth of it. The write-ahead log,
            some MiB, comes on top.
        timeout: Longest a call waits for other processes, in seconds.
        clock: Tells the time of day, by which entries expire.

    Raises:
        ConfigError: The folder is a file, or holds a diskcache of another program.
        UsageError: An option is out of range.
        StoreRefused: It cannot be made, is damaged, or one of its files is a link.
        StoreTimeout: Another process held the lock.
        StoreLimit: The disk is full.
        StoreUnavailable: The file could be neither read nor made.
    """
    return _opened(folder, Settings(max_bytes=max_bytes, timeout=timeout, clock=clock))


def open_pair(folder: Path | str, *, clock: Callable[[], Instant] = time.time, **options: object) -> StorePair:
    """Open the store in `folder` in both colours; `options` are those of `open_store`, and so are the errors.

    The async colour runs the blocking one in threads.
    """
    # Here, because this is what loads asyncio, which a program that only blocks need not pay for.
    from llmcache.drivers.offload import Offloaded  # noqa: PLC0415 -- see above

    blocking = _opened(folder, Settings.of(options, clock))
    return StorePair(blocking, Offloaded(blocking, threads=_THREADS))


def _opened(folder: Path | str, settings: Settings) -> DiskStore:
    return DiskStore(Engine(Place.at(folder), settings.timeout), settings)
