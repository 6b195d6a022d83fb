"""Locks that survive `os.fork`.

A child process starts with one thread and a copy of everything else. A lock that another thread held at that moment
stays locked in the child for ever, and what it guarded may be half changed. So the forking thread first takes
every lock of this module, which waits for running operations to end (microseconds), and parent and child release them.

No operation takes a lock of this module under another one, nor anybody else's that is held across forks, as `concurrent.futures`
has one. Only a finalizer, which may run anywhere, can: so the forking thread does not insist while it holds what others may wait for.

Locks are re-entrant: a signal handler or finalizer that uses the store in the middle of an operation of the same
thread would otherwise wait for itself for ever.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from llmcache.model.units import Seconds

if TYPE_CHECKING:
    from _thread import RLock

_PATIENCE: Final[Seconds] = 0.02
"""How long one lock is waited for with others held; operations end sooner, where they do not wait for the forking thread."""

# Guards what is below.
_gate = threading.RLock()
_locks: "weakref.WeakSet[RLock]" = weakref.WeakSet()
_taken: "list[RLock]" = []
_in_child: "list[weakref.WeakMethod[Callable[[], None]]]" = []


def lock_across_forks() -> "RLock":
    """Return a new re-entrant lock that is free in a child process, with nothing half done under it."""
    lock = threading.RLock()
    with _gate:
        _locks.add(lock)
    return lock


def call_in_child(method: Callable[[], None]) -> None:
    """Have a bound method called in every child process, with all locks free; its object is not kept alive by that."""
    with _gate:
        _in_child[:] = [one for one in _in_child if one() is not None]
        _in_child.append(weakref.WeakMethod(method))


def _take_all() -> None:
    first = _gate
    while True:
        # The only wait without an end, and nothing is held meanwhile: whoever has this lock can take any other.
        first.acquire()
        taken = [first]
        busy = _take_others(taken)
        if busy is None:
            _taken.extend(taken)
            return
        _release(taken)
        first = busy


def _take_others(taken: "list[RLock]") -> "RLock | None":
    """Take the gate and every lock, again where they are taken already; stop at one that is not to be had, and return it."""
    if not _is_had(_gate, taken):
        return _gate
    return next((lock for lock in list(_locks) if not _is_had(lock, taken)), None)


def _is_had(lock: "RLock", taken: "list[RLock]") -> bool:
    is_had = lock.acquire(timeout=_PATIENCE)
    if is_had:
        taken.append(lock)
    return is_had


def _release(taken: "list[RLock]") -> None:
    while taken:
        taken.pop().release()


def _release_all() -> None:
    _release(_taken)


def _begin_child() -> None:
    _release_all()
    for reference in _in_child:
        method = reference()
        if method is not None:
            method()


if hasattr(os, "register_at_fork"):  # absent where there is no fork
    os.register_at_fork(before=_take_all, after_in_parent=_release_all, after_in_child=_begin_child)
