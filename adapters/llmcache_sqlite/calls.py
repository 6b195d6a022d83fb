"""What each method of the store does, for both colours: arguments checked, work as a value.

A colour only decides how the work is waited for.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final
from zlib import crc32

from llmcache.errors import StoreLimit
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_append, check_body, check_puts, check_scan
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_sqlite import listing, logs
from llmcache_sqlite.engine import Engine
from llmcache_sqlite.entries import growth_of, item_of
from llmcache_sqlite.errors import NAME
from llmcache_sqlite.work import Read, Write

_BATCH_SHARE: Final = 4
"""One call writes at most this part of `max_bytes`: it is one transaction, which needs its room in the log, too."""

TIDY_AFTER_CLEAR: Final[Seconds] = 0.05
"""How long `clear` goes on to give pages back; what is left then goes with later writes."""


def get_many(engine: Engine, keys: Sequence[Key]) -> Read[list[bytes | None]]:
    """Read one slot per key."""
    return Read(_deed("get_many", keys), lambda cursor: engine.entries.read(cursor, keys))


def put_many(engine: Engine, puts: Sequence[Put]) -> Write[None]:
    """Keep bodies."""
    # A copy, so that a list that another thread changes meanwhile is written as it was checked.
    puts = tuple(puts)
    check_puts(puts, engine.limits, NAME)
    deed = _deed("put_many", [put.key for put in puts[:1]])
    items = [item_of(put) for put in puts]
    grows = _checked_growth(engine, deed, sum(map(growth_of, puts)))
    return Write(deed, lambda transaction: engine.entries.write(transaction, items), grows)


def put_if_absent(engine: Engine, put: Put) -> Write[bool]:
    """Keep a body where nothing is."""
    check_puts((put,), engine.limits, NAME, "put_if_absent")
    deed, item = Deed("put_if_absent", put.key), item_of(put)
    grows = _checked_growth(engine, deed, growth_of(put))
    return Write(deed, lambda transaction: engine.entries.write_if_absent(transaction, item), grows)


def delete_many(engine: Engine, keys: Sequence[Key]) -> Write[None]:
    """Make keys missing."""
    keys = tuple(keys)
    return Write(_deed("delete_many", keys), lambda transaction: engine.entries.delete(transaction, keys))


def delete_if_equal(engine: Engine, key: Key, body: bytes) -> Write[bool]:
    """Delete what is one's own."""
    check_body(key, body, NAME, "delete_if_equal")
    deed = Deed("delete_if_equal", key)
    return Write(deed, lambda transaction: engine.entries.delete_if_equal(transaction, key, body))


def clear(space: Space) -> Write[None]:
    """Put a whole space out of reach; one row changes, however much is in it."""
    return Write(Deed("clear"), lambda transaction: transaction.forget_space(space.prefix))


def tidy(engine: Engine) -> Write[bool]:
    """Delete some of what is out of reach; the answer is whether there may be more."""
    return Write(Deed("clear"), engine.tidy)


def append(
    engine: Engine, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None
) -> Write[int] | Read[int]:
    """Add bodies to a log; to add none is to read its length."""
    bodies = tuple(bodies)
    check_append(log, bodies, max_length=max_length, ttl=ttl, limits=engine.limits, store=NAME)
    if not bodies:
        return log_length(engine, log)
    deed = Deed("append", log)
    summed = [(body, crc32(body)) for body in bodies]
    grows = _checked_growth(engine, deed, sum(len(body) + 60 for body in bodies) + 500)
    return Write(
        deed,
        lambda transaction: logs.append(transaction, log, summed, max_length=max_length, ttl=ttl, tally=engine.tally),
        grows,
    )


def read_log(engine: Engine, log: Key, start: int, stop: int | None) -> Read[list[bytes]]:
    """Read a slice of a log."""
    clock, tally = engine.settings.clock, engine.tally
    return Read(Deed("read_log", log), lambda cursor: logs.read(cursor, log, start, stop, now=clock(), tally=tally))


def log_length(engine: Engine, log: Key) -> Read[int]:
    """Count the bodies of a log."""

    def count(cursor: sqlite3.Cursor) -> int:
        row = logs.find(cursor, log, engine.settings.clock(), engine.tally, "log_length")
        return 0 if row is None else row.length

    return Read(Deed("log_length", log), count)


def delete_log(log: Key) -> Write[None]:
    """Drop a log; one row changes, however long it is."""
    return Write(Deed("delete_log", log), lambda transaction: logs.delete(transaction, log))


def spaces(engine: Engine) -> Read[list[SpaceUse]]:
    """List the spaces that hold something."""
    return Read(Deed("spaces"), lambda cursor: listing.spaces(cursor, engine.settings.clock()))


def scan(engine: Engine, space: Space, after: Key | None, count: int) -> Read[list[Listed]]:
    """List keys of a space."""
    check_scan(space, after, count, NAME)
    return Read(Deed("scan"), lambda cursor: listing.scan(cursor, space, after, count, engine.settings.clock()))


def _deed(op: str, keys: Sequence[Key]) -> Deed:
    return Deed(op, keys[0] if keys else None)


def _checked_growth(engine: Engine, deed: Deed, grows: int) -> int:
    most = engine.settings.max_bytes // _BATCH_SHARE
    if grows > most:
        raise StoreLimit(
            f"{NAME} refused {deed}: one call would write about {grows:,} bytes, limit {most:,}; send it in parts, or raise max_bytes"
        )
    return grows
