"""What a process holds: threads, and open files and connections, by name; to see what a store leaves behind, and to whom it talks."""

import gc
import os
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from llmcache_conformance.result import NotRun
from llmcache_conformance.subject import Server

_DESCRIPTORS = Path("/proc/self/fd")
_ESTABLISHED, _LISTENING = "01", "0A"
_TCP = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))


class Link(NamedTuple):
    """A TCP connection of this process: its own end, and the other one."""

    here: Server
    there: Server

    @classmethod
    def of(cls, connected: socket.socket) -> "Link":
        """Return the connection of a socket."""
        return cls(Server(*connected.getsockname()[:2]), Server(*connected.getpeername()[:2]))


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
    inodes = {row[9] for row in _rows()}
    return sum(inode in inodes for inode in _inodes())


def links() -> set[Link]:
    """Return the TCP connections that this process has made to others; NotRun where the system does not tell."""
    own = set(_inodes())
    rows = [(_server(row[1]), _server(row[2]), row[3]) for row in _rows() if row[9] in own]
    listened_at = {here.port for here, _, state in rows if state == _LISTENING}
    return {Link(here, there) for here, there, state in rows if state == _ESTABLISHED and here.port not in listened_at}


def _rows() -> Iterator[list[str]]:
    """Give the rows of the system's tables of TCP connections, in words."""
    for table in _TCP:
        if table.exists():
            yield from (line.split() for line in table.read_text().splitlines()[1:])


def _inodes() -> list[str]:
    return [target.removeprefix("socket:[").removesuffix("]") for target in _targets()]


def _server(text: str) -> Server:
    """Return what the table writes as "0100007F:1F90": the address in words of 32 bits, each as this machine keeps numbers."""
    address, _, port = text.partition(":")
    words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if len(words) == 1:
        return Server(socket.inet_ntop(socket.AF_INET, packed), int(port, 16))
    shown = socket.inet_ntop(socket.AF_INET6, packed)
    # A socket for both families shows an address of the older one like this.
    return Server(shown.removeprefix("::ffff:") if "." in shown else shown, int(port, 16))


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
