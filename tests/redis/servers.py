"""Real servers for tests: started on a free port of loopback, without a disk, and ended by process id."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEWER = ROOT / ".venv" / "servers"
"""Where `.ci/servers` unpacks newer servers."""

PATIENCE = 20.0
"""Seconds that a server may take to begin or to end."""

FULL = "maxmemory 1700kb"
"""The line of the configuration of a server that a few hundred KiB fill: more than half of it is the server's own."""


@dataclass(frozen=True)
class Program:
    """A server program.

    Attributes:
        name: For test ids.
        path: Of the executable.
        loader: What stands before it on the command line: a newer release's own loader and libraries.
    """

    name: str
    path: str
    loader: Sequence[str] = ()


def system_redis() -> Program:
    """The server that `make test` installs."""
    found = shutil.which("redis-server")
    if found is None:
        raise FileNotFoundError("redis-server is not installed; run .ci/servers")
    return Program("redis", found)


def newer_programs() -> list[Program]:
    """The servers that `.ci/servers` unpacked, each with its own C library."""
    programs: list[Program] = []
    for launcher in sorted(NEWER.glob("*/run")):
        programs.append(Program(launcher.parent.name, str(launcher)))
    return programs


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _ending_with_us() -> Sequence[str]:
    """Return what to begin a command with, so that it ends with this process: one that is killed closes no server."""
    found = shutil.which("setpriv")
    return () if found is None else (found, "--pdeathsig", "KILL")


class Server:
    """One running server, which ends with this process where the system can see to that.

    Args:
        folder: Of its own, for its socket and its log.
        program: What to run.
        lines: More lines of its configuration.
        port: 0 means a free one.
    """

    def __init__(
        self, folder: Path, program: Program, lines: Sequence[str] = (), *, port: int = 0, sentinel: bool = False
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._program = program
        self._sentinel = sentinel
        folder.mkdir(parents=True, exist_ok=True)
        self.socket = folder / "s"
        plain = () if sentinel else ('save ""', "appendonly no", f"unixsocket {self.socket}")
        self._configuration = folder / "server.conf"
        self._configuration.write_text(
            "\n".join((f"port {self.port}", "bind 127.0.0.1", f"dir {folder}", *plain, *lines)) + "\n"
        )
        self.process = self._started()

    def ask(self, *words: str, password: str = "") -> str:
        """Send one command by hand, and return what came back first; an inline command, so words have no spaces."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire:
            lines = [f"AUTH {password}"] if password else []
            wire.sendall("\r\n".join((*lines, " ".join(words), "")).encode())
            replies = wire.makefile("rb")
            for _ in lines:
                replies.readline()
            return replies.readline().decode().strip()

    def text(self, *words: str) -> str:
        """Send one command by hand, and return its reply, which is one text."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire:
            wire.sendall((" ".join(words) + "\r\n").encode())
            replies = wire.makefile("rb")
            return replies.read(int(replies.readline()[1:])).decode()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def restart(self) -> None:
        """Start it again on the same port, empty."""
        self.process = self._started()

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()

    def _started(self) -> "subprocess.Popen[bytes]":
        mode = ["--sentinel"] if self._sentinel else []
        environment: Mapping[str, str] = {**os.environ, "LC_ALL": "C"}
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*_ending_with_us(), *self._program.loader, self._program.path, str(self._configuration), *mode],
                stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self._listens():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait(PATIENCE)
                raise RuntimeError(f"{self._program.name} did not begin: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)
        return process

    def _listens(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except OSError:
            return False
