"""Redis for chaos: one server that keeps what it acknowledged on its disk, and a cluster whose masters die."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

from llmcache.model.units import Seconds
from llmcache_conformance.faults import Proxy
from tests.chaos.stages import Crew, Fault, at_once, on_the_wire, stopped, waiting
from tests.redis.clusters import Members
from tests.redis.servers import PATIENCE, Server, system_redis

_ROOM = "1500kb"
"""Above what an empty server takes, and below what it holds after a while."""


class RedisStage:
    """One server behind a wire; it writes down every command before it answers, so that a kill loses nothing."""

    timeout = 0.25
    log_timeout = 1.0
    processes = 2
    loses = frozenset[str]()

    def __init__(self, folder: Path) -> None:
        lines = ("appendonly yes", "appendfsync always", "maxmemory-policy volatile-lru")
        self._server = Server(folder / "redis", system_redis(), lines)
        self._proxy = Proxy(("127.0.0.1", self._server.port))
        self.url = f"redis://127.0.0.1:{self._proxy.port}/0?timeout={self.timeout}s&log_timeout={self.log_timeout}s"

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        return {
            **on_the_wire(self._proxy, chance),
            "server killed": lambda seconds: waiting(seconds, self._server.kill, self._server.restart),
            "server stopped": lambda seconds: waiting(seconds, self._stop, self._go_on),
            "memory full": lambda seconds: waiting(seconds, lambda: self._limit(_ROOM), lambda: self._limit("0")),
            "clients thrown out": at_once(lambda: self._server.ask("CLIENT", "KILL", "TYPE", "normal")),
            "scripts forgotten": at_once(lambda: self._server.ask("SCRIPT", "FLUSH")),
            "writer killed": at_once(crew.kill_one),
            "writer stopped": stopped(crew),
        }

    def close(self) -> None:
        self._proxy.close()
        self._server.close()

    def _stop(self) -> None:
        os.kill(self._server.process.pid, signal.SIGSTOP)

    def _go_on(self) -> None:
        os.kill(self._server.process.pid, signal.SIGCONT)

    def _limit(self, size: str) -> None:
        self._server.ask("CONFIG", "SET", "maxmemory", size)


class ClusterStage:
    """Three masters with a replica each. Replication is behind, so that a failover may lose what was just acknowledged."""

    timeout = 0.5
    log_timeout = 2.0
    processes = 2
    loses = frozenset({"master killed", "master stopped long"})

    def __init__(self, folder: Path) -> None:
        self._members = Members(folder / "cluster", system_redis())
        self.url = f"redis+cluster://{self._members.hosts}?timeout={self.timeout}s&log_timeout={self.log_timeout}s"

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        return {
            "master killed": lambda seconds: self._fail_over(chance),
            "master stopped": lambda seconds: self._stop(chance, seconds),
            "clients thrown out": at_once(lambda: self._each("CLIENT", "KILL", "TYPE", "normal")),
            "writer killed": at_once(crew.kill_one),
            "writer stopped": stopped(crew),
        }

    def close(self) -> None:
        self._members.close()

    def _each(self, *words: str) -> None:
        for server in self._members.servers:
            server.ask(*words)

    def _masters(self) -> list[Server]:
        return [one for one in self._members.servers if "role:master" in one.text("INFO", "replication")]

    def _fail_over(self, chance: Random) -> None:
        victim = chance.choice(self._masters())
        victim.kill()
        others = [one for one in self._members.servers if one is not victim]
        _wait(
            lambda: (
                all("cluster_state:ok" in one.text("CLUSTER", "INFO") for one in others) and len(self._of(others)) >= 3
            )
        )
        victim.restart()
        _wait(lambda: "master_link_status:up" in victim.text("INFO", "replication"))

    @staticmethod
    def _of(servers: list[Server]) -> list[Server]:
        return [one for one in servers if "role:master" in one.text("INFO", "replication")]

    def _stop(self, chance: Random, seconds: Seconds) -> None:
        # Shorter than the cluster's own patience: longer, and it is a failover.
        victim = chance.choice(self._masters()).process.pid
        waiting(min(seconds, 1.0), lambda: os.kill(victim, signal.SIGSTOP), lambda: os.kill(victim, signal.SIGCONT))


def _wait(is_so: object) -> None:
    end = time.monotonic() + PATIENCE
    assert callable(is_so)
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not recover")
        time.sleep(0.05)
