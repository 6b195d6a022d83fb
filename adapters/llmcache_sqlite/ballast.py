"""The ballast: a file of nothing that is thrown overboard when the disk is full.

Deleting needs room too: SQLite writes every change to its log first, and folding the log into the file may make that
longer. On a full disk a store without a reserve can therefore neither take a new entry nor free itself by
dropping an old one. So the ballast is twice as large as the log gets.

Where there is no ballast, in any process, nobody makes the file longer, so that what the ballast left is kept for
deleting. It is loaded again when the disk has room for more than it.
"""

import os
from contextlib import suppress

from llmcache_sqlite.place import Place


def load(place: Place, size: int) -> int:
    """Make the ballast where it is missing and the disk has room for more; return how large it is now, 0 for none.

    One that is there may be larger or smaller: a process with another bound has made it.
    """
    there = place.ballast_bytes()
    # The half more keeps it from being dropped and loaded in turns.
    if there or free_bytes(place) < size + size // 2:
        return there
    try:
        made = os.open(place.ballast, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError:
        return place.ballast_bytes()  # another process was quicker, or the folder is gone
    try:
        os.write(made, bytes(size))
    except OSError:
        drop(place)
    finally:
        os.close(made)
    return place.ballast_bytes()


def drop(place: Place) -> bool:
    """Give the room back to the disk; return whether there was any."""
    with suppress(FileNotFoundError):
        os.unlink(place.ballast)  # noqa: PTH108 -- as above
        return True
    return False


def free_bytes(place: Place) -> int:
    """Return how many bytes an ordinary user may still write; 0 where the folder is gone."""
    try:
        found = os.statvfs(place.folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
