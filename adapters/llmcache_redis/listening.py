"""Hearing of changes: one thread that listens to every server that holds keys.

A server is asked by `CLIENT TRACKING ON BCAST` to tell of changes to names that begin as ours do: by whoever, by expiry and
eviction as well. It tells on a connection of its own, in RESP3, so neither SUBSCRIBE nor a channel of an access list is needed. It
remembers nothing for that but the prefix.

A connection can die without a word, and slots can move to a server that nobody listens to. So every few seconds each server must
answer a PING, and who holds keys is asked again where that can change. What was lost until then is unknown: watchers are told
so, and that everything may have changed once all servers are listened to again.
"""

import os
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from redis import exceptions as foreign

from llmcache.errors import UsageError
from llmcache.memory.forking import lock_across_forks
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.deed import Deed
from llmcache.protocols.news import Changed, Deaf, Listening, News, Watcher
from llmcache_redis.blocking_wire import BlockingWire
from llmcache_redis.commands import Address, Word
from llmcache_redis.deadline import Deadline
from llmcache_redis.dialling import Dial
from llmcache_redis.errors import NAME, closed, code_of
from llmcache_redis.layout import EVERYTHING, Layout
from llmcache_redis.packing import by_hand
from llmcache_redis.sending import Sender
from llmcache_redis.timed import Dialled

if TYPE_CHECKING:
    import hiredis
else:
    try:
        import hiredis
    except ImportError:  # whoever left the extra away
        hiredis = None

NEWS_DELAY: Final[Seconds] = 2.0
"""Longest until a change is told, by a busy machine; a quiet one takes 0.1 ms."""
_BEAT: Final[Seconds] = 5.0
_PATIENCE: Final[Seconds] = 2.0
"""How long connecting and asking takes at most, whatever the deadline of calls: nobody waits for it."""
_FIRST_PAUSE: Final[Seconds] = 0.1
_LONGEST_PAUSE: Final[Seconds] = 30.0
_AT_ONCE: Final = 1 << 16
_PREFIX: Final = EVERYTHING.removesuffix("*")


def can_listen(dial: Dial) -> bool:
    """True where connections are of redis-py's own classes, and hiredis is there to read what they tell."""
    return hiredis is not None and dial.classes.blocking is None and dial.classes.awaiting is None


