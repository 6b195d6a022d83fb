"""`python -m llmcache_momento.local --port 0`: run the stand-in until it is interrupted, or the pipe it reads ends."""

import argparse
import contextlib
import os
import stat
import sys
import threading
from pathlib import Path

from llmcache_momento.local.server import MomentoLocal

_LAST_PORT = 65_535
_ABOUT = (
    "A stand-in for the Momento service on this machine, for developers and tests; not for production. "
    "Prints the port it listens on, on one line, and runs until it is interrupted. "
    "With a pipe as its input it also ends with that."
)


def main() -> None:
    """Run the stand-in."""
    parser = argparse.ArgumentParser(prog="python -m llmcache_momento.local", description=_ABOUT)
    parser.add_argument(
        "--port", type=_port, default=0, help="the port to listen on; 0, the default, chooses a free one"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--cache", action="append", default=[], help="a cache that is there from the beginning; repeatable"
    )
    parser.add_argument(
        "--tls",
        nargs=2,
        type=_content,
        metavar=("CERTIFICATE", "KEY"),
        help="files of a certificate and its private key, as PEM: answer encrypted connections, and those only",
    )
    chosen = parser.parse_args()
    with MomentoLocal(chosen.cache, host=chosen.host, port=chosen.port, tls=chosen.tls) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stderr.write("A stand-in for the Momento service, for developers and tests. Nothing it holds is kept.\n")
        with contextlib.suppress(KeyboardInterrupt):
            _wait()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LAST_PORT}, found {text!r}")
    return int(text)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot be read: {path}: {error.strerror}") from error


def _wait() -> None:
    """Return when the pipe ends, so that the stand-in never outlives who started it with one; else never.

    In the background, input is often /dev/null, whose end says nothing.
    """
    if sys.stdin is not None and stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        sys.stdin.read()
    else:
        threading.Event().wait()


if __name__ == "__main__":
    main()
