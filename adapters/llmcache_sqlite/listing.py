"""Listing: what is in the file, for people who look. Bodies are measured, not read."""

import heapq
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

from llmcache.errors import UsageError
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_sqlite.names import first_digest_behind, stored_name, text_of

# Texts sort before bytes in SQLite, and no bytes before the empty ones.
_TEXTS: Final = "t.name > :text AND t.name < x''"
_DIGESTS: Final = "t.name >= :digest"

# The bodies of a log are numbered from its own number times 2**32, see `logs`.
_ENTRIES: Final = "t.name, t.expires, length(t.body), 1 FROM space AS s CROSS JOIN entry AS t"
_LOGS: Final = (
    "t.name, t.expires, (SELECT sum(length(body)) FROM message "
    "WHERE id BETWEEN (t.id << 32) + t.first AND (t.id << 32) + t.next - 1), t.next - t.first "
    "FROM space AS s CROSS JOIN log AS t"
)
_PAGE: Final = (
    "SELECT {what} WHERE s.prefix = :prefix AND t.space = s.id AND {names} "
    "AND (t.expires IS NULL OR t.expires > :now) ORDER BY t.name LIMIT :count"
)

# In the order of the table, not of an index: each page is touched once.
_ENTRY_USE: Final = (
    "SELECT s.prefix, u.entries, u.bytes FROM (SELECT space, count(*) AS entries, sum(length(body)) AS bytes "
    "FROM entry NOT INDEXED WHERE expires IS NULL OR expires > :now GROUP BY space) AS u "
    "JOIN space AS s ON s.id = u.space WHERE s.prefix IS NOT NULL"
)
_LOG_USE: Final = (
    "SELECT s.prefix, count(DISTINCT l.id), sum(length(m.body)) FROM log AS l JOIN space AS s ON s.id = l.space "
    "JOIN message AS m ON m.id BETWEEN (l.id << 32) + l.first AND (l.id << 32) + l.next - 1 "
    "WHERE s.prefix IS NOT NULL AND (l.expires IS NULL OR l.expires > :now) GROUP BY s.id"
)


def spaces(cursor: sqlite3.Cursor, now: Instant) -> list[SpaceUse]:
    """Return every space that holds something live, ordered by prefix."""
    used: dict[str, tuple[int, int]] = {}
    for sql in (_ENTRY_USE, _LOG_USE):
        for prefix, entries, size in cursor.execute(sql, {"now": now}).fetchall():
            before = used.get(prefix, (0, 0))
            used[prefix] = (before[0] + entries, before[1] + size)
    uses: list[SpaceUse] = []
    for prefix in sorted(used):
        try:
            space = Space.from_prefix(prefix)
        except UsageError:
            continue  # of another key format: this release has no name for it
        uses.append(SpaceUse(space, *used[prefix]))
    return uses


def scan(cursor: sqlite3.Cursor, space: Space, after: Key | None, count: int, now: Instant) -> list[Listed]:
    """Return at most `count` live keys of `space` behind `after`, ordered by physical key."""
    behind = "" if after is None else text_of(stored_name(after))
    values = {"prefix": space.prefix, "text": behind, "digest": first_digest_behind(behind), "count": count, "now": now}
    found: list[tuple[Any, ...]] = []
    for what in (_ENTRIES, _LOGS):
        found += cursor.execute(_PAGE.format(what=what, names=_TEXTS), values).fetchall()
        if values["digest"] is not None:
            found += cursor.execute(_PAGE.format(what=what, names=_DIGESTS), values).fetchall()
    return heapq.nsmallest(count, _listed(space, found, now), key=lambda one: one.key.physical)


def _listed(space: Space, rows: Iterable[tuple[Any, ...]], now: Instant) -> Iterator[Listed]:
    for name, expires, size, length in rows:
        try:
            key = Key.from_physical(space.prefix + text_of(name))
        except UsageError:
            continue  # nothing of ours: no key has this name
        yield Listed(key, size or 0, length, None if expires is None else expires - now)
