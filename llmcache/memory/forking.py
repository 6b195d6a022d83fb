"""Locks that survive `os.fork`.

A child process starts with one thread and a copy of everything else. A lock that another thread held at that moment
stays locked in the child for ever, and what it guarded may be half changed. So the forking thread first takes
every lock of this module, which waits for running operations to end (microseconds), and parent and child release them.

Locks are re-entrant: a signal handler or finalizer that uses the store in the middle of an operation of the same
thread would otherwise wait for itself for ever.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _thread import RLock

# Taken before any other lock here, so that two threads that fork at once cannot wait for each other.
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
    _gate.acquire()
    for lock in list(_locks):
        lock.acquire()
        _taken.append(lock)


def _release_all() -> None:
    while _taken:
        _taken.pop().release()
    _gate.release()


def _begin_child() -> None:
    _release_all()
    for reference in _in_child:
        method = reference()
        if method is not None:
            method()


if hasattr(os, "register_at_fork"):  # absent where there is no fork
    os.register_at_fork(before=_take_all, after_in_parent=_release_all, after_in_child=_begin_child)
