"""How far a long run of embedding is, on one line of standard error that is written over."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypeAlias

from llmcache.errors import UsageError
from llmcache.model.units import Seconds

Progress: TypeAlias = Callable[[int, int], object] | bool | None
"""Who is told how many are done, of how many; True for a bar, False for nobody, None for a bar where somebody looks and waits."""

SOON: Final[Seconds] = 2.0
"""What takes less shows no bar by itself."""

_WIDTH = 30


class Bar:
    """A line that shows how far it is; used in a `with` block, which ends the line.

    Args:
        after: Seconds before which nothing is shown.
        tell: Is told instead, if given.
        is_hidden: Nothing is ever shown.
    """

    def __init__(
        self, after: Seconds = 0.0, *, tell: Callable[[int, int], object] | None = None, is_hidden: bool = False
    ) -> None:
        self._may_be_left_out = after > 0
        self._begin = time.monotonic() + after
        self._is_shown = False
        self.tell = None if is_hidden else tell or self._show

    def _show(self, done: int, total: int) -> None:
        if not self._is_shown and (time.monotonic() < self._begin or (self._may_be_left_out and done == total)):
            return
        self._is_shown = True
        filled = _WIDTH * done // total
        line = f"\rembedding [{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,} of {total:,} texts"
        sys.stderr.write(line)
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_shown:
            sys.stderr.write("\n")


def bar_for(progress: Progress) -> Bar:
    """Return who is told of progress; UsageError where `progress` is nothing of the kind."""
    if progress is None:
        return Bar(SOON, is_hidden=not _is_terminal())
    if isinstance(progress, bool):
        return Bar(is_hidden=not progress)
    if not callable(progress):
        raise UsageError(f"progress is a function, True, False or None, found {type(progress).__name__}")
    return Bar(tell=progress)


def _is_terminal() -> bool:
    # There is no standard error in a program without a console.
    return sys.stderr is not None and sys.stderr.isatty()
