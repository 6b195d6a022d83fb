"""Servers that the tests of the Redis store run against; each begins when the first test asks for it."""

import contextlib
import hashlib
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest

from tests.certificates import certificates
from tests.redis.clusters import Members
from tests.redis.scripted import Scripted
from tests.redis.servers import Program, Server, free_port, system_redis
from tests.redis.things import MASTER, PASSWORD, Answering, Encrypted, Newer, Watched


@pytest.fixture(scope="session")
def server(redis_server: Server) -> Server:
    """The Redis server for all tests, by a shorter name."""
    return redis_server


@pytest.fixture
def own_server(short_folder: Path) -> Iterator[Server]:
    """A server that one test may kill, fill or hang."""
    running = Server(Path(tempfile.mkdtemp(dir=short_folder)), system_redis())
    yield running
    running.close()


@pytest.fixture(scope="session")
def cluster(redis_cluster: Members) -> Members:
    """The cluster for all tests, by a shorter name."""
    return redis_cluster


@pytest.fixture(scope="session")
def locked(short_folder: Path) -> Iterator[Server]:
    """A server that wants a password, and has a user `app` who may touch nothing but our keys, and may not administrate."""
    secret = f"#{hashlib.sha256(PASSWORD.encode()).hexdigest()}"
    lines = (
        f"user default on {secret} ~* &* +@all",
        f"user app on {secret} resetchannels ~llmcache:* +@all -@admin -@dangerous -@pubsub",
    )
    running = Server(short_folder / "locked", system_redis(), lines)
    yield running
    running.close()


@pytest.fixture(scope="session")
def encrypted(short_folder: Path) -> Iterator[Encrypted]:
    """A server that listens with TLS."""
    made, port = certificates(short_folder / "tls"), free_port()
    lines = (
        f"tls-port {port}",
        f"tls-cert-file {made / 'cert.pem'}",
        f"tls-key-file {made / 'key.pem'}",
        f"tls-ca-cert-file {made / 'cert.pem'}",
        "tls-auth-clients no",
    )
    running = Server(short_folder / "encrypted", system_redis(), lines)
    yield Encrypted(port, made / "cert.pem")
    running.close()


@pytest.fixture(scope="session")
def watched(short_folder: Path) -> Iterator[Watched]:
    """A master with a replica, and a sentinel that watches them and takes a while to give the master up."""
    with watching(Path(tempfile.mkdtemp(dir=short_folder)), patience=60_000) as running:
        yield running


@pytest.fixture
def own_watched(short_folder: Path) -> Iterator[Watched]:
    """The same for one test, which may kill the master: the sentinel gives it up soon."""
    with watching(Path(tempfile.mkdtemp(dir=short_folder)), patience=500) as running:
        yield running


@contextlib.contextmanager
def watching(folder: Path, patience: int) -> Generator[Watched]:
    """Start a master, its replica, and a sentinel that gives the master up after so many milliseconds."""
    with contextlib.ExitStack() as running:
        master = running.enter_context(contextlib.closing(Server(folder / "master", system_redis())))
        following = (f"replicaof 127.0.0.1 {master.port}", "repl-diskless-sync-delay 0")
        replica = running.enter_context(contextlib.closing(Server(folder / "replica", system_redis(), following)))
        lines = (
            f"sentinel monitor {MASTER} 127.0.0.1 {master.port} 1",
            f"sentinel down-after-milliseconds {MASTER} {patience}",
            f"sentinel failover-timeout {MASTER} 5000",
        )
        sentinel = Server(folder / "sentinel", system_redis(), lines, sentinel=True)
        yield Watched(master, replica, running.enter_context(contextlib.closing(sentinel)))


@pytest.fixture(scope="session")
def newer(short_folder: Path) -> Iterator[Newer]:
    """Newer servers, each started when it is first asked for."""
    started: dict[str, Server] = {}

    def start(program: Program) -> Server:
        if program.name not in started:
            started[program.name] = Server(short_folder / program.name, program)
        return started[program.name]

    yield start
    for running in started.values():
        running.close()


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts servers that answer as they are told."""
    started: list[Scripted] = []

    def start(replies: Sequence[str]) -> Scripted:
        started.append(Scripted(replies))
        return started[-1]

    yield start
    for one in started:
        one.close()
