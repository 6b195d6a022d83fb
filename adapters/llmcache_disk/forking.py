"""The fork gate.

A process that forks copies every lock and connection of its other threads in whatever state they are in; an SQLite connection
must not be used, or even closed, on the other side. So the forking thread first waits until no call is in progress, in any
engine, and closes every connection; parent and child open their own afterwards. diskcache alone leaves the child
with locks that nobody opens: of thirty forks among busy threads twenty-one hung.
"""

import os
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakSet

if TYPE_CHECKING:
    from _thread import RLock

_PATIENCE: Final = 10.0
"""Seconds to wait for calls in progress; then the fork goes on, and the child forgets what is open."""


class Lane(Protocol):
    """A lock and the connection behind it, as a fork sees them."""

    lock: "RLock"

    def pause(self) -> bool:
        """Close the connection; False where a call of this very thread is in the middle of it."""
        ...

    def forget(self) -> object:
        """Take a new lock and no connection, in a child; return what must never be finalised."""
        ...

    def __hash__(self) -> int: ...


_gate: Final = threading.RLock()
_lanes: "WeakSet[Lane]" = WeakSet()
_held: list[Lane] = []
_stuck: list[Lane] = []
_never_finalised: list[object] = []


def survive_forks(lane: Lane) -> None:
    """Take `lane` through every later fork."""
    with _gate:
        _lanes.add(lane)


def _before() -> None:
    end = time.monotonic() + _PATIENCE
    _gate.acquire()
    for lane in list(_lanes):
        if not lane.lock.acquire(timeout=max(0.0, end - time.monotonic())):
            _stuck.append(lane)
            continue
        _held.append(lane)
        if not lane.pause():
            _stuck.append(lane)


def _in_parent() -> None:
    _stuck.clear()
    while _held:
        _held.pop().lock.release()
    _gate.release()


def _in_child() -> None:
    while _held:
        _held.pop().lock.release()
    while _stuck:
        _never_finalised.append(_stuck.pop().forget())
    _gate.release()


if hasattr(os, "register_at_fork"):  # absent where there is no fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
