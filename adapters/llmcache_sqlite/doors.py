"""The doors: opening a folder, in one colour or both."""

import time
from collections.abc import Callable
from pathlib import Path

from llmcache.model.units import Instant, Seconds
from llmcache.protocols.whole import StorePair
from llmcache_sqlite.settings import DEFAULT_BYTES, DEFAULT_TIMEOUT, Settings
from llmcache_sqlite.sharing import Handle
from llmcache_sqlite.store import SqliteStore


def open_store(
    folder: Path | str,
    *,
    max_bytes: int = DEFAULT_BYTES,
    timeout: Seconds = DEFAULT_TIMEOUT,
    durable: bool = False,
    network_ok: bool = False,
    clock: Callable[[], Instant] = time.time,
) -> SqliteStore:
    """Open the store in `folder`, blocking; it is made where it is missing, and not written to where it is there.

    Args:
        folder: A folder on a local disk; made with mode 0700 where it is missing.
        max_bytes: Bound of the file, its log and its reserve; at least 1 MiB. The largest body is an eighth of it.
        timeout: Longest a call waits for other threads and processes, in seconds.
        durable: Wait for the disk at every commit, so that a power cut loses no acknowledged write.
        network_ok: Take a folder on a network file system, without the write-ahead log; for one machine at a time.
        clock: Tells the time of day, by which entries expire.

    Raises:
        ConfigError: The folder is a file, or on a network file system.
        UsageError: An option is out of range.
        StoreRefused: There is no store in the folder and none can be made.
        StoreTimeout: Other processes were in the way.
        StoreLimit: The disk is full.
        StoreUnavailable: The file could be neither read nor made.
    """
    settings = Settings(max_bytes=max_bytes, timeout=timeout, durable=durable, network_ok=network_ok, clock=clock)
    return SqliteStore(Handle(folder, settings))


def open_pair(folder: Path | str, *, clock: Callable[[], Instant] = time.time, **options: object) -> StorePair:
    """Open the store in `folder` in both colours; `options` are those of `open_store`, and so are the errors."""
    # Here, because this is what loads asyncio, which a program that only blocks need not pay for.
    from llmcache_sqlite.async_store import AsyncSqliteStore  # noqa: PLC0415 -- see above

    handle = Handle(folder, Settings.of(options, clock))
    return StorePair(SqliteStore(handle), AsyncSqliteStore(handle))
