"""A job: one write that somebody waits for."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from llmcache_sqlite.waiting import Deadline
from llmcache_sqlite.work import Write

T = TypeVar("T")


class Job(Generic[T]):
    """One write, on its way through the queue. It is done or failed exactly once.

    Args:
        write: What to do.
        deadline: When to give up waiting to begin.
    """

    __slots__ = ("_answer", "_token", "alone", "deadline", "deed", "error", "grows", "is_done", "notify", "work")

    def __init__(self, write: Write[T], deadline: Deadline) -> None:
        self.deed = write.deed
        self.work = write.work
        self.grows = write.grows
        self.deadline = deadline
        # Run in a transaction of its own, because one with others failed.
        self.alone = False
        self.is_done = False
        self.error: BaseException | None = None
        self.notify: Callable[[], None] | None = None
        self._answer: T | None = None
        # Whoever pops the token may run the job, or withdraw it; `list.pop` lets only one.
        self._token: list[None] = [None]

    def take(self) -> bool:
        """Return whether the caller, and nobody else, may now run or withdraw the job."""
        try:
            self._token.pop()
        except IndexError:
            return False
        return True

    def put_back(self) -> None:
        """Let the job be taken again: its transaction was rolled back."""
        self._token.append(None)

    def finish(self, answer: T) -> None:
        """Say that it was done."""
        if not self.is_done:
            self._answer = answer
            self._settle()

    def fail(self, error: BaseException) -> None:
        """Say that it was not done, and why."""
        if not self.is_done:
            self.error = error
            self._settle()

    def answer(self) -> T:
        """Return what the work returned, or raise what failed; only when it is done."""
        if self.error is not None:
            raise self.error
        return cast(T, self._answer)

    def _settle(self) -> None:
        self.is_done = True
        if self.notify is not None:
            self.notify()


AnyJob = Job[Any]
