"""What is done about each failure of a call, until it succeeds or nothing more can be done.

| fault | first time | again | and again |
|---|---|---|---|
| busy | wait a millisecond, until the call's deadline | | `StoreTimeout` |
| moved | open what is at our path | once more | `StoreUnavailable` |
| damaged | open it again: the fault may have been ours | set the file aside, begin a fresh one | `StoreUnavailable` |
| full | drop the ballast, evict, give the log back | | `StoreLimit` |
| the rest | | | the error that fits |
"""

import sqlite3
from typing import Final, Protocol

from llmcache.errors import ClosedError
from llmcache.protocols.deed import Deed
from llmcache_sqlite.errors import NAME, Fault, Foreign, fault_of, translated
from llmcache_sqlite.open_file import OpenFile
from llmcache_sqlite.place import Identity
from llmcache_sqlite.waiting import Deadline

_MENDS: Final = {Fault.MOVED: 2, Fault.DAMAGED: 2, Fault.FULL: 1}


class Mender(Protocol):
    """The part of the engine that failures are mended with."""

    is_closed: bool
    file: OpenFile

    def free_medium(self, deed: Deed, deadline: Deadline) -> None:
        """Make room on a full disk, as far as that is possible."""
        ...


class Attempts:
    """The attempts of one call."""

    __slots__ = ("_deadline", "_deed", "_mended", "_mender", "_seen")

    def __init__(self, mender: Mender, deed: Deed, deadline: Deadline) -> None:
        self._mender = mender
        self._deed = deed
        self._deadline = deadline
        self._mended: dict[Fault, int] = {}
        self._seen: Identity = mender.file.identity

    def begin(self) -> None:
        """Remember which file the attempt that begins now is about; ClosedError where there is none any more."""
        if self._mender.is_closed:
            raise closed(self._deed)
        self._seen = self._mender.file.identity

    def after(self, error: Foreign) -> None:
        """Do what helps against `error`; raise the error of ours that says why nothing does.

        Raises:
            StoreError: As `errors.translated` has it.
            ClosedError: The store was closed meanwhile.
        """
        if self._mender.is_closed:
            raise closed(self._deed) from error
        fault = fault_of(error)
        if fault is Fault.BUSY:
            if not self._deadline.pause():
                raise translated(error, self._deed) from error
            return
        times = self._mended.get(fault, 0)
        if times >= _MENDS.get(fault, 0):
            raise translated(error, self._deed) from error
        self._mended[fault] = times + 1
        try:
            self._mend(fault, times)
        except (sqlite3.Error, OSError) as another:
            raise translated(another, self._deed) from another

    def _mend(self, fault: Fault, times: int) -> None:
        if fault is Fault.FULL:
            self._mender.free_medium(self._deed, self._deadline)
        else:
            self._mender.file.reopen(self._seen, self._deadline, set_aside=fault is Fault.DAMAGED and times > 0)


def closed(deed: Deed) -> ClosedError:
    """Return the error for a call on a closed store."""
    return ClosedError(f"{NAME} refused {deed.op}: the store is closed; open the cache again")
