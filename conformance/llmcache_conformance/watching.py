"""What a process holds: threads, and open files and connections, by name; to see what a store leaves behind."""

import gc
import os
import threading
from collections import Counter
from pathlib import Path

from llmcache_conformance.result import NotRun

_DESCRIPTORS = Path("/proc/self/fd")
_TCP = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))


def threads() -> Counter[str]:
    """Return the names of the threads that run, with how many have each."""
    return Counter(thread.name for thread in threading.enumerate())


def descriptors() -> Counter[str]:
    """Return what the open descriptors lead to, with how many lead there; NotRun where the system does not tell.

    A socket is counted as "socket": its number is another every time.
    """
    gc.collect()
    return Counter("socket" if target.startswith("socket:") else target for target in _targets())


def connections() -> int:
    """Return how many TCP connections and listeners this process has open; NotRun where the system does not tell."""
    inodes = {line.split()[9] for table in _TCP if table.exists() for line in table.read_text().splitlines()[1:]}
    return sum(target.removeprefix("socket:[").removesuffix("]") in inodes for target in _targets())


def _targets() -> list[str]:
    if not _DESCRIPTORS.is_dir():
        raise NotRun("this system does not list the open files of a process in /proc")
    found: list[str] = []
    for entry in os.listdir(_DESCRIPTORS):  # noqa: PTH208 -- names only: a Path for each would be followed
        try:
            found.append(os.readlink(_DESCRIPTORS / entry))  # noqa: PTH115 -- as text, whatever it leads to
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return found
