"""Opening the database file: with pragmas of ours, trusting nothing in it."""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import quote

from llmcache.model.units import Seconds
from llmcache_disk.cache import BytesCache
from llmcache_disk.errors import is_busy
from llmcache_disk.place import Place

_PRAGMAS: Final = (
    # No function that a planted view, trigger or index names is run.
    "PRAGMA trusted_schema = OFF",
    # A damaged page is an error and never read as something else. Memory mapping stays off: a file that another process cuts
    # would end this one by a signal.
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -8192",
    "PRAGMA journal_size_limit = 4194304",
)

_PAUSE: Final[Seconds] = 0.005


def connected(place: Place, timeout: Seconds) -> tuple[BytesCache, bool]:
    """Return a cache on the file at `place`, which is made where it is missing, and whether it is read without locks.

    Raises:
        ConfigError, StoreRefused: It must not be opened.
        sqlite3.Error, OSError: It cannot be.
    """
    if place.identity() is None or place.is_writable():
        place.make()
    place.refuse_links()
    if place.is_writable():
        return _opened(place, "mode=rw", timeout), False
    try:
        return _opened(place, "mode=ro", timeout), False
    except sqlite3.OperationalError:
        # Readers need files beside it, which nobody writes now and we cannot make. Whoever reads without locks must look
        # whether that is still so, see `Place.frozen_identity`.
        return _opened(place, "mode=ro&immutable=1", timeout), True


def _opened(place: Place, how: str, timeout: Seconds) -> BytesCache:
    address = f"file:{quote(place.file)}?{how}"
    connection = sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    # Text that is none would be an error of the whole statement; so it is a row that is not ours.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        cache = BytesCache(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if not cache.is_built():
            _patiently(lambda: _build(cache), timeout)
    except BaseException:
        connection.close()
        raise
    return cache


def _build(cache: BytesCache) -> None:
    connection = cache.connection
    # Both are kept in the file, and the first must be set before there is anything in it.
    connection.execute("PRAGMA auto_vacuum = FULL")
    connection.execute("PRAGMA journal_mode = WAL")
    cache.build()


def _patiently(work: Callable[[], None], timeout: Seconds) -> None:
    """Do `work` again while another process that makes the same file is in the way, for at most `timeout`."""
    end = time.monotonic() + timeout
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            # SQLite waits by itself for most locks, and not at all while a file's journal changes its kind.
            if not is_busy(error) or time.monotonic() >= end:
                raise
        time.sleep(_PAUSE)
