"""Every kind of store that the products are tested on, and where a test gets a fresh, empty one.

A test that asks for `url`, or for `fresh` where it needs several, is run once on each kind. One that is about an ability which
not every kind has says so by a mark, so that what it does not run on stands beside it:

    @pytest.mark.stores(needs="scan")       on the kinds that have it
    @pytest.mark.stores(lacks="scan")       on the others: there it must be refused
    @pytest.mark.stores(cluster=True)       on a Redis cluster, too, which is slow to begin
    @pytest.mark.stores(few=True)           without the kinds that are like others, where many tests take long

Nothing is shared between two tests but the servers, and those have a database, or a cache, for each.
"""

import itertools
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LMDB = ROOT / "examples" / "llmcache-lmdb"

# A busy machine reaches none of these; the time limits themselves are tested where the stores are.
_PATIENT = "timeout=20s&log_timeout=20s"

DATABASES = 4_096
"""Databases of the Redis server that all tests share: enough for each test to have its own."""
_FIRST = 16  # the tests of the Redis store itself use those that every server has
_databases = itertools.count(_FIRST)

Fresh = Callable[[], str]
"""Returns the URL of a store that was never used before."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store.

    Attributes:
        name: For test ids.
        lacks: The abilities that it does not declare, of those that products use.
        marks: Of every test that is run on it.
    """

    name: str
    lacks: frozenset[str] = frozenset()
    marks: tuple[pytest.MarkDecorator, ...] = ()


KINDS = (
    Kind("memory", frozenset({"persistent", "shared"})),
    Kind("sqlite"),
    Kind("disk"),
    Kind("redis"),
    Kind("momento-local", frozenset({"scan"})),
    Kind("lmdb"),
)
LIKE_OTHERS = frozenset({"disk", "lmdb"})
"""What a product asks of them is what it asks of SQLite, and the conformance suite sees to that they answer alike."""

CLUSTER = Kind("redis-cluster", marks=(pytest.mark.xdist_group("cluster"),))
"""Six servers take seconds to begin, so one process runs all tests that need them."""


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def kinds_for(metafunc: pytest.Metafunc) -> list[Kind]:
    """Return the kinds that a test is run on, by its mark."""
    mark = metafunc.definition.get_closest_marker("stores")
    wanted = dict(mark.kwargs) if mark else {}
    needs, lacks = wanted.pop("needs", ""), wanted.pop("lacks", "")
    every = [*KINDS, CLUSTER] if wanted.pop("cluster", False) else [*KINDS]
    if wanted.pop("few", False):
        every = [kind for kind in every if kind.name not in LIKE_OTHERS]
    found = [kind for kind in every if needs not in kind.lacks and (not lacks or lacks in kind.lacks)]
    if wanted or not found:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: a mark `stores` that means no kind: {mark}")
    return found


def fresh_store(kind: Kind, request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    """Return what gives fresh stores of a kind to one test; what it starts for that test ends with `running`."""
    return _MAKERS[kind.name](request, running)


def install_lmdb(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package of the example importable, with its entry point, as pip would; `folder` is for the latter."""
    info = folder / "llmcache_lmdb-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llmcache-lmdb\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[llmcache]\nlmdb = llmcache_lmdb.plugin\n")
    for place in (LMDB, folder):
        monkeypatch.syspath_prepend(str(place))
        monkeypatch.setenv("PYTHONPATH", str(place), prepend=os.pathsep)


def _memory(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    return lambda: "memory:"


def _in_folder(scheme: str) -> "Callable[[pytest.FixtureRequest, ExitStack], Fresh]":
    def make(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
        folder: Path = request.getfixturevalue("tmp_path")
        numbers = itertools.count(1)
        return lambda: f"{scheme}:{folder / f'store-{next(numbers)}'}"

    return make


def _redis(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    port = request.getfixturevalue("redis_server").port
    return lambda: f"redis://127.0.0.1:{port}/{next(_databases)}?{_PATIENT}"


def _cluster(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    members = request.getfixturevalue("redis_cluster")

    def fresh() -> str:
        members.empty()
        return f"redis+cluster://{members.hosts}?{_PATIENT}"

    return fresh


def _momento(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    from llmcache_momento.local import MomentoLocal  # noqa: PLC0415 -- loads gRPC, which most tests do without

    # The stand-in counts time as the service does, so the test's clock is its clock. It begins within milliseconds.
    server = running.enter_context(MomentoLocal(clock=request.getfixturevalue("clock")))
    numbers = itertools.count(1)
    return lambda: f"momento-local://{server.address}/store-{next(numbers)}?timeout=20s"


def _lmdb(request: pytest.FixtureRequest, running: ExitStack) -> Fresh:
    folder: Path = request.getfixturevalue("tmp_path")
    install_lmdb(folder / "site-packages", request.getfixturevalue("monkeypatch"))
    return _in_folder("lmdb")(request, running)


_MAKERS = {
    "memory": _memory,
    "sqlite": _in_folder("sqlite"),
    "disk": _in_folder("disk"),
    "redis": _redis,
    "momento-local": _momento,
    "lmdb": _lmdb,
    "redis-cluster": _cluster,
}
