"""The wire of the blocking colour: connections, a round trip over them, and what is lost when one breaks."""

import os
import time
from collections import deque
from queue import Empty, SimpleQueue

from redis import exceptions as foreign

from llmcache_redis.commands import Address, Lost, Outcome, Part, Pause, Round, T, Wire
from llmcache_redis.deadline import Deadline
from llmcache_redis.dialling import Dial
from llmcache_redis.errors import GARBLED, LOSSES, closed, is_answer
from llmcache_redis.packing import packed
from llmcache_redis.timed import Dialled, is_quiet


class _Idle:
    """The connections to one server, in one process."""

    __slots__ = ("_address", "_dial", "_free", "_turns", "is_closed", "pid")

    def __init__(self, address: Address, dial: Dial, most: int) -> None:
        self._address = address
        self._dial = dial
        self._free: deque[Dialled] = deque()
        # A queue of nothings, because a semaphore of `threading` costs microseconds.
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _ in range(most):
            self._turns.put(None)
        self.is_closed = False
        self.pid = os.getpid()

    def take(self, deadline: Deadline) -> Dialled:
        """Return a connection, connected, to be given back.

        Raises:
            TimeoutError: All were in use until the deadline.
            redis.RedisError: There was none, and none could be made.
        """
        try:
            self._turns.get(timeout=deadline.left())
        except Empty:
            raise TimeoutError from None
        try:
            return self._connected(deadline)
        except BaseException:
            self._turns.put(None)
            raise

    def _connected(self, deadline: Deadline) -> Dialled:
        while True:
            try:
                connection = self._free.pop()
            except IndexError:
                return self._made(deadline)
            if is_quiet(connection):
                connection.deadline = deadline
                return connection
            connection.disconnect()

    def _made(self, deadline: Deadline) -> Dialled:
        connection: Dialled = self._dial.blocking(self._address)
        connection.deadline = deadline
        try:
            connection.connect()
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def give_back(self, connection: Dialled, *, is_sound: bool) -> None:
        """Take a connection back; one that is not sound is closed, and so are its idle neighbours.

        They were connected to the same process, which is perhaps no more: a repetition must not meet another of them.
        """
        if is_sound:
            self._free.append(connection)
        else:
            connection.disconnect()
        if self.is_closed or not is_sound:
            self.drop()
        self._turns.put(None)

    def drop(self) -> None:
        """Close the connections that are not in use."""
        while True:
            try:
                connection = self._free.pop()
            except IndexError:
                return
            connection.disconnect()


class BlockingWire:
    """Carries out wire steps in the calling thread; safe for several threads, and after a fork.

    Args:
        dial: Makes connections.
        most: Most connections to one server.
    """

    def __init__(self, dial: Dial, most: int) -> None:
        self._dial = dial
        self._most = most
        self._idle: dict[Address, _Idle] = {}
        self._inherited: list[_Idle] = []
        self._is_closed = False

    def run(self, steps: Wire[T]) -> T:
        """Do every round trip of `steps` and return their answer."""
        try:
            request = next(steps)
            while True:
                request = steps.send(self._done(request))
        except StopIteration as finished:
            answer: T = finished.value
            return answer
        finally:
            steps.close()

    def close(self) -> None:
        """Close every idle connection; one that is in use is closed when its call ends. Again does nothing."""
        self._is_closed = True
        for idle in list(self._idle.values()):
            idle.is_closed = True
            if idle.pid == os.getpid():
                idle.drop()

    def _done(self, request: Round | Pause) -> list[list[Outcome]]:
        if isinstance(request, Pause):
            time.sleep(request.seconds)
            return []
        if len(request.parts) == 1:
            return [self._exchanged(request.parts[0], request.deadline)]
        exchanges = [_Exchange(self.idle_at(part.address), part, request.deadline) for part in request.parts]
        try:
            for exchange in exchanges:
                exchange.send()
            return [exchange.read() for exchange in exchanges]
        finally:
            for exchange in exchanges:
                exchange.end()

    def _exchanged(self, part: Part, deadline: Deadline) -> list[Outcome]:
        exchange = _Exchange(self.idle_at(part.address), part, deadline)
        try:
            exchange.send()
            return exchange.read()
        finally:
            exchange.end()

    def idle_at(self, address: Address) -> _Idle:
        """Return the connections to a server."""
        if self._is_closed:
            raise closed("a call")
        idle = self._idle.get(address)
        if idle is None:
            return self._idle.setdefault(address, _Idle(address, self._dial, self._most))
        if idle.pid != os.getpid():
            # The parent's connections: closing one here would end a TLS session there. They are kept, and never used.
            self._inherited.append(idle)
            idle = self._idle[address] = _Idle(address, self._dial, self._most)
        return idle


class _Exchange:
    """The commands for one server, sent, and their replies, read."""

    __slots__ = ("_connection", "_deadline", "_error", "_idle", "_part", "_sent")

    def __init__(self, idle: _Idle, part: Part, deadline: Deadline) -> None:
        self._idle = idle
        self._part = part
        self._deadline = deadline
        self._connection: Dialled | None = None
        self._error: Exception | None = None
        self._sent = False

    def send(self) -> None:
        """Send all commands; a failure is kept for `read`."""
        try:
            self._connection = connection = self._idle.take(self._deadline)
            sent = packed(self._part)
            self._sent = True
            connection.send_packed_command((sent,), check_health=False)
        except LOSSES as error:
            self._error = error

    def read(self) -> list[Outcome]:
        """Read a reply for each command; those that do not come are `Lost`, or what the server said instead of them."""
        found: list[Outcome] = []
        while self._error is None and len(found) < len(self._part.commands):
            try:
                found.append(self._reply())
            except foreign.ResponseError as refusal:
                found.append(refusal)
            except GARBLED as error:
                self._error = error
        if self._error is None:
            self._give_back(is_sound=True)
        else:
            rest = self._error if is_answer(self._error) else Lost(self._error, self._sent)
            found += [rest] * (len(self._part.commands) - len(found))
        return found

    def end(self) -> None:
        """Close the connection unless all went well."""
        self._give_back(is_sound=False)

    def _reply(self) -> Outcome:
        connection = self._connection
        if connection is None:
            raise AssertionError("unreachable: no reply is read where nothing was sent")
        if self._part.asking:
            connection.read_response()
        return connection.read_response()

    def _give_back(self, *, is_sound: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._idle.give_back(connection, is_sound=is_sound)
