"""Rows: keeping frames, making room for them, and giving back what has expired; all inside a transaction."""

import time
from collections.abc import Collection
from typing import Final

from llmcache.errors import StoreLimit
from llmcache.model.key import Kind
from llmcache.model.units import Instant
from llmcache_disk.cache import BytesCache
from llmcache_disk.errors import NAME
from llmcache_disk.frames import NEVER

_EVICTED_AT_ONCE: Final = 32
_LOGS: Final = tuple(f":{kind.value}:" for kind in Kind if kind.is_log)
_PURGED_AT_ONCE: Final = 16
"""Expired rows given back by each write, so that none of them ever waits for thousands."""


def keep(cache: BytesCache, row: str, frame: bytes, kind: Kind, deadline: Instant = NEVER) -> None:
    """Keep a frame.

    The deadline inside the frame decides. diskcache is given it too, as seconds from its own now, so that `purge` and people
    with diskcache's tools find what has expired; it never lies before the one inside.
    """
    left = deadline - time.time()
    # A clock that was handed in may lie in diskcache's past; then only the frame knows.
    expire = left if 0 < left < NEVER else None
    cache.set(row, frame, expire=expire, tag=kind.value)


def purge(cache: BytesCache, now: Instant) -> None:
    """Delete some rows whose time is over, a log with its bodies."""
    found = cache.expired(now, _PURGED_AT_ONCE)
    cache.drop([number for number, _ in found])
    for _, row in found:
        if isinstance(row, str) and any(mark in row for mark in _LOGS):
            cache.drop_range(row, row + "$")


def make_room(cache: BytesCache, max_bytes: int, just_put: Collection[str]) -> None:
    """Evict answers and embeddings, those stored longest ago first, until the file is within its bound.

    Raises:
        StoreLimit: Nothing is left to evict but what was just put; the transaction must not be kept.
    """
    while cache.used_bytes() > max_bytes:
        found = cache.oldest(_EVICTED_AT_ONCE + len(just_put))
        victims = [number for number, row in found if row not in just_put][:_EVICTED_AT_ONCE]
        if not victims:
            raise StoreLimit(
                f"{NAME} has no room: beside what must be kept it does not fit into {max_bytes:,} bytes; raise max_bytes"
            )
        cache.drop(victims)
