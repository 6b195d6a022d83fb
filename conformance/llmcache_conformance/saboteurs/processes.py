"""Saboteurs that hold as long as nobody kills them, and such that leave things behind when they are closed."""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llmcache.drivers.offload import Offloaded
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import StorePair
from llmcache_conformance.remote.client import RemoteStore, open_remote
from llmcache_conformance.saboteurs.saboteur import Prepared
from llmcache_conformance.subject import Subject

PORT_VARIABLE = "LLMCACHE_CONFORMANCE_PORT"
"""Where a process that is to be killed finds the port of its `MemoryServer`."""

_PAUSE: Seconds = 0.005
_DEADLINE: Seconds = 30.0


class PutsInHalves(RemoteStore):
    """Writes the first half of a body and then the whole."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many([Put(put.key, put.body[: len(put.body) // 2], put.ttl) for put in puts])
        time.sleep(_PAUSE)
        super().put_many(puts)


class AppendsInParts(RemoteStore):
    """Appends the bodies of a call one by one."""

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        length = 0
        for body in bodies:
            length = super().append(log, (body,), max_length=max_length, ttl=ttl)
            time.sleep(_PAUSE)
        return length


class WritesWhenItIsTime(RemoteStore):
    """Gathers puts and appends, and sends them when there are a dozen."""

    def __init__(self, host: str, port: int, deadline: Seconds = 1.0) -> None:
        super().__init__(host, port, deadline)
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []

    def put_many(self, puts: Sequence[Put]) -> None:
        self._later("put_many", puts)

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        self._later("append", log, bodies)
        return len(bodies)

    def _later(self, call: str, *arguments: Any) -> None:
        self._waiting.append((call, arguments))
        if len(self._waiting) >= 12:
            waiting, self._waiting = self._waiting, []
            for one, given in waiting:
                self.ask(one, *given)


class KeepsLogsAtHome(RemoteStore):
    """Keeps logs in its own process, where no other one sees them."""

    def __init__(self, host: str, port: int, deadline: Seconds = 1.0) -> None:
        super().__init__(host, port, deadline)
        self._home = MemoryStore()

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return self._home.append(log, bodies, max_length=max_length, ttl=ttl)

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> Sequence[bytes]:
        return self._home.read_log(log, start, stop)


def open_halves(_clock: Callable[[], float]) -> StorePair:
    """Open the store that puts in halves."""
    return _opened(PutsInHalves)


def open_parts(_clock: Callable[[], float]) -> StorePair:
    """Open the store that appends in parts."""
    return _opened(AppendsInParts)


def open_late(_clock: Callable[[], float]) -> StorePair:
    """Open the store that writes when it is time."""
    return _opened(WritesWhenItIsTime)


def open_home(_clock: Callable[[], float]) -> StorePair:
    """Open the store that keeps logs at home."""
    return _opened(KeepsLogsAtHome)


def open_honest(_clock: Callable[[], float]) -> StorePair:
    """Open the reference, which they are measured by."""
    return _opened(RemoteStore)


def _opened(store: type[RemoteStore]) -> StorePair:
    blocking = store("127.0.0.1", int(os.environ[PORT_VARIABLE]), _DEADLINE)
    return StorePair(blocking, Offloaded(blocking))


@dataclass(frozen=True, slots=True)
class KilledSaboteur:
    """A store that another process opens and is killed with.

    Args:
        opening: The name of the function here that opens it there; here the store is opened rightly.
        clauses: The clauses that it breaks.
    """

    opening: str
    clauses: tuple[str, ...]

    def subject(self, port: int) -> Subject:
        """Return it as a store to check, on the `MemoryServer` at `port`."""
        return Subject(
            self.opening,
            lambda _: open_remote("127.0.0.1", port, deadline=_DEADLINE),
            opens_same=True,
            own_clock=True,
            url=f"python:{__name__}:{self.opening}",
        )


KILLED_SABOTEURS = (
    KilledSaboteur("open_halves", ("KV-5",)),
    KilledSaboteur("open_parts", ("LOG-1",)),
    KilledSaboteur("open_late", ("KV-6", "LOG-3")),
    KilledSaboteur("open_home", ("LOG-3", "VEC-3")),
)


class LeavesAThread(Prepared):
    """Starts a thread that nobody ends."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self.gate = threading.Event()
        threading.Thread(target=self.gate.wait, args=(_DEADLINE,), name="janitor", daemon=True).start()


class LeavesAFile(Prepared):
    """Opens a file that nobody closes."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        handle, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 -- text, as mkstemp gives it
        self.handle = handle


class LeavesATask(AsyncMemoryStore):
    """Starts a task at its first put that goes on after close."""

    async def put_many(self, puts: Sequence[Put]) -> None:
        self.__dict__.setdefault("task", asyncio.ensure_future(asyncio.sleep(_DEADLINE)))
        await super().put_many(puts)


def leaking(store: type[MemoryStore], awaiting: type[AsyncMemoryStore] = AsyncMemoryStore) -> Subject:
    """Return a store that leaves something behind as a store to check."""

    def opening(clock: Callable[[], float]) -> StorePair:
        blocking = store(clock=clock)
        return StorePair(blocking, awaiting(blocking))

    return Subject(store.__name__ if awaiting is AsyncMemoryStore else awaiting.__name__, opening)


LEAKING_SABOTEURS = (leaking(LeavesAThread), leaking(LeavesAFile), leaking(MemoryStore, LeavesATask))
