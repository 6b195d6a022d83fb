"""A witness of what reading hostile data does behind our back: Python's own audit events."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

_WATCHED = (
    "import",
    "exec",
    "compile",
    "open",
    "pickle.",
    "marshal.",
    "os.",
    "subprocess.",
    "socket.",
    "ctypes.",
    "object.__",
)

_seen: list[str] | None = None


def _hear(event: str, _arguments: tuple[object, ...]) -> None:
    if _seen is not None and event.startswith(_WATCHED):
        _seen.append(event)


sys.addaudithook(_hear)  # Cannot be taken away again, so it listens only inside `witnessed`.


@contextmanager
def witnessed() -> Generator[list[str]]:
    """Collect the names of modules imported, code compiled or run, files opened and processes started inside."""
    global _seen  # noqa: PLW0603 -- the hook outlives every test and needs one place to write to
    events: list[str] = []
    before = set(sys.modules)
    _seen = events
    try:
        yield events
    finally:
        _seen = None
        events.extend(f"module {name}" for name in set(sys.modules) - before)
