"""Servers that the tests of the Redis store run against."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis.servers import Server, system_redis


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="llmcache-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def server(short_folder: Path) -> Iterator[Server]:
    """A Redis server for all tests, without a password."""
    running = Server(short_folder / "server", system_redis())
    yield running
    running.close()
