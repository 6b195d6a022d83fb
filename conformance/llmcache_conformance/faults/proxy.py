"""A TCP proxy on loopback that lets a test decide what goes wrong between a client and its servers.

    with Proxy(("127.0.0.1", 6379)) as proxy:
        store = open_store(f"redis://127.0.0.1:{proxy.port}/0")
        with proxy.under(LostReply(), times=1):
            store.append(...)

It runs on an event loop in a thread of its own, so that one proxy serves blocking tests and asyncio tests alike: every
method may be called from any thread, returns at once, and is in force when it returns, for connections that are open
and for those to come. Bytes are passed as they are, so TLS goes through; nothing is parsed.

It may stand before several servers, at a port of its own for each. The fault in force is one for all of them: a client that
finds its data on one of them and the way there on another meets it on both.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from llmcache_conformance.faults.fault import Carry, End, Fault, Hold, Towards, Wait
from llmcache_conformance.subject import Server
from llmcache_conformance.watching import Link

_CHUNK = 1 << 16
_BACKLOG = 128
# A proxy that does not end is a mistake here, and a test should say so and not hang.
_LONGEST_CLOSE = 10.0
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a free port of 127.0.0.1 for each server and passes everything to it, but for the fault in force.

    Args:
        servers: Host and port of each, at least one.

    Attributes:
        ways: Where it listens for each server.
        host: Where it listens for the first one: 127.0.0.1.
        port: The port there.
    """

    def __init__(self, *servers: tuple[str, int]) -> None:
        self._listeners = {server: _listening() for server in dict.fromkeys(Server(*one) for one in servers)}
        self.ways = {server: Server(*listener.getsockname()) for server, listener in self._listeners.items()}
        self.host, self.port = self.ways[Server(*servers[0])]
        self._lock = threading.Lock()
        self._force = _Force(None, None)
        self._wires: set[_Wire] = set()
        self._links: set[Link] = set()
        self._accepted = 0
        self._passed = dict.fromkeys(Towards, 0)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._accepted

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._wires)

    def links(self) -> set[Link]:
        """Return the connections to servers that were made so far."""
        with self._lock:
            return {*self._links}

    def passed(self, towards: Towards) -> int:
        """Return how many bytes went through in a direction so far; those that a fault swallowed are not among them."""
        return self._passed[towards]

    def use(self, fault: Fault, *, times: int | None = None) -> None:
        """Put `fault` in force in place of any other.

        Args:
            times: After it has ended so many connections it is lifted; None means it stays until `heal`.
        """
        self._replace(_Force(fault, times))

    def heal(self) -> None:
        """Lift the fault: bytes that were held go on, and connections that were ended stay so."""
        self._replace(_Force(None, None))

    @contextlib.contextmanager
    def under(self, fault: Fault, *, times: int | None = None) -> Generator[None]:
        """Have `fault` in force during the block; see `use`."""
        self.use(fault, times=times)
        try:
            yield
        finally:
            self.heal()

    def cut(self) -> None:
        """Reset the connections that are open now; new ones are welcome."""
        self._from_outside(self._cut_all)

    def close(self) -> None:
        """Reset every connection and stop listening; a second call does nothing."""
        if not self._thread.is_alive():
            return
        self._from_outside(self._stop)
        self._thread.join(_LONGEST_CLOSE)
        if self._thread.is_alive():
            raise TimeoutError(f"the proxy on port {self.port} did not end within {_LONGEST_CLOSE:g} s")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _replace(self, force: "_Force") -> None:
        with self._lock:
            before, self._force = self._force, force
        self._from_outside(before.lifted.set)

    def _from_outside(self, call: Any) -> None:
        # The loop is closed where a `with` block ends after its proxy was closed by hand.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        for server, listener in self._listeners.items():
            self._spawn(self._accept(server, listener))
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            for listener in self._listeners.values():
                listener.close()
            self._loop.close()

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._loop.stop()

    def _cut_all(self) -> None:
        for wire in self._wires:
            wire.cut()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, server: Server, listener: socket.socket) -> None:
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        while True:
            client, _ = await self._loop.sock_accept(listener)
            client.setblocking(False)
            self._accepted += 1
            wire = _Wire(client, server, socket.socket(family))
            self._wires.add(wire)
            wire.task = self._spawn(self._serve(wire))

    async def _serve(self, wire: "_Wire") -> None:
        try:
            force = self._force
            if force.fault is not None and force.fault.refuses:
                self._struck(force)
                return
            await self._connect(wire)
            await self._pump_both(wire)
            wire.reset = False
        except (OSError, _Ended):
            pass  # either side is gone: the other is told below
        finally:
            self._wires.discard(wire)
            wire.close()

    async def _connect(self, wire: "_Wire") -> None:
        wire.server.setblocking(False)
        await self._loop.sock_connect(wire.server, wire.target)
        with self._lock:
            self._links.add(Link.of(wire.server))
        for end in (wire.client, wire.server):
            # Without it the kernel would put the slices of a fault together again.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def _pump_both(self, wire: "_Wire") -> None:
        pumps = [
            asyncio.ensure_future(self._pump(wire, wire.client, wire.server, Towards.SERVER)),
            asyncio.ensure_future(self._pump(wire, wire.server, wire.client, Towards.CLIENT)),
        ]
        try:
            await asyncio.gather(*pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, wire: "_Wire", source: socket.socket, sink: socket.socket, towards: Towards) -> None:
        while chunk := await self._loop.sock_recv(source, _CHUNK):
            await self._pass(wire, sink, chunk, towards)
        # One side has said all it had to say; the other may go on.
        sink.shutdown(socket.SHUT_WR)

    async def _pass(self, wire: "_Wire", sink: socket.socket, chunk: bytes, towards: Towards) -> None:
        with self._lock:
            force = self._force
            before = force.arrived(wire, towards, len(chunk))
        if force.fault is None or force.fault.towards is not towards:
            await self._send(sink, chunk, towards)
            return
        for act in force.fault.acts(chunk, before):
            match act:
                case Carry(body):
                    await self._send(sink, body, towards)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case Hold(body):
                    await force.lifted.wait()
                    await self._pass(wire, sink, body, towards)
                case End(reset):
                    self._struck(force)
                    wire.reset = reset
                    raise _Ended

    async def _send(self, sink: socket.socket, body: bytes, towards: Towards) -> None:
        # Counted before it is sent: whoever has the reply finds it counted.
        self._passed[towards] += len(body)
        await self._loop.sock_sendall(sink, body)

    def _struck(self, force: "_Force") -> None:
        """Count a connection that `force` ended, and lift it after the last one."""
        with self._lock:
            if force.left is None:
                return
            force.left -= 1
            if force.left <= 0 and self._force is force:
                self._force = _Force(None, None)
                force.lifted.set()


def _listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


class _Ended(Exception):
    """A fault ended the connection."""


@dataclass(eq=False, slots=True)
class _Force:
    """The fault in force since some moment; None means that all goes well."""

    fault: Fault | None
    left: int | None
    lifted: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: dict[tuple["_Wire", Towards], int] = field(default_factory=dict)

    def arrived(self, wire: "_Wire", towards: Towards, count: int) -> int:
        """Count bytes and return how many there were before them, of this connection and direction."""
        place = (wire, towards)
        before = self._seen.get(place, 0)
        self._seen[place] = before + count
        return before


@dataclass(eq=False, slots=True)
class _Wire:
    """One connection: the client's end, the server's end, and how it is ended."""

    client: socket.socket
    target: Server
    server: socket.socket
    reset: bool = True
    task: asyncio.Task[None] | None = None

    def cut(self) -> None:
        """End it now."""
        if self.task is not None:
            self.task.cancel()

    def close(self) -> None:
        """Close both ends, by RST where the connection was reset."""
        for end in (self.client, self.server):
            if self.reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.close()
