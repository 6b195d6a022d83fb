"""The checks of a failing wire: the reference behind a socket passes them, and clients that are broken do not."""

from collections.abc import Iterator, Mapping

import pytest

from llmcache_conformance import Result, Server, Status, Subject, Wire
from llmcache_conformance.check import Check, check_of
from llmcache_conformance.faults.bench import at_fault_bench
from llmcache_conformance.faults.checks import FAULT_CHECKS
from llmcache_conformance.probes import speaks_over_tcp
from llmcache_conformance.remote.client import open_remote
from llmcache_conformance.remote.messages import from_line
from llmcache_conformance.remote.server import MemoryServer
from llmcache_conformance.runner import outcome
from llmcache_conformance.saboteurs.wires import WIRE_SABOTEURS, WireSaboteur
from tests.conformance.test_memory_conforms import MEMORY

QUICK = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[MemoryServer]:
    """A server of the reference behind a socket."""
    with MemoryServer() as running:
        yield running


def remote(port: int) -> Subject:
    """The reference behind a socket."""
    server = Server("127.0.0.1", port)
    return Subject(
        "remote",
        lambda _: open_remote("127.0.0.1", port, deadline=30.0),
        opens_same=True,
        own_clock=True,
        wire=Wire((server,), lambda ways, _: open_remote(*ways[server], deadline=QUICK), QUICK),
    )


def ended(check: Check, subject: Subject) -> Result:
    """Run one check."""
    return outcome(check, subject, Result(check.name, Status.NOT_RUN, check.profile, "", check.clauses, ""))


@pytest.mark.slow
@pytest.mark.parametrize("check", FAULT_CHECKS, ids=lambda check: check.name)
def test_reference_behind_a_socket_passes(check: Check, server: MemoryServer) -> None:
    """A client with a deadline, fresh connections and numbered calls keeps every promise on a failing wire."""
    check.run(remote(server.port))


def killers(saboteur: WireSaboteur, port: int) -> set[str]:
    """Return the cases that catch a broken client, blocking, for a clause that it breaks."""
    tried = [check for check in FAULT_CHECKS if check.name.endswith("-blocking")]
    cited = [check for check in tried if set(check.clauses) & set(saboteur.clauses)]
    ends = {check.name.removesuffix("-blocking"): ended(check, saboteur.subject(port)) for check in cited}
    return {name for name, end in ends.items() if end.status is Status.FAIL}


@pytest.fixture(scope="module")
def matrix(server: MemoryServer) -> Mapping[str, set[str]]:
    """The cases that catch each broken client."""
    return {saboteur.name: killers(saboteur, server.port) for saboteur in WIRE_SABOTEURS}


@pytest.mark.slow
@pytest.mark.xdist_group("clients")
def test_every_broken_client_is_caught(matrix: Mapping[str, set[str]]) -> None:
    """None of the faults that clients have goes unseen, and none is seen by a hang alone."""
    survivors = [name for name, found in matrix.items() if not found]

    assert [] == survivors


@pytest.mark.slow
@pytest.mark.xdist_group("clients")
def test_every_case_of_faults_catches_a_client(matrix: Mapping[str, set[str]]) -> None:
    """There is no case that every broken client passes."""
    names = {check.name.rpartition("-")[0] for check in FAULT_CHECKS}
    vacuous = names - {case for found in matrix.values() for case in found}

    assert set() == vacuous


def test_store_without_a_wire_is_a_mistake_of_the_caller() -> None:
    """A case of faults on a store that is not behind a socket never passes."""

    def enter(subject: Subject) -> None:
        """Open a bench."""
        with at_fault_bench(subject):
            raise AssertionError("unreachable: there is no wire")

    assert Status.ERROR is ended(check_of(enter, ()), MEMORY).status


def test_connections_of_a_store_are_seen(server: MemoryServer) -> None:
    """Who gives no wire for a store that talks over one is told so."""
    assert (True, False) == (speaks_over_tcp(remote(server.port)), speaks_over_tcp(MEMORY))


def test_part_of_a_message_is_no_message() -> None:
    """A line that breaks off is refused, whatever is left of it."""
    with pytest.raises(ValueError, match="breaks off"):
        from_line(b"[1]")
