"""Who leads a flight, and how to find out that they are gone.

A leader that is our own flow always ends its flight, however it ends itself. One behind the door of a framework cannot: it
was seen looking up, and if its model fails, nothing more is heard of it. So it leaves a *witness* (`protocols.flights`). When
that is collected, the call has ended, at once. An error that somebody holds on to keeps it alive, with the frames in its traceback;
so whoever waits also looks whether the call's frame is still where a running call has it: on the stack of its thread, or in the
chain of what its task awaits. Looking changes nothing. The frame is known by its address only: to hold it would
keep everything in it alive.
"""

import os
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from llmcache.protocols.flights import Witness

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

_FUTURES: Final = "concurrent.futures._base"
_POOLS: Final = "concurrent.futures.thread"


class Crew:
    """The thread and, in asyncio code, the task and loop that a flight was begun in, or several at once.

    Args:
        witness: Of the call that leads; None where the leader ends its flight itself.
        when_gone: Is called once, from any thread, when the witness is collected; None where there is none.
    """

    __slots__ = ("_frame", "_loop", "_process", "_task", "_witness", "thread")

    def __init__(self, witness: Witness | None = None, when_gone: Callable[[object], None] | None = None) -> None:
        self.thread = threading.get_ident()
        self._process = os.getpid()
        self._witness = None if witness is None else weakref.ref(witness.lives, when_gone)
        self._frame = None if witness is None else witness.frame
        task = task_here()
        self._loop: AbstractEventLoop | None = None if task is None else task.get_loop()
        # Weakly, or a task that nobody wants any more could not be collected, which is one way to be gone.
        self._task = None if task is None else weakref.ref(task)

    def is_caller(self) -> bool:
        """True where the flow that runs right now in this thread or task is the leader."""
        task = None if self._task is None else self._task()
        return self._witness is None and self.thread == threading.get_ident() and task is task_here()

    def waits_for_caller(self) -> bool:
        """True where the leader's thread waits until this one has ended, or the work that a pool has given it.

        A thread is not told who started it, so nothing but the leader's own stack shows it.
        """
        at: FrameType | None = sys._current_frames().get(self.thread)  # noqa: SLF001 -- as below
        while at is not None:
            if at.f_code is threading.Thread.join.__code__:
                return at.f_locals.get("self") is threading.current_thread()
            if at.f_code.co_name == "result" and at.f_globals.get("__name__") == _FUTURES:
                return _is_worked_on_here(at.f_locals.get("self"))
            at = at.f_back
        return False

    def is_gone(self) -> bool:
        """True where nobody can end the flight any more: the process, loop, task, call or thread is not there."""
        if self._process != os.getpid() or (self._loop is not None and self._loop.is_closed()):
            return True
        if self._witness is not None and self._witness() is None:
            return True
        if self._task is not None:
            task = self._task()
            return task is None or task.done() or (self._frame is not None and not _is_awaited(self._frame, task))
        top = sys._current_frames().get(self.thread)  # noqa: SLF001 -- documented; nothing else tells what a thread does
        return top is None or (self._frame is not None and not _is_on_stack(self._frame, top))


def task_here() -> "Task[Any] | None":
    """Return the asyncio task that runs in this thread, if there is one, without importing asyncio for it."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        found: Task[Any] | None = asyncio.current_task()
    except RuntimeError:
        return None
    return found


def _is_worked_on_here(future: object) -> bool:
    at: FrameType | None = sys._getframe()  # noqa: SLF001 -- documented, and used by logging and typing alike
    while at is not None:
        if at.f_code.co_name == "run" and at.f_globals.get("__name__") == _POOLS:
            return getattr(at.f_locals.get("self"), "future", None) is future
        at = at.f_back
    return False


def _is_on_stack(frame: int, top: FrameType) -> bool:
    at: FrameType | None = top
    while at is not None:
        if id(at) == frame:
            return True
        at = at.f_back
    return False


def _is_awaited(frame: int, task: "Task[Any]") -> bool:
    """True where `frame` is in the chain of what `task` awaits; also where the chain cannot be followed to its end."""
    awaited: Any = task.get_coro()
    while awaited is not None:
        own = _first_of(awaited, ("cr_frame", "gi_frame", "ag_frame"))
        if id(own) == frame or _first_of(awaited, ("cr_running", "gi_running", "ag_running")):
            return True
        if own is None:
            # No coroutine and no generator: a future ends the chain, and of anything else we do not know what is behind it.
            return type(awaited).__name__ != "FutureIter"
        awaited = _first_of(awaited, ("cr_await", "gi_yieldfrom", "ag_await"))
    return False


def _first_of(thing: Any, names: tuple[str, ...]) -> Any:
    return next((found for name in names if (found := getattr(thing, name, None))), None)
