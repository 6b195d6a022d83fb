"""The Redis store against every case of the contract, in every colour, on a real server."""

import pytest

from llmcache_conformance import Run, Subject, Wire, conformance_cases, unmet_needs
from llmcache_conformance import Server as Place
from llmcache_conformance.case import Need
from llmcache_redis import open_pair
from tests.redis.servers import Server

LEFT_OUT = {Need.SMALL, Need.ROOM, Need.BODY_LIMIT}
"""Full servers are tested in `test_full_servers`, and the largest body is half a gigabyte."""


@pytest.fixture
def redis(server: Server) -> Subject:
    """The store on one server, with time limits that a busy machine does not reach."""
    place = Place("127.0.0.1", server.port)
    return Subject(
        "redis",
        open=lambda clock: open_pair(f"redis://{place}", clock=clock, timeout=20.0, log_timeout=20.0),
        opens_same=True,
        url=f"redis://{place}?timeout=20s&log_timeout=20s",
        wire=Wire(
            (place,),
            lambda ways, clock: open_pair(f"redis://{ways[place]}", clock=clock, timeout=2.0, log_timeout=2.0),
        ),
    )


@pytest.mark.parametrize("run", conformance_cases(without=LEFT_OUT), ids=str)
def test_redis_conforms(run: Run, redis: Subject) -> None:
    """The Redis store keeps the clauses that the case shows."""
    run.on(redis)


def test_redis_lacks_nothing_else_a_case_needs(redis: Subject) -> None:
    """No other case is left out."""
    assert LEFT_OUT == unmet_needs(redis)
