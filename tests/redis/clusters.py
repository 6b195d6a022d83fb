"""A cluster and a sentinel for tests, made by the servers' own tools."""

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.redis.servers import PATIENCE, Program, Server, free_port

_BUS = 10_000
MASTERS, MEMBERS = 3, 6
_SLOTS = 16_384


def port_with_bus() -> int:
    """Return a free port whose neighbour for the cluster's own talk is free too."""
    while True:
        port = free_port()
        if port + _BUS > 65_535:
            continue
        with socket.socket() as bus:
            try:
                bus.bind(("127.0.0.1", port + _BUS))
            except OSError:
                continue
        return port


class Members:
    """A cluster of three masters, each with a replica.

    Args:
        folder: Of its own.
        program: What each member runs.
        more: More lines of the configuration of each.
    """

    def __init__(self, folder: Path, program: Program, more: Sequence[str] = ()) -> None:
        lines = (
            *more,
            "cluster-enabled yes",
            "cluster-node-timeout 2000",
            "cluster-config-file nodes.conf",
            "repl-diskless-sync-delay 0",
        )
        self.servers: list[Server] = []
        try:
            for number in range(MEMBERS):
                self.servers.append(Server(folder / str(number), program, lines, port=port_with_bus()))
            self._join()
        except BaseException:
            self.close()
            raise

    @property
    def hosts(self) -> str:
        """The members, as in a store URL."""
        return ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def empty(self) -> None:
        """Drop all that they hold."""
        for server in self.servers[:MASTERS]:
            server.ask("FLUSHALL")

    def close(self) -> None:
        """End all members."""
        for server in self.servers:
            server.close()

    def _join(self) -> None:
        share = -(-_SLOTS // MASTERS)
        for number, master in enumerate(self.servers[:MASTERS]):
            last = min(_SLOTS, (number + 1) * share) - 1
            master.ask("CLUSTER", "ADDSLOTSRANGE", str(number * share), str(last))
            master.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for server in self.servers[1:]:
            server.ask("CLUSTER", "MEET", "127.0.0.1", str(self.servers[0].port))
        self._wait("meet", lambda: all(self._knows_all(server) for server in self.servers))
        for master, replica in zip(self.servers[:MASTERS], self.servers[MASTERS:], strict=True):
            identity = master.text("CLUSTER", "MYID")
            self._wait("replicate", lambda: replica.ask("CLUSTER", "REPLICATE", identity) == "+OK")  # noqa: B023 -- called at once
        self._wait("agree", lambda: all("cluster_state:ok" in one.text("CLUSTER", "INFO") for one in self.servers))

    @staticmethod
    def _knows_all(server: Server) -> bool:
        return f"cluster_known_nodes:{MEMBERS}" in server.text("CLUSTER", "INFO")

    def _wait(self, what: str, is_done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not is_done():
            if time.monotonic() > end:
                raise TimeoutError(f"the cluster did not {what} within {PATIENCE:g} s")
            time.sleep(0.02)
