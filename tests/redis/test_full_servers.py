"""Servers that are full: what each `maxmemory-policy` makes of the clauses, as docs/howto/redis.md says."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmcache_conformance import Need, Run, Subject, conformance_cases
from llmcache_conformance.expect import Broken
from llmcache_redis import open_pair
from tests.redis.servers import FULL, Server, system_redis

KEEPING = ("noeviction", "volatile-lru", "volatile-ttl")
"""Policies under which nothing is dropped that has no time to live."""

RUNS = [run for run in conformance_cases(without={Need.ROOM}) if Need.SMALL in run.case.needs]
DROPPED = {"acknowledged_messages_are_there", "deleting_makes_room", "full_store_is_right_or_refuses"}
"""Cases that keep hundreds of things which must not go, so that it is certain that one of them does."""


@pytest.fixture(scope="module")
def small(short_folder: Path) -> Iterator[Server]:
    """A server that a few hundred KiB fill."""
    running = Server(short_folder / "small", system_redis(), (FULL,))
    yield running
    running.close()


def full(server: Server, policy: str) -> Subject:
    """The store on a server that makes room in one way."""
    assert "+OK" == server.ask("CONFIG", "SET", "maxmemory-policy", policy)
    url = f"redis://127.0.0.1:{server.port}"
    subject = Subject(policy, open=lambda clock: open_pair(url, clock=clock, timeout=20.0, log_timeout=20.0))
    return replace(subject, open_small=subject.open, opens_same=True)


@pytest.mark.parametrize("policy", KEEPING)
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_full_server_conforms(run: Run, policy: str, small: Server) -> None:
    """Conversations and what cannot be had again stay, what was acknowledged is there, and what has no room is refused."""
    run.on(full(small, policy))


@pytest.mark.parametrize("run", [run for run in RUNS if run.case.name in DROPPED], ids=str)
def test_server_that_drops_anything_is_found_out(run: Run, small: Server) -> None:
    """Under allkeys-* conversations go, too; the suite says so of a store on such a server."""
    small.ask("FLUSHALL")
    with pytest.raises(Broken):
        run.on(full(small, "allkeys-random"))
