"""Forks inside of a test, bounded in time and hidden from coverage.

Coverage takes a lock of its own when a thread enters a file; a child that is forked while another thread holds it
waits for ever, in the first line that is traced. So the forking thread is not traced, and nor are the child's threads.
"""

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable

PATIENCE = 20.0
"""Seconds that a child may take."""


def in_child(work: Callable[[], bool]) -> int:
    """Fork, do `work` in the child, and return its exit status: 0 where it answered True, -9 where it hung."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        with warnings.catch_warnings():
            # Forking among threads is what is tested; newer interpreters warn of it.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _work(work)
    finally:
        sys.settrace(tracer)
    return _ended(child)


def _work(work: Callable[[], bool]) -> None:
    status = 2
    try:
        threading.settrace(None)  # documented, for "no tracer"
        status = 0 if work() else 1
    finally:
        os._exit(status)


def _ended(child: int) -> int:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
