"""Listing what a store holds, in the order of physical keys."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from llmcache.errors import UsageError
from llmcache.model.key import KEY_FORMAT, Key, Space
from llmcache.model.units import Instant
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_disk.cache import BytesCache
from llmcache_disk.frames import HEAD_BYTES, NEVER, DamagedError, deadline_of
from llmcache_disk.logs import BEHIND, SEPARATOR

_PAGE: Final = 100
_MOST_BODIES: Final = 2**40


def scan(cache: BytesCache, space: Space, after: str, count: int, now: Instant) -> list[Listed]:
    """Return at most `count` keys of `space` behind the row `after`, or from the first where it is ""."""
    found = _alive(cache, after or space.prefix, end_of(space), now)
    return [listed for _, listed in zip(range(count), found, strict=False)]


def spaces(cache: BytesCache, now: Instant) -> list[SpaceUse]:
    """Return every space that holds something."""
    begin = f"llmcache:{KEY_FORMAT}:"
    alive = _alive(cache, begin, begin[:-1] + ";", now)
    grouped = [(space, list(group)) for space, group in groupby(alive, key=lambda listed: listed.key.space)]
    uses = [SpaceUse(space, len(group), sum(one.body_bytes for one in group)) for space, group in grouped]
    return sorted(uses, key=lambda use: use.space.prefix)


def end_of(space: Space) -> str:
    """Return the smallest text greater than every physical key of `space`."""
    return space.prefix[:-1] + ";"


def _alive(cache: BytesCache, after: str, high: str, now: Instant) -> Iterator[Listed]:
    """Give what is behind `after` and before `high`; what is expired, damaged or not ours is left out."""
    while found := cache.heads(after, high, _PAGE):
        for row, head, size in found:
            if row <= after:
                continue  # a body of the log before
            after = row
            listed = _listed(row, head, size, now)
            if listed is None:
                continue
            if listed.key.space.kind.is_log:
                after = row + BEHIND
                listed = _with_bodies(cache, listed)
            yield listed


def _listed(row: str, head: bytes, size: int, now: Instant) -> Listed | None:
    try:
        deadline = deadline_of(head)
        key = Key.from_physical(row)
    except (DamagedError, UsageError):
        return None
    if deadline <= now:
        return None
    return Listed(key, size - HEAD_BYTES, 1, None if deadline == NEVER else deadline - now)


def _with_bodies(cache: BytesCache, listed: Listed) -> Listed:
    row = listed.key.physical
    sizes = [size - HEAD_BYTES for _, _, size in cache.heads(row + SEPARATOR, row + BEHIND, _MOST_BODIES)]
    return Listed(listed.key, sum(sizes), len(sizes), listed.ttl)
