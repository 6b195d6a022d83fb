"""The stand-in that `momento-local:` without an address means: one for a process and all it starts.

It begins with the first such opening and ends with the process. Its address goes into the environment, so that a process that
this one starts finds it there, as it would find the service.
"""

import atexit
import os
import threading
from typing import Final

from llmcache_momento.local.server import MomentoLocal

ADDRESS: Final = "LLMCACHE_MOMENTO_LOCAL"
"""The environment variable that holds the address, as HOST:PORT."""

_lock = threading.Lock()


def address_for_process() -> str:
    """Return the address in the environment; where there is none, start a stand-in first."""
    with _lock:
        if not os.environ.get(ADDRESS):
            server = MomentoLocal().start()
            os.environ[ADDRESS] = server.address
            atexit.register(_end, server, os.getpid())
        return os.environ[ADDRESS]


def _end(server: MomentoLocal, pid: int) -> None:
    # A forked child has a copy of the registration, not of the server.
    if pid == os.getpid():
        server.stop()
