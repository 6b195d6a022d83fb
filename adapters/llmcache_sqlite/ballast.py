"""The ballast: a file of nothing that is thrown overboard when the disk is full.

Deleting needs room too, since SQLite writes every change to its log first. On a full disk a store without a
reserve can therefore neither take a new entry nor free itself by dropping an old one.
"""

import os
from contextlib import suppress
from typing import Final

from llmcache_sqlite.place import Place

MOST_BYTES: Final = 2 * 2**20
_SHARE: Final = 64
"""The ballast is at most this part of `max_bytes`, because it counts towards it."""


def ballast_bytes(max_bytes: int) -> int:
    """Return how large the ballast of a store of `max_bytes` is."""
    return min(MOST_BYTES, max_bytes // _SHARE)


def load(place: Place, size: int) -> bool:
    """Make the ballast where it is missing and the disk has plenty of room; return whether it is there now."""
    if os.path.exists(place.ballast):  # noqa: PTH110 -- text throughout, see Place
        return True
    if free_bytes(place) < 4 * size:
        return False
    try:
        made = os.open(place.ballast, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return True
    except OSError:
        return False
    try:
        os.write(made, bytes(size))
    except OSError:
        drop(place)
        return False
    finally:
        os.close(made)
    return True


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
