"""`python -m llmcache_momento.local --port 0`: run the stand-in until its input ends or it is interrupted."""

import argparse
import contextlib
import sys

from llmcache_momento.local.server import MomentoLocal

_ABOUT = (
    "A stand-in for the Momento service on this machine, for developers and tests; not for production. "
    "Prints the port it listens on, on one line, and runs until its input ends or it is interrupted."
)


def main() -> None:
    """Run the stand-in."""
    parser = argparse.ArgumentParser(prog="python -m llmcache_momento.local", description=_ABOUT)
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0, the default, chooses a free one")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--cache", action="append", default=[], help="a cache that is there from the beginning; repeatable"
    )
    chosen = parser.parse_args()
    with MomentoLocal(chosen.cache, host=chosen.host, port=chosen.port) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        sys.stderr.write("A stand-in for the Momento service, for developers and tests. Nothing it holds is kept.\n")
        # Ends with its input, so that it never outlives the program that started it with a pipe.
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()
