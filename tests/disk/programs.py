"""Other processes for tests: they speak line by line and are killed at the end of the block."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PREAMBLE = "import os, sqlite3, sys, threading\nfrom pathlib import Path\nfrom tests.disk.things import *\nfolder = Path(sys.argv[1])\n"


@contextmanager
def program(code: str, folder: Path) -> Generator[subprocess.Popen[str]]:
    """Start a Python process that runs `code` with `things` imported and `folder` set."""
    # Without coverage: a child forked while another thread holds coverage's own lock would wait for it for ever.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    process = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, str(folder)],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(code: str, folder: Path) -> str:
    """Run a program to its end, which must come within 100 seconds, and return what it printed."""
    with program(code, folder) as process:
        printed, errors = process.communicate(timeout=100)

    assert "" == errors
    return printed.strip()


def line_of(process: "subprocess.Popen[str]") -> str:
    """Wait for the next line that a program prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
