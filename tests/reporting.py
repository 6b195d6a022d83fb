"""Makes the reports in docs/conformance anew, each on a store of its own: `python -m tests.reporting [NAME...]`.

It starts what a store needs, runs the whole suite in a process of its own, and writes the table of docs/reference/stores.md from
all reports that are there. A report of a run that failed is not kept, and the old one stays.
"""

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from llmcache_conformance.storing import main as storing
from tests.redis.clusters import Members
from tests.redis.servers import FULL, Program, Server, newer_programs, system_redis
from tests.stores import ROOT, install_lmdb

REPORTS = ROOT / "docs" / "conformance"
PAGE = ROOT / "docs" / "reference" / "stores.md"
_EVICTING = "maxmemory-policy volatile-lru"
SMALL = (FULL, _EVICTING)
# A member has tables of slots beside all else, and keeps up to a mebibyte for its replica.
SMALL_MEMBER = ("maxmemory 2325kb", "repl-backlog-size 16kb", _EVICTING)
_PATIENT = "timeout=2s&log_timeout=2s"  # a busy machine needs more than the tenth of a second that is usual

Making = Callable[[Path, ExitStack], Sequence[str]]
"""Given a folder and where to close what it starts, returns the URL and the options of a run."""


def of_memory(folder: Path, running: ExitStack) -> Sequence[str]:
    """The reference, which is its own small store."""
    return ["memory:"]


def in_folder(scheme: str, *notes: str) -> Making:
    """A store that lives in a folder."""

    def make(folder: Path, running: ExitStack) -> Sequence[str]:
        return [f"{scheme}:{folder / 'store'}", "--small", f"{scheme}:{folder / 'small'}?max_bytes=1MiB", *notes]

    return make


def of_lmdb(folder: Path, running: ExitStack) -> Sequence[str]:
    """The example, as if it were installed."""
    install_lmdb(folder / "site-packages", running.enter_context(pytest.MonkeyPatch.context()))
    return in_folder("lmdb")(folder, running)


def on_server(program: Program, option: str = "") -> Making:
    """A Redis server, opened with an option more, and a small one that drops what has a time to live."""

    def make(folder: Path, running: ExitStack) -> Sequence[str]:
        url, small = (
            f"redis://127.0.0.1:{running.enter_context(contextlib.closing(server)).port}/0?{_PATIENT}{option}"
            for server in (Server(folder / "large", program), Server(folder / "small", program, SMALL))
        )
        return [url, "--small", small, *noted(f"{version_of(program)}; the small one: {', '.join(SMALL)}")]

    return make


def on_cluster(folder: Path, running: ExitStack) -> Sequence[str]:
    """Six processes, and six with little memory."""
    url, small = (
        f"redis+cluster://{running.enter_context(contextlib.closing(members)).hosts}?{_PATIENT}"
        for members in (
            Members(folder / "large", system_redis()),
            Members(folder / "small", system_redis(), SMALL_MEMBER),
        )
    )
    note = f"{version_of(system_redis())}, six processes; the small one: {', '.join(SMALL_MEMBER)}"
    return [url, "--small", small, *noted(note)]


def on_momento(folder: Path, running: ExitStack) -> Sequence[str]:
    """The stand-in, in a process of its own that ends with its input."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--port", "0"]
    process = running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert process.stdin is not None
    assert process.stdout is not None
    running.callback(process.stdin.close)
    return [f"momento-local://127.0.0.1:{process.stdout.readline().strip()}/shop"]


def _without_folder(report: Path, folder: str) -> None:
    """Put a word in the place of a folder that is another one with each run and machine, so that a report changes only with what it says."""
    report.write_text(report.read_text("utf-8").replace(folder, "FOLDER"), "utf-8")


def noted(text: str) -> list[str]:
    """Return the options that put a text into the report."""
    return ["--note", text]


def version_of(program: Program) -> str:
    """Return what a server calls itself, such as "redis-server 7.0.15"."""
    printed = subprocess.run([*program.loader, program.path, "--version"], capture_output=True, text=True, check=True)
    name = "valkey-server" if program.name.startswith("valkey") else "redis-server"
    return f"{name} {printed.stdout.partition('v=')[2].split()[0]}"


def everything() -> dict[str, Making]:
    """Return how each report is made, by its name."""
    sqlite = noted(f"SQLite {sqlite3.sqlite_version}")
    return {
        "memory": of_memory,
        "sqlite": in_folder("sqlite", *sqlite),
        "disk": in_folder("disk", *sqlite),
        "lmdb": of_lmdb,
        "momento-local": on_momento,
        "redis-7.0": on_server(system_redis()),
        **{program.name: on_server(program) for program in newer_programs()},
        **{
            f"{program.name}-native": on_server(program, "&vectors=native")
            for program in newer_programs()
            if program.name.startswith("redis")
        },
        "redis-cluster": on_cluster,
    }


def main(names: Sequence[str]) -> int:
    """Make the reports named, or all, and the table; return 1 where a run failed."""
    makers, failed = everything(), list[str]()
    for name in names or makers:
        with tempfile.TemporaryDirectory(prefix="llmcache-") as folder, ExitStack() as running:
            arguments = makers[name](Path(folder), running)
            command = [sys.executable, "-m", "llmcache_conformance.storing", "run", f"docs/conformance/{name}.json"]
            done = subprocess.run([*command, *arguments], cwd=ROOT, check=False)
            _without_folder(REPORTS / f"{name}.json", folder)
        failed += [name] if done.returncode else []
    print(f"failed: {', '.join(failed)}" if failed else "all were kept")
    return 1 if failed else storing(["table", str(REPORTS), str(PAGE)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
