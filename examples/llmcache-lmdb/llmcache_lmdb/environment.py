"""Environments: opened once a process, as LMDB demands, shared by its stores, and closed across forks.

LMDB's locks belong to the process, so a second environment on the same files would undo the first one's, and a child must
use none of its parent's. So each call holds the environment's lock, a fork waits for it and closes the environment, and
parent and child open their own at their next call.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, TypeVar

import lmdb

from llmcache.errors import ClosedError, ConfigError, StoreError, StoreLimit, StoreRefused, StoreUnavailable

T = TypeVar("T")
Transaction: TypeAlias = "lmdb.Transaction[bytes]"

_MAP_SHARE = 3
"""A change writes each page it touches anew, and LMDB lends out what was given back two transactions later."""

_REFUSED = (
    lmdb.ReadonlyError,
    lmdb.CorruptedError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
)


class Environment:
    """One folder.

    Args:
        folder: Made where it is missing.
        max_bytes: Bound of the pages in use; the file has room for three times as many, which changes take for a while.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.users = 0
        self.lock = threading.RLock()
        self._open: lmdb.Environment | None = None

    @property
    def is_open(self) -> bool:
        """True between a call and the next fork."""
        return self._open is not None

    def read(self, told: str, work: Callable[[Transaction], T]) -> T:
        """Return what `work` finds in one snapshot."""
        return self._done(told, work, write=False)

    def write(self, told: str, work: Callable[[Transaction], T]) -> T:
        """Do `work` whole or not at all; StoreLimit where the environment is full."""
        return self._done(told, work, write=True)

    def close(self) -> None:
        """Close the environment until the next call."""
        with self.lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _done(self, told: str, work: Callable[[Transaction], T], *, write: bool) -> T:
        with self.lock:
            if self.users == 0:
                raise closed(told)
            try:
                return self._tried(work, write=write)
            except (lmdb.Error, OSError) as error:
                raise _translated(error, told) from error

    def _tried(self, work: Callable[[Transaction], T], *, write: bool) -> T:
        try:
            with self._environment().begin(write=write) as transaction:
                return work(transaction)
        except lmdb.MapResizedError:
            # Another process, with a larger bound, has made the file longer than this one can see.
            self.close()
            with self._environment().begin(write=write) as transaction:
                return work(transaction)

    def _environment(self) -> lmdb.Environment:
        if self._open is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open = lmdb.open(str(self.folder), map_size=_MAP_SHARE * self.max_bytes, mode=0o600)
        return self._open


_gate = threading.RLock()
_shared: dict[Path, Environment] = {}


class Handle:
    """A store's share in an environment; it refuses everything once it is closed."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        with _gate:
            environment = _shared.setdefault(folder, Environment(folder, max_bytes))
            if environment.max_bytes != max_bytes:
                raise ConfigError(f"lmdb: {folder} is open in this process with another max_bytes")
            environment.users += 1
            self._environment: Environment | None = environment
        try:
            # So that a folder that cannot be used is told of now.
            environment.read("open", lambda _: None)
        except StoreError:
            self.close()
            raise

    def environment(self, op: str) -> Environment:
        """Return the environment; ClosedError after `close`."""
        if self._environment is None:
            raise closed(op)
        return self._environment

    def close(self) -> None:
        """Give the share back; the last one closes the environment. Again does nothing."""
        with _gate:
            environment, self._environment = self._environment, None
            if environment is not None:
                environment.users -= 1
                if environment.users == 0:
                    del _shared[environment.folder]
                    environment.close()


def closed(op: str) -> ClosedError:
    """Return the error for a call after `close`."""
    return ClosedError(f"lmdb refused {op}: the store is closed; open the cache again")


def _translated(error: lmdb.Error | OSError, told: str) -> StoreError:
    if isinstance(error, lmdb.MapFullError):
        return StoreLimit(f"lmdb could not do {told}: there is no room in max_bytes; raise it, or clear something")
    found = f"lmdb could not do {told}: {type(error).__name__}"
    if isinstance(error, (*_REFUSED, PermissionError)):
        return StoreRefused(f"{found}; the folder cannot be used")
    return StoreUnavailable(f"{found}; nothing was done")


def _before_fork() -> None:
    _gate.acquire()
    for environment in _shared.values():
        environment.lock.acquire()
        environment.close()


def _after_fork() -> None:
    for environment in _shared.values():
        environment.lock.release()
    _gate.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
