"""Other processes for tests: programs that are started, spoken to line by line, stopped and killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]

PREAMBLE = """
import sqlite3, sys, threading
from pathlib import Path
from tests.sqlite.things import *
folder = Path(sys.argv[1])
"""


class Program:
    """A Python process that runs `code` with `things` imported and `folder` set; killed at the end of the block."""

    def __init__(self, code: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def line(self) -> str:
        """Wait for a line of output and return it; what went wrong instead, if it ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return line.strip()
        _, errors = self._process.communicate()
        raise AssertionError(errors)

    def lines_after_kill(self) -> list[str]:
        """Kill it with no chance to clean up, and return what it had written until then."""
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGKILL)
        # Not `communicate`, which leaves out what `line` has read ahead.
        output = self._process.stdout.read()
        # A last line without its end was not written whole.
        return output.splitlines() if output.endswith("\n") else output.splitlines()[:-1]

    def say(self, line: str = "") -> None:
        """Write a line to its input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> str:
        """Wait until it ends by itself and return the rest of its output."""
        output, errors = self._process.communicate(timeout=110)
        assert 0 == self._process.returncode, errors
        return output


def run(code: str, folder: Path) -> str:
    """Run a program to its end and return its output."""
    with Program(code, folder) as program:
        return program.end()


def eventually(holds: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Poll until `holds` returns True, for at most `within` seconds; return whether it did."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return holds()
