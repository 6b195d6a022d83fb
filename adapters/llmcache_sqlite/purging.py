"""Deleting what nobody can reach any more, in small steps that ride along with writes.

Expired entries and logs, cleared spaces and deleted logs are out of reach at once; their pages are given back here.
Each function deletes at most `limit` rows and returns how many.
"""

from typing import Final

from llmcache_sqlite.health import Tally
from llmcache_sqlite.logs import NUMBERS, forget_logs
from llmcache_sqlite.transaction import Transaction

_EXPIRED_ENTRIES: Final = "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE expires <= ? LIMIT ?)"
_SPACE_ENTRIES: Final = "DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE space = ? LIMIT ?)"
_LOG_BODIES: Final = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE id BETWEEN ? AND ? LIMIT ?)"


def purge_expired(transaction: Transaction, limit: int, tally: Tally) -> int:
    """Delete expired entries, and put expired logs out of reach."""
    now = transaction.now
    entries = transaction.execute(_EXPIRED_ENTRIES, (now, limit)).rowcount
    logs = forget_logs(transaction, "expires <= ?", now, limit)
    tally.purged += entries + logs
    return entries + logs


def purge_cleared(transaction: Transaction, limit: int) -> int:
    """Delete what hangs on a cleared space, and at last the space."""
    execute = transaction.execute
    row = execute("SELECT id FROM space WHERE prefix IS NULL LIMIT 1").fetchone()
    if row is None:
        return 0
    entries = execute(_SPACE_ENTRIES, (row[0], limit)).rowcount
    logs = forget_logs(transaction, "space = ?", row[0], limit)
    if entries + logs:
        return entries + logs
    return execute("DELETE FROM space WHERE id = ?", row).rowcount


def purge_logs(transaction: Transaction, limit: int) -> int:
    """Delete the bodies of a log that is out of reach, and at last its row."""
    execute = transaction.execute
    row = execute("SELECT id FROM log WHERE space = 0 LIMIT 1").fetchone()
    if row is None:
        return 0
    lowest = row[0] * NUMBERS
    bodies = execute(_LOG_BODIES, (lowest, lowest + NUMBERS - 1, limit)).rowcount
    return bodies or execute("DELETE FROM log WHERE id = ?", row).rowcount


def purge(transaction: Transaction, limit: int, tally: Tally) -> int:
    """Do the steps one after the other until `limit` rows are deleted or none is left."""
    found = 0
    for step in (purge_cleared, purge_logs, lambda transaction, limit: purge_expired(transaction, limit, tally)):
        while found < limit and (deleted := step(transaction, limit - found)):
            found += deleted
    return found
