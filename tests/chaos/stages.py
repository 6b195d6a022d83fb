"""Where chaos happens: a store with its server, and the faults that can befall it, by name.

A fault is a function that takes seconds: it begins, waits so long, and mends what it broke before it returns.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Protocol

from grpc import StatusCode

from llmcache.model.units import Seconds
from llmcache_conformance.faults import BlackHole, Cut, Delay, Down, LostReply, Proxy, Slice, Towards, Truncate
from llmcache_conformance.faults.fault import Fault as WireFault
from llmcache_momento.local import MomentoLocal
from tests.chaos.clock import SharedClock

Fault = Callable[[Seconds], None]
_DISK = 32 * 2**20


class Crew(Protocol):
    """The processes of the workload, as faults see them."""

    def kill_one(self) -> None:
        """Kill a process with no chance to clean up, and start another in its place."""
        ...

    def fork_one(self) -> None:
        """Have one of them fork among its busy threads."""
        ...

    def stop_one(self) -> int:
        """Have one of them stand still and return its process id."""
        ...


class Stage(Protocol):
    """One store for chaos.

    Attributes:
        url: Of the store, for the workload.
        timeout: Longest that one call for entries may take.
        log_timeout: The same for conversations.
        processes: How many processes the workload has.
        loses: Names of faults after which the server itself may have lost what it had acknowledged.
    """

    url: str
    timeout: Seconds
    log_timeout: Seconds
    processes: int
    loses: frozenset[str]

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        """Return the faults by name."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def waiting(seconds: Seconds, begin: Callable[[], object], mend: Callable[[], object]) -> None:
    """Begin a fault, wait, and mend it."""
    begin()
    try:
        time.sleep(seconds)
    finally:
        mend()


def stopped(crew: Crew) -> Fault:
    """Return the fault of a process of ours that stands still for a while, whatever it holds."""

    def stand_still(seconds: Seconds) -> None:
        process = crew.stop_one()
        try:
            time.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    return stand_still


def at_once(act: Callable[[], object]) -> Fault:
    """Return a fault that is over as soon as it happened."""

    def happen(seconds: Seconds) -> None:
        act()
        time.sleep(seconds)

    return happen


def on_the_wire(proxy: Proxy, chance: Random) -> dict[str, Fault]:
    """Return what can go wrong between a client and its server."""

    def under(make: Callable[[], WireFault]) -> Fault:
        return lambda seconds: waiting(seconds, lambda: proxy.use(make()), proxy.heal)

    def towards() -> Towards:
        return chance.choice(tuple(Towards))

    return {
        "wire cut": at_once(proxy.cut),
        "wire delayed": under(lambda: Delay(chance.choice((0.01, 0.1, 0.4)), towards())),
        "wire sliced": under(lambda: Slice(chance.choice((1, 7, 64)), 0.0005, towards())),
        "wire black-holed": under(lambda: BlackHole(towards())),
        "wire cut after some bytes": under(lambda: Cut(chance.randrange(400), towards())),
        "wire closed after some bytes": under(lambda: Truncate(chance.randrange(400), towards())),
        "replies lost": under(LostReply),
        "server refuses": under(Down),
    }


def clock_jumps(clock: SharedClock, chance: Random) -> dict[str, Fault]:
    """Return the faults of a time of day that somebody sets."""
    return {
        "clock set forward": at_once(lambda: clock.jump(chance.choice((1.0, 30.0, 120.0, 86_400.0)))),
        "clock set back": at_once(lambda: clock.jump(-chance.choice((0.5, 30.0, 3_600.0)))),
    }


class MemoryStage:
    """The store in the process, with little room."""

    timeout = log_timeout = 0.2
    processes = 1
    loses = frozenset[str]()

    def __init__(self, folder: Path) -> None:
        # Conversations are never evicted and need room for a whole run, so that it is the number of answers that is small.
        self.url = "memory:?max_entries=25"

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        return {"fork": at_once(crew.fork_one), "stopped": stopped(crew)}

    def close(self) -> None:
        pass


class SqliteStage:
    """A file on a small disk of its own, where this process may mount one; else in a folder."""

    timeout = log_timeout = 2.0
    processes = 2
    loses = frozenset({"files removed", "file moved"})

    def __init__(self, folder: Path) -> None:
        self._disk = folder / "disk"
        self._disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", str(self._disk)]
        self._is_mounted = (
            os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
        )
        self._store = self._disk / "store"
        self.url = f"sqlite:{self._store}?max_bytes=24MiB&timeout={self.timeout}s"

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        faults: dict[str, Fault] = {
            "writer killed": at_once(crew.kill_one),
            "writer stopped": stopped(crew),
            "fork": at_once(crew.fork_one),
            "files removed": at_once(lambda: shutil.rmtree(self._store, ignore_errors=True)),
            "file moved": at_once(self._move),
        }
        if self._is_mounted:
            faults["disk full"] = lambda seconds: waiting(seconds, self._fill, self._free)
        return faults

    def close(self) -> None:
        if self._is_mounted:
            subprocess.run(["umount", "-l", str(self._disk)], check=True)

    def _move(self) -> None:
        with suppress(FileNotFoundError):
            (self._store / "llmcache-1.sqlite").replace(self._disk / "moved")

    def _fill(self) -> None:
        with (self._disk / "other").open("wb", buffering=0) as other, suppress(OSError):
            while other.write(bytes(4096)):
                pass

    def _free(self) -> None:
        (self._disk / "other").unlink(missing_ok=True)


class MomentoStage:
    """The stand-in of Momento behind a wire, in this process."""

    timeout = log_timeout = 1.0
    processes = 2
    loses = frozenset[str]()

    def __init__(self, folder: Path) -> None:
        self._server = MomentoLocal(["shop"]).start()
        self._proxy = Proxy((self._server.host, self._server.port))
        self.url = f"momento-local:127.0.0.1:{self._proxy.port}/shop?timeout={self.timeout}s"

    def faults(self, crew: Crew, chance: Random) -> Mapping[str, Fault]:
        def under(**fault: object) -> Fault:
            add = self._server.faults.add
            return lambda seconds: waiting(seconds, lambda: add(**fault), self._server.faults.clear)  # type: ignore[arg-type]  # by their names

        return {
            **on_the_wire(self._proxy, chance),
            "unavailable": under(code=StatusCode.UNAVAILABLE),
            "unavailable, three times": under(code=StatusCode.UNAVAILABLE, count=3),
            "internal, answer lost": under(code=StatusCode.INTERNAL, is_after=True),
            "answers lost, three times": under(code=StatusCode.UNAVAILABLE, is_after=True, count=3),
            "over the rate": under(code=StatusCode.RESOURCE_EXHAUSTED),
            "late": under(delay=chance.choice((0.05, 0.5, 1.5))),
            "key refused": under(code=StatusCode.UNAUTHENTICATED),
            "writer killed": at_once(crew.kill_one),
            "writer stopped": stopped(crew),
        }

    def close(self) -> None:
        self._proxy.close()
        self._server.stop()
