"""Making the file, and setting aside one that cannot be used.

A file at our path that is damaged, foreign or empty is moved to `*.corrupt-N` with its log, and a fresh one takes its
place. Two rules keep processes that do this at the same time out of each other's way: it is done under a lock on
a file beside it, and only to the very file (device and inode) that was found unusable.

A fresh file is built under another name and linked into place, so that our path never shows half a file.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from llmcache.errors import StoreTimeout
from llmcache_sqlite.connections import ForeignFileError, Opening, close
from llmcache_sqlite.errors import NAME, Fault, MovedError, fault_of
from llmcache_sqlite.place import Identity, Place
from llmcache_sqlite.schema import build
from llmcache_sqlite.waiting import Deadline

_KEPT: Final = 5
"""Older files than these many are deleted when another is set aside, so that a failing disk is not also filled."""

_ABANDONED_AFTER: Final = 3600.0
"""A half-built file this many seconds old belongs to a process that died."""


def opened(opening: Opening, deadline: Deadline) -> tuple[sqlite3.Cursor, Identity, int]:
    """Return a reader on a usable file at our path, made or exchanged where needed; which; and how many were set aside.

    Writes nothing where a usable file is there.

    Raises:
        StoreTimeout: Other processes were in the way until `deadline`.
        sqlite3.Error, OSError: It can be neither read nor made.
    """
    set_aside_now = 0
    while True:
        # Taken before the attempt: whatever is found wrong, it is wrong with this file or with one that is gone.
        seen = _identity(opening.place)
        try:
            reader = opening.reader()
            if seen is not None and _identity(opening.place) == seen:
                return reader, seen, set_aside_now
            close(reader)
        except MovedError:
            make(opening, deadline)
        except ForeignFileError:
            set_aside_now += set_aside(opening.place, seen, deadline)
        except sqlite3.Error as error:
            match fault_of(error):
                case Fault.DAMAGED:
                    set_aside_now += set_aside(opening.place, seen, deadline)
                # Moved: another process sets it aside at this moment, and what it leaves at our path is looked at next.
                case Fault.BUSY | Fault.MOVED if deadline.pause():
                    continue
                case _:
                    raise


def make(opening: Opening, deadline: Deadline) -> None:
    """Make a fresh file at our path, unless somebody else was quicker."""
    place = opening.place
    # The folder is for its owner only: prompts are private. A folder that was there keeps its mode; the files are 0600.
    os.makedirs(place.folder, mode=0o700, exist_ok=True)  # noqa: PTH103 -- text throughout, see Place
    with _locked(place, deadline):
        if Path(place.file).exists():
            return
        _remove_abandoned(place)
        draft = f"{place.file}.{os.getpid()}-{secrets.token_hex(4)}.new"
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            build(draft, write_ahead=opening.write_ahead)
            # A log that lost its file would be played into the fresh one.
            for leftover in (place.wal, f"{place.file}-shm", f"{place.file}-journal"):
                _remove(leftover)
            os.rename(draft, place.file)  # noqa: PTH104 -- as above
        finally:
            _remove(draft)
        _sync_folder(place)


def set_aside(place: Place, found: Identity | None, deadline: Deadline) -> int:
    """Move the file `found`, and its log, out of the way; return 1, or 0 where somebody else has done it.

    The next caller of `opened` makes a fresh one.
    """
    with _locked(place, deadline):
        if found is None or _identity(place) != found:
            return 0
        aside = place.set_aside_files()
        number = int(aside[-1].name.rpartition("-")[2]) + 1 if aside else 1
        new_name = f"{place.file}.corrupt-{number}"
        os.rename(place.file, new_name)  # noqa: PTH104 -- as above
        with suppress(FileNotFoundError):
            os.rename(place.wal, new_name + "-wal")  # noqa: PTH104 -- as above
        _remove(f"{place.file}-shm")
        for old in aside[: max(0, len(aside) + 1 - _KEPT)]:
            _remove(str(old))
            _remove(f"{old}-wal")
    _warn(place, new_name)
    return 1


def _warn(place: Place, new_name: str) -> None:
    """Say so where operators look: conversations may be in that file."""
    import logging  # noqa: PLC0415 -- costs milliseconds at start, and is needed once in a blue moon

    logging.getLogger("llmcache.sqlite").warning(
        "%s could not be used (damaged, or not of this store) and was set aside as %s; a fresh one takes its place. "
        "What is in it can perhaps be read with: sqlite3 FILE .recover",
        place.file,
        new_name,
    )


def _identity(place: Place) -> Identity | None:
    try:
        return place.identity()
    except FileNotFoundError:
        return None


@contextmanager
def _locked(place: Place, deadline: Deadline) -> Generator[None, None, None]:
    """Hold the lock that whoever makes or moves the file holds; the system frees it when its holder dies."""
    import fcntl  # noqa: PLC0415 -- absent on systems that `sharing` refuses with an error that says so

    handle = os.open(place.lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if not deadline.pause():
                    raise StoreTimeout(
                        f"{NAME} waited for another process that makes or repairs the file in {place.folder}; wait, or raise timeout"
                    ) from error
        yield
    finally:
        os.close(handle)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 -- as above


def _remove_abandoned(place: Place) -> None:
    """Remove what a process that was killed while it built a file left behind."""
    for draft in Path(place.folder).glob(Path(place.file).name + ".*.new*"):
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > _ABANDONED_AFTER:
                draft.unlink()


def _sync_folder(place: Place) -> None:
    """See the new name on the disk, so that a power cut does not take the whole file."""
    handle = os.open(place.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
