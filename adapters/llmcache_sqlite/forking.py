"""The fork gate.

A process that forks copies every lock and connection of its other threads in whatever state they are in. So the
forking thread first waits until no call into SQLite is in progress, in any engine, and closes every connection; parent and
child open their own afterwards. Without it a child hangs, or corrupts what its parent writes (research: 21 of 30 forks).

`subprocess` does not come here: it starts another program and runs no hooks.
"""

import os
import threading
from typing import Final, Protocol
from weakref import WeakSet

from llmcache_sqlite.open_file import OpenFile
from llmcache_sqlite.waiting import Deadline

_PATIENCE: Final = 10.0
"""Seconds to wait for calls in progress; then the fork goes on, and the child forgets what is open."""


class Forkable(Protocol):
    """An engine, as a fork sees it."""

    file: OpenFile

    def start_anew_in_child(self) -> list[object]:
        """Forget every lock, thread and queue of the parent; return what must never be finalised."""
        ...

    def __hash__(self) -> int: ...


opening: Final = threading.RLock()
"""Held while an engine is opened or closed, and across a fork. Re-entrant, for signal handlers that open a store."""

_engines: "WeakSet[Forkable]" = WeakSet()
_held: list[Forkable] = []
_never_finalised: list[object] = []


def survive_forks(engine: Forkable) -> None:
    """Take `engine` through every later fork; only with `opening` held."""
    _engines.add(engine)


def _before() -> None:
    deadline = Deadline(_PATIENCE)
    opening.acquire()
    _held.extend(_engines)
    for engine in _held:
        engine.file.hold_for_fork(deadline)


def _in_parent() -> None:
    while _held:
        _held.pop().file.let_go_in_parent()
    opening.release()


def _in_child() -> None:
    while _held:
        # Connections that could not be closed in time: closing them here would drop locks or delete the parent's log.
        _never_finalised.extend(_held.pop().start_anew_in_child())
    opening.release()


if hasattr(os, "register_at_fork"):  # absent where there is no fork
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
