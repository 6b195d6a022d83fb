"""Tracers, such as coverage's, are installed in turn.

CPython 3.11 refuses to install a trace function while another thread installs one ("Cannot install a trace function while
another trace function is being installed"), and drops a thread that is about to start. It is possible only where an audit hook
written in Python lets the threads change places in the middle, and a test of ours adds one, which stays.
"""

import functools
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

_turn = threading.RLock()


@contextmanager
def tracers_in_turn() -> Generator[None]:
    """Have every new thread wait for its turn to be traced, where threads are traced at all."""
    hook, install = threading.gettrace(), sys.settrace
    if hook is not None:
        threading.settrace(_in_turn(hook))
        sys.settrace = _in_turn(install)
    try:
        yield
    finally:
        if hook is not None:
            threading.settrace(hook)
            sys.settrace = install


def _in_turn(install: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(install)
    def installing(*given: Any) -> Any:
        with _turn:
            return install(*given)

    return installing
