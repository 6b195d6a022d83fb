"""A stranger's store on two servers: a guide, which the URL names, says where the other one is, which keeps everything.

guided://HOST:PORT,HOST:PORT?remap=HOST:PORT=HOST:PORT    where the first is the guide
stubborn://HOST:PORT                                      goes where the guide says, whatever it is told
lone://HOST:PORT                                          cannot be told where to go
"""

import socket
import socketserver
import threading
from collections.abc import Generator
from contextlib import contextmanager

from llmcache.config.quantities import read_remap, read_server
from llmcache.drivers.offload import Offloaded
from llmcache.model.units import Seconds
from llmcache.plugins.spec import Target
from llmcache.protocols.whole import StorePair
from llmcache_conformance.remote.client import RemoteStore
from llmcache_conformance.subject import Server

DEADLINE: Seconds = 2.0
PAGE = """
from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec

@hookimpl
def llmcache_stores():
    return [
        StoreSpec(scheme=scheme, factory=f"tests.conformance.guided:open_{way}", summary="", options=options)
        for scheme, way, options in (
            ("guided", "guided", {"remap": "remap"}), ("stubborn", "stubborn", {"remap": "remap"}), ("lone", "guided", {})
        )
    ]
"""
"""The plugin of all."""


class GuidedStore(RemoteStore):
    """Asks the guide before each connection that it makes."""

    def __init__(self, guide: tuple[str, int], remap: str) -> None:
        super().__init__(*guide, DEADLINE)
        self._guide = guide
        self._remap = read_remap("remap", remap) if remap else {}

    def _connection(self, ends: float) -> socket.socket:
        with socket.create_connection(self._guide, DEADLINE) as guide, guide.makefile("rb") as lines:
            named = lines.readline()
        if not named.endswith(b"\n"):
            raise ConnectionError("the guide said nothing")
        announced = read_server("the guide", named.decode())
        self._target = self._remap.get(announced, announced)
        return super()._connection(ends)


def open_guided(target: Target) -> StorePair:
    """Open it."""
    servers = target.address.rpartition("@")[2].strip("/").partition("/")[0]
    guide = read_server("the URL", servers.split(",")[0])
    store = GuidedStore(guide, str(target.options.get("remap", "")))
    return StorePair(store, Offloaded(store))


def open_stubborn(target: Target) -> StorePair:
    """Open the one that is told nothing."""
    return open_guided(Target(target.scheme, target.address, {}, target.clock))


@contextmanager
def guide_to(announced: str) -> Generator[Server]:
    """Have a guide name one server to everybody who connects; yields where the guide is."""

    class Naming(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(f"{announced}\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Naming) as guide:
        thread = threading.Thread(target=guide.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Server("127.0.0.1", guide.server_address[1])
        finally:
            guide.shutdown()
            thread.join()
