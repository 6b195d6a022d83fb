"""What tests of several folders share: servers that begin when the first test asks for them, and fresh stores of every kind."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.redis.clusters import Members
from tests.redis.servers import Server, system_redis
from tests.stores import DATABASES, Clock, Fresh, Kind, fresh_store, kinds_for
from tests.tracing import tracers_in_turn


def pytest_configure() -> None:
    """Let NumPy multiply on one thread: on a busy machine threads that wait for each other take several times as long."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a store on every kind that its mark allows."""
    if "store_kind" in metafunc.fixturenames:
        kinds = kinds_for(metafunc)
        metafunc.parametrize("store_kind", [pytest.param(kind, id=kind.name, marks=kind.marks) for kind in kinds])


@pytest.fixture(scope="session", autouse=True)
def traced_in_turn() -> Iterator[None]:
    """Coverage loses no thread."""
    with tracers_in_turn():
        yield


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="llmcache-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def redis_server(short_folder: Path) -> Iterator[Server]:
    """A Redis server for all tests, without a password."""
    running = Server(short_folder / "server", system_redis(), (f"databases {DATABASES}",))
    yield running
    running.close()


@pytest.fixture(scope="session")
def redis_cluster(short_folder: Path) -> Iterator[Members]:
    """A cluster of three masters and three replicas."""
    members = Members(short_folder / "cluster", system_redis())
    yield members
    members.close()


@pytest.fixture
def clock() -> Clock:
    """The time of day in a test; the servers that count time themselves, and can be told how, go by it, too."""
    return Clock()


@pytest.fixture
def fresh(store_kind: Kind, request: pytest.FixtureRequest) -> Iterator[Fresh]:
    """Gives fresh, empty stores of one kind; a test that asks for it is run on every kind."""
    with ExitStack() as running:
        yield fresh_store(store_kind, request, running)


@pytest.fixture
def url(fresh: Fresh) -> str:
    """A fresh, empty store; a test that asks for it is run on every kind."""
    return fresh()
