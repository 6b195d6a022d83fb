"""A server that says what a test wants: one reply for every command, whatever it is."""

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

HANG = "hang"
"""In place of a reply: none comes."""


class Scripted:
    """Listens on loopback and answers the commands that come with `replies`, one after the other, the last one for ever.

    Args:
        replies: As they stand on the wire, without the line's end.
    """

    def __init__(self, replies: Sequence[str]) -> None:
        self._replies = list(replies)
        self.commands: list[list[bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._wires: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        # A listener that is only closed goes on accepting in the thread that waits for it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for wire in self._wires:
            wire.close()

    def _listen(self) -> None:
        answering: list[threading.Thread] = []
        while True:
            try:
                wire, _ = self._listener.accept()
            except OSError:
                break
            self._wires.append(wire)
            answering.append(threading.Thread(target=self._answer, args=(wire,), daemon=True))
            answering[-1].start()
        for wire in self._wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
        for thread in answering:
            thread.join(10)

    def _answer(self, wire: socket.socket) -> None:
        with suppress(OSError), wire.makefile("rb") as lines:
            while head := lines.readline():
                words = []
                for _ in range(int(head[1:])):
                    size = int(lines.readline()[1:])
                    words.append(lines.read(size))
                    lines.read(2)
                self.commands.append(words)
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                if reply != HANG:
                    wire.sendall(reply.encode("utf-8", "surrogateescape") + b"\r\n")