class Listener:
    """Tells watchers what the servers tell of. Its thread begins with the first watcher, and ends with `close`.

    Args:
        dial: Makes connections.
        wire: Asks who holds keys.
        sender: Knows whom to ask.
        layout: Where things lie.
    """

    def __init__(self, dial: Dial, wire: BlockingWire, sender: Sender, layout: Layout) -> None:
        self._dial = dial
        self._wire = wire
        self._sender = sender
        self._layout = layout
        self._lock = lock_across_forks()
        self._is_closed = False
        self._run_by: _Run | None = None
        self._inherited: list[_Run] = []

    @property
    def has_begun(self) -> bool:
        """True where there is a thread to end."""
        return self._run_by is not None and self._run_by.process == os.getpid()

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` from now on."""
        try:
            run = self._run()
        except (RuntimeError, OSError) as error:  # no thread, or no socket, is to be had
            watcher(Deaf(type(error).__name__))
        else:
            run.add(watcher)

    def close(self) -> None:
        """End the thread and close its connections; again does nothing."""
        with self._lock:
            self._is_closed = True
            run = self._run_by if self.has_begun else None
        if run is not None:
            run.end()

    def _run(self) -> "_Run":
        with self._lock:
            if self._is_closed:
                raise closed("watch")
            run = self._run_by
            if run is None or run.process != os.getpid():
                # The parent's connections are kept, and never used: closing one here would end a TLS session there.
                self._inherited += [] if run is None else [run]
                run = self._run_by = _Run(self._dial, self._servers, self._sender.topology.can_refresh, self._layout)
            return run

    def _servers(self) -> frozenset[Address]:
        found = frozenset(self._wire.run(self._sender.servers(Deed("watch"), _PATIENCE)))
        if not found:
            raise ConnectionError("no server")
        return found


class _Run:
    """The thread of one process, its watchers and its connections. No watcher is told under a lock, because it has locks of its own."""

    def __init__(self, dial: Dial, servers: Callable[[], frozenset[Address]], can_change: bool, layout: Layout) -> None:
        self.process = os.getpid()
        self._dial = dial
        self._servers = servers
        self._can_change = can_change
        self._layout = layout
        # An ordinary one: a child process has no use for what its parent listens to.
        self._lock = threading.Lock()
        self._watchers: list[Watcher] = []
        self._ears: list[_Ear] = []
        self._last: News | None = None
        self._is_over = False
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._go, name=f"llmcache-{NAME}-news", daemon=True)
        self._thread.start()

    def add(self, watcher: Watcher) -> None:
        """Tell `watcher` how things are, and of what happens from now on."""
        with self._lock:
            self._watchers.append(watcher)
            told = self._last
        while told is not None and not self._is_over:
            watcher(told)
            # Where that has changed meanwhile, the thread may have told it first: so the last that is told is what holds.
            last, told = told, self._last
            if told is last:
                break

    def end(self) -> None:
        """Tell nothing any more, and wait until the thread is gone."""
        self._is_over = True
        # Closing it is no end of file while a child process has a copy.
        with suppress(OSError):  # it is closed already
            self._waker.shutdown(socket.SHUT_RDWR)
        self._waker.close()
        self._thread.join()

    def _go(self) -> None:
        failures = 0
        while not self._is_over:
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001 -- whatever it was, watchers must not wait for news that never come
                was_listening = isinstance(self._last, Listening)
                failures = 0 if was_listening else failures + 1
                if was_listening or self._last is None:
                    self._tell(Deaf(_reason(error)))
            finally:
                for ear in self._ears:
                    ear.close()
                self._ears = []
            pause = min(_FIRST_PAUSE * 2.0**failures, _LONGEST_PAUSE)
            self._wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- so that processes do not come back together
        self._wakened.close()

    def _wait(self, seconds: Seconds) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ)
            selector.select(seconds)

    def _listen(self) -> None:
        """Listen until a connection is lost, the servers change, or the listener is closed."""
        servers = self._servers()
        for server in servers:
            self._ears.append(_Ear(self._dial.blocking(server)))
            self._ears[-1].open()
        self._tell(Listening())
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakened, selectors.EVENT_READ, None)
            for ear in self._ears:
                selector.register(ear.fileno(), selectors.EVENT_READ, ear)
            beat = time.monotonic() + _BEAT
            while not self._is_over:
                for ready, _ in selector.select(max(beat - time.monotonic(), 0.0)):
                    if ready.data is not None:
                        self._hear(ready.data)
                if time.monotonic() >= beat:
                    beat = time.monotonic() + _BEAT
                    self._check(servers)

    def _check(self, servers: frozenset[Address]) -> None:
        for ear in self._ears:
            ear.must_answer()
        if self._can_change and self._servers() != servers:
            raise ConnectionError("the servers have changed")

    def _hear(self, ear: "_Ear") -> None:
        for names in ear.told():
            self._tell(Listening() if names is None else self._changed(names))

    def _changed(self, names: Sequence[bytes]) -> Changed:
        keys: dict[Key, None] = {}
        spaces: dict[Space, None] = {}
        for name in names:
            text = name.decode("utf-8", "replace")
            prefix = self._layout.physical(text)
            if prefix.endswith(":"):
                # A stamp was made, taken away, or dropped: with it, all that is valid by it.
                spaces.update(dict.fromkeys(_space_of(prefix)))
            else:
                key = self._layout.key_of(text)
                keys.update({} if key is None else {key: None})
        return Changed(tuple(keys), tuple(spaces))

    def _tell(self, news: News) -> None:
        with self._lock:
            if not isinstance(news, Changed):
                self._last = news
            watchers = tuple(self._watchers)
        for watcher in watchers:
            if not self._is_over:
                watcher(news)


class _Ear:
    """A connection that a server tells on."""

    def __init__(self, dialled: Dialled) -> None:
        self._dialled = dialled
        self._reader = hiredis.Reader(notEnoughData=None)
        self._is_awaited = False

    def open(self) -> None:
        """Connect and ask to be told; RedisError or OSError where that is not to be had."""
        self._dialled.deadline = Deadline(_PATIENCE)
        self._dialled.connect()
        self._send(("HELLO", 3), ("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", _PREFIX))
        answers = 0
        while answers < 2:
            for reply in self._replies():
                answers += not isinstance(reply, list)

    def fileno(self) -> int:
        """Return what to wait for."""
        return int(self._socket.fileno())

    def told(self) -> Iterator[Sequence[bytes] | None]:
        """Give the names that have changed, in lots; None means all."""
        for reply in self._replies():
            self._is_awaited = False
            if isinstance(reply, list) and reply[0] == b"invalidate":
                yield reply[1]

    def must_answer(self) -> None:
        """Ask for a sign of life; TimeoutError where the last one never came."""
        if self._is_awaited:
            raise TimeoutError
        self._is_awaited = True
        self._dialled.deadline = Deadline(_PATIENCE)
        self._send(("PING",))

    def close(self) -> None:
        """Close the connection."""
        self._dialled.disconnect()

    @property
    def _socket(self) -> Any:
        return self._dialled._sock  # type: ignore[attr-defined]  # noqa: SLF001 -- redis-py reads no pushes without a subscription

    def _send(self, *commands: Sequence[Word]) -> None:
        self._socket.sendall(b"".join(map(by_hand, commands)))

    def _replies(self) -> Iterator[Any]:
        """Wait for something to arrive and give the replies in it."""
        self._dialled.deadline = Deadline(_PATIENCE)
        while True:
            arrived = self._socket.recv(_AT_ONCE)
            if not arrived:
                raise ConnectionError("the server has closed the connection")
            self._reader.feed(arrived)
            while (reply := self._reader.gets()) is not None:
                if isinstance(reply, hiredis.ReplyError):
                    raise foreign.ResponseError(str(reply))
                yield reply
            # TLS may hold more than the socket shows.
            if not getattr(self._socket, "pending", int)():
                return


def _space_of(prefix: str) -> list[Space]:
    try:
        return [Space.from_prefix(prefix)]
    except UsageError:
        return []


def _reason(error: BaseException) -> str:
    return code_of(error) if isinstance(error, foreign.ResponseError) else type(error).__name__
