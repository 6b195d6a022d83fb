"""A memory store behind a socket: the server of the reference that the checks of faults are tested on.

For tests of the suite only. It does each call once, however often it is sent: a client that lost an answer asks again with
the number of its call.
"""

import socketserver
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Self

from llmcache import errors
from llmcache.errors import LLMCacheError
from llmcache.memory import MemoryStore
from llmcache.model.units import Instant
from llmcache_conformance.remote.messages import as_line, from_line

_REMEMBERED = 4_096
_POLL = 0.01
_LONGEST_CLOSE = 10.0


class MemoryServer:
    """Serves one memory store on a free port of 127.0.0.1 from a thread of its own; use it in a `with` block.

    Args:
        clock: Tells the time of day, by which entries expire.
    """

    def __init__(self, clock: Callable[[], Instant] = time.time) -> None:
        self.store = MemoryStore(max_bytes=1 << 24, clock=clock)
        self._tcp = _Tcp(self.store)
        self.port: int = self._tcp.server_address[1]
        self._thread = threading.Thread(target=self._tcp.serve_forever, args=(_POLL,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.shutdown()
        self._tcp.server_close()
        self._thread.join(_LONGEST_CLOSE)
        self.store.close()


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.lock = threading.Lock()
        self.answers: OrderedDict[str, bytes] = OrderedDict()
        super().__init__(("127.0.0.1", 0), _Calls)

    def done(self, line: bytes) -> bytes:
        """Do the call that a line asks for, once, and return the line of its answer."""
        number, name, arguments, options = from_line(line)
        with self.lock:
            if number not in self.answers:
                self.answers[number] = as_line(self._answer(name, arguments, options))
                while len(self.answers) > _REMEMBERED:
                    self.answers.popitem(last=False)
            return self.answers[number]

    def _answer(self, name: str, arguments: list[Any], options: dict[str, Any]) -> list[Any]:
        try:
            return ["ok", getattr(self.store, name)(*arguments, **options)]
        except LLMCacheError as error:
            kind = type(error).__name__
            return [kind if hasattr(errors, kind) else "StoreError", str(error)]


class _Calls(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        tcp = self.server
        if not isinstance(tcp, _Tcp):
            raise TypeError("this handler belongs to a server of its own")
        try:
            for line in self.rfile:
                if line.endswith(b"\n"):
                    self.wfile.write(tcp.done(line))
        except OSError:
            return  # the client is gone, or somebody cut the wire
