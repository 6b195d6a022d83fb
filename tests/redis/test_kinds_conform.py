"""Every case of the contract on the other kinds of servers: restricted, with the server's own clock, a cluster, fakeredis."""

from collections.abc import Callable
from dataclasses import dataclass, field

import fakeredis
import pytest

from llmcache.protocols.whole import StorePair
from llmcache_conformance import Run, Subject, conformance_cases, unmet_needs
from llmcache_conformance.case import Need
from llmcache_conformance.clock import Clock
from llmcache_conformance.colour import Colour
from llmcache_redis import open_pair
from tests.redis.servers import Program, newer_programs
from tests.redis.things import Newer

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kind:
    """A kind of server.

    Attributes:
        name: For test ids.
        lacks: What its store has not, for which cases are left out.
        make: Makes the subject from the fixtures that the test asks for.
        marks: Of every test that is run on it.
        colours: Those of the cases that are run.
    """

    name: str
    lacks: frozenset[Need]
    make: Callable[[pytest.FixtureRequest], Subject] = field(repr=False)
    marks: tuple[pytest.MarkDecorator, ...] = ()
    colours: frozenset[Colour] = frozenset(Colour)


LEFT_OUT = frozenset({Need.SMALL, Need.ROOM, Need.BODY_LIMIT, Need.WIRE, Need.PROCESS})
"""Full servers are tested in `test_full_servers`, and the largest body is half a gigabyte; wires and processes are one server's test.

Vectors in logs are tried on one server and on a cluster: they use nothing but logs.
"""

PURE = frozenset({Colour.BLOCKING, Colour.ASYNC})
"""One colour reads what the other wrote on the server of `test_redis_conforms` and on a cluster."""


def patient(where: object, awaiting: object = None, **options: object) -> Callable[[Clock], StorePair]:
    """Open with time limits that a busy machine does not reach."""
    return lambda clock: open_pair(where, awaiting, clock=clock, timeout=20.0, log_timeout=20.0, **options)


def restricted(request: pytest.FixtureRequest) -> Subject:
    """One server, without what managed services forbid."""
    url = f"redis://127.0.0.1:{request.getfixturevalue('server').port}"
    return Subject("restricted", open=patient(url, restricted=True), opens_same=True)


def server_clock(request: pytest.FixtureRequest) -> Subject:
    """One server, by its own clock, as in production."""
    url = f"redis://127.0.0.1:{request.getfixturevalue('server').port}"

    def opening(clock: Clock) -> StorePair:
        return open_pair(url, timeout=20.0, log_timeout=20.0)

    return Subject("server clock", open=opening, opens_same=True, own_clock=True)


def cluster(request: pytest.FixtureRequest) -> Subject:
    """Three masters with a replica each."""
    return Subject(
        "cluster", open=patient(f"redis+cluster://{request.getfixturevalue('cluster').hosts}"), opens_same=True
    )


def fake(request: pytest.FixtureRequest) -> Subject:
    """No server at all: redis-py on fakeredis, one for each case."""
    shared = fakeredis.FakeServer()
    clients = fakeredis.FakeRedis(server=shared), fakeredis.FakeAsyncRedis(server=shared)
    # Threads that are the first to use its database at once would get one each.
    clients[0].exists("anything")
    return Subject("fake", open=patient(*clients), opens_same=True)


KINDS = (
    Kind("restricted", LEFT_OUT | {Need.SCAN, Need.NEWS, Need.VECTORS}, restricted, colours=PURE),
    Kind("server clock", LEFT_OUT | {Need.CLOCK, Need.VECTORS}, server_clock, colours=PURE),
    Kind("cluster", LEFT_OUT, cluster, (pytest.mark.xdist_group("cluster"),)),
    Kind("fake", LEFT_OUT | {Need.NEWS, Need.VECTORS}, fake, colours=PURE),
)

RUNS = [
    pytest.param(kind, run, id=f"{kind.name}-{run}", marks=kind.marks)
    for kind in KINDS
    for run in conformance_cases(without=kind.lacks)
    if run.colour in kind.colours
]

NEWER_RUNS = [
    pytest.param(program, run, id=f"{program.name}-{run}")
    for program in newer_programs()
    for run in conformance_cases(without=LEFT_OUT | {Need.VECTORS})
    if run.colour in PURE
]


@pytest.mark.parametrize(("kind", "run"), RUNS)
def test_kind_conforms(kind: Kind, run: Run, request: pytest.FixtureRequest) -> None:
    """A store on this kind of server keeps the clauses that the case shows."""
    run.on(kind.make(request))


@pytest.mark.parametrize(("program", "run"), NEWER_RUNS)
def test_newer_server_conforms(program: Program, run: Run, newer: Newer) -> None:
    """A store on a newer server, as far as `.ci/servers` could unpack one, keeps the clauses that the case shows."""
    url = f"redis://127.0.0.1:{newer(program).port}"

    run.on(Subject(program.name, open=patient(url), opens_same=True))


@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name, marks=kind.marks) for kind in KINDS])
def test_kind_lacks_nothing_else(kind: Kind, request: pytest.FixtureRequest) -> None:
    """No other case is left out."""
    assert set() == unmet_needs(kind.make(request)) - kind.lacks
