"""The wire of the async colour: like the blocking one, with a set of connections for each event loop.

A connection belongs to the loop it was made in. Loops come and go (each `asyncio.run` is one), so each set is closed by its own
loop when that ends: an asynchronous generator that waits in the middle is closed by `loop.shutdown_asyncgens()`, which
`asyncio.run`, pytest and web servers call before they close a loop, and its `finally` closes the connections.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any, Final

from redis import exceptions as foreign

from llmcache.model.units import Seconds
from llmcache_redis.commands import Address, Lost, Outcome, Part, Pause, Round, T, Wire
from llmcache_redis.deadline import Deadline
from llmcache_redis.dialling import Dial
from llmcache_redis.errors import GARBLED, LOSSES, closed, is_answer
from llmcache_redis.packing import packed

_GOODBYE: Final[Seconds] = 1.0
"""How long the end of a loop waits for the other side of an encrypted connection to say goodbye."""


class _Idle:
    """The connections to one server, in one loop."""

    __slots__ = ("_address", "_dial", "_free", "_turns", "is_closed")

    def __init__(self, address: Address, dial: Dial, most: int) -> None:
        self._address = address
        self._dial = dial
        self._free: deque[Any] = deque()
        self._turns = asyncio.Semaphore(most)
        self.is_closed = False

    async def take(self) -> Any:
        """Return a connection, connected, to be given back."""
        await self._turns.acquire()
        try:
            return await self._connected()
        except BaseException:
            self._turns.release()
            raise

    async def _connected(self) -> Any:
        while self._free:
            connection = self._free.pop()
            if _is_quiet(connection):
                return connection
            await _end(connection)
        connection = self._dial.awaiting(self._address)
        try:
            await connection.connect()
        except BaseException:
            await _end(connection)
            raise
        return connection

    async def give_back(self, connection: Any, *, is_sound: bool) -> None:
        """Take a connection back; one that is not sound is closed, and so are its idle neighbours."""
        if is_sound:
            self._free.append(connection)
        else:
            await _end(connection)
        if self.is_closed or not is_sound:
            await self.drop()
        self._turns.release()

    async def drop(self, *, wait: bool = False) -> None:
        """Close the connections that are not in use."""
        while self._free:
            await _end(self._free.pop(), wait=wait)


def _is_quiet(connection: Any) -> bool:
    """True unless the other side has ended the connection since its last reply."""
    # Not by the connection's own `can_read`: in redis-py 5 to 7 that waits, and reads on.
    reader = getattr(connection, "_reader", None)
    return not isinstance(reader, asyncio.StreamReader) or not (reader.at_eof() or reader.exception())


async def _end(connection: Any, *, wait: bool = False) -> None:
    """Close a connection; by default without waiting until it is, which a caller that was cancelled must not do."""
    with suppress(foreign.RedisError, OSError, RuntimeError):
        if wait:
            async with asyncio.timeout(_GOODBYE):
                await connection.disconnect()
        else:
            await connection.disconnect(nowait=True)


class _OfLoop:
    """Everything that belongs to one loop."""

    def __init__(self, dial: Dial, most: int) -> None:
        self._dial = dial
        self._most = most
        self._idle: dict[Address, _Idle] = {}
        self._keeper = self._kept()

    async def begin(self) -> None:
        """Tie the connections to the end of this loop."""
        await anext(self._keeper)

    async def close(self) -> None:
        """Close the connections; in their own loop."""
        await self._keeper.aclose()

    def idle_at(self, address: Address) -> _Idle:
        """Return the connections to a server."""
        idle = self._idle.get(address)
        if idle is None:
            idle = self._idle[address] = _Idle(address, self._dial, self._most)
        return idle

    async def _kept(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            for idle in self._idle.values():
                idle.is_closed = True
                await idle.drop(wait=True)


class AwaitingWire:
    """Carries out wire steps in the running event loop; usable from several loops, and after a fork.

    Args:
        dial: Makes connections.
        most: Most connections to one server, in each loop.
    """

    def __init__(self, dial: Dial, most: int) -> None:
        self._dial = dial
        self._most = most
        self._loops: dict[asyncio.AbstractEventLoop, _OfLoop] = {}
        self._pid = os.getpid()
        self._inherited: list[object] = []
        self._is_closed = False

    async def run(self, steps: Wire[T]) -> T:
        """Await every round trip of `steps` and return their answer."""
        try:
            request = next(steps)
            while True:
                request = steps.send(await self._done(request))
        except StopIteration as finished:
            answer: T = finished.value
            return answer
        finally:
            steps.close()

    def close_soon(self) -> None:
        """Have every loop close its connections; those of the running loop, too, when it next turns."""
        self._is_closed = True
        if self._pid != os.getpid():
            return
        for loop, mine in list(self._loops.items()):
            # A loop that is closed has closed them; one that does not run now will when it ends.
            if loop.is_running() and self._loops.pop(loop, None) is not None:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_closing, loop, mine)

    async def close(self) -> None:
        """Close every connection of the running loop, and have the other loops close theirs."""
        mine = self._loops.pop(asyncio.get_running_loop(), None)
        self.close_soon()
        if mine is not None:
            await mine.close()

    async def _done(self, request: Round | Pause) -> list[list[Outcome]]:
        if isinstance(request, Pause):
            await asyncio.sleep(request.seconds)
            return []
        here = await self._here()
        exchanges = [_Exchange(here.idle_at(part.address), part) for part in request.parts]
        try:
            await _exchanged(exchanges, request.deadline)
        except TimeoutError as late:
            for exchange in exchanges:
                exchange.error = exchange.error or late
        finally:
            for exchange in exchanges:
                await exchange.end()
        return [exchange.outcomes() for exchange in exchanges]

    async def _here(self) -> _OfLoop:
        if self._is_closed:
            raise closed("a call")
        if self._pid != os.getpid():
            # The parent's connections and loops: kept, and never used.
            self._inherited.append(self._loops)
            self._loops, self._pid = {}, os.getpid()
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            # A copy, because loops of other threads come and go meanwhile.
            for other in [other for other in list(self._loops) if other.is_closed()]:
                self._loops.pop(other, None)
            here = self._loops[loop] = _OfLoop(self._dial, self._most)
            await here.begin()
        return here


async def _exchanged(exchanges: Sequence["_Exchange"], deadline: Deadline) -> None:
    async with asyncio.timeout(deadline.left()):
        for exchange in exchanges:
            await exchange.send()
        for exchange in exchanges:
            await exchange.read()


def _closing(loop: asyncio.AbstractEventLoop, mine: _OfLoop) -> None:
    task = loop.create_task(mine.close())
    # The loop holds tasks weakly; the set holds this one until it is done.
    _closings.add(task)
    task.add_done_callback(_closings.discard)


_closings: Final[set[asyncio.Task[None]]] = set()


class _Exchange:
    """The commands for one server, sent, and their replies, read."""

    __slots__ = ("_connection", "_found", "_idle", "_part", "_sent", "error")

    def __init__(self, idle: _Idle, part: Part) -> None:
        self._idle = idle
        self._part = part
        self._connection: Any = None
        self._found: list[Outcome] = []
        self._sent = False
        self.error: Exception | None = None

    async def send(self) -> None:
        """Send all commands; a failure is kept for `outcomes`."""
        try:
            self._connection = connection = await self._idle.take()
            sent = packed(self._part)
            self._sent = True
            await connection.send_packed_command(sent, check_health=False)
        except LOSSES as error:
            if isinstance(error, TimeoutError):
                raise  # of `asyncio.timeout`: for all exchanges
            self.error = error

    async def read(self) -> None:
        """Read a reply for each command."""
        while self.error is None and len(self._found) < len(self._part.commands):
            try:
                if self._part.asking:
                    await self._connection.read_response()
                self._found.append(await self._connection.read_response())
            except foreign.ResponseError as refusal:
                self._found.append(refusal)
            except GARBLED as error:
                if isinstance(error, TimeoutError):
                    raise  # of `asyncio.timeout`: for all exchanges
                self.error = error

    async def end(self) -> None:
        """Give the connection back, sound if every reply was read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            is_sound = self.error is None and len(self._found) == len(self._part.commands)
            await self._idle.give_back(connection, is_sound=is_sound)

    def outcomes(self) -> list[Outcome]:
        """Return what was read; for the rest `Lost`, or what the server said instead."""
        missing = len(self._part.commands) - len(self._found)
        rest = self.error if self.error is not None and is_answer(self.error) else Lost(self.error, self._sent)
        return [*self._found, *[rest] * missing]
