"""The checks of a failing wire where servers name each other: a cluster, and a master that a sentinel names."""

import pytest

from llmcache_conformance import Subject, subject_for
from llmcache_conformance.check import Check
from llmcache_conformance.faults.checks import FAULT_CHECKS
from tests.redis.clusters import Members
from tests.redis.things import MASTER, Watched

PATIENT = "?timeout=5s&log_timeout=5s"
QUICK = "?timeout=500ms&log_timeout=500ms"
"""For silence that is waited for."""


@pytest.fixture(scope="module")
def subjects(cluster: Members) -> dict[str, Subject]:
    """The cluster, of which the URL names a replica alone, by how long its calls may take."""
    url = f"redis+cluster://127.0.0.1:{cluster.servers[-1].port}"
    return {options: subject_for(url + options) for options in (PATIENT, QUICK)}


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")
@pytest.mark.parametrize("check", FAULT_CHECKS, ids=lambda check: str(check.name))
def test_cluster_bears_a_wire_that_fails(check: Check, subjects: dict[str, Subject]) -> None:
    """Whichever connection to whichever member it is."""
    check.run(subjects[QUICK if check.name.startswith("silen") else PATIENT])


@pytest.mark.slow
@pytest.mark.xdist_group("cluster")
def test_members_that_the_url_does_not_name_are_found(cluster: Members, subjects: dict[str, Subject]) -> None:
    """Every master, and the replica that is named."""
    wire = subjects[PATIENT].wire
    expected = {*(server.port for server in cluster.servers[:3]), cluster.servers[-1].port}

    assert wire is not None
    assert expected == {server.port for server in wire.servers}


@pytest.mark.slow
def test_master_behind_a_sentinel_bears_a_wire_that_fails(watched: Watched) -> None:
    """The sentinel and the master that it names are one wire."""
    subject = subject_for(f"redis+sentinel://127.0.0.1:{watched.sentinel.port}/{MASTER}{PATIENT}")
    assert subject.wire is not None
    for check in FAULT_CHECKS:
        if check.name.startswith(("server_that_is_gone", "messages_are_appended", "leases")):
            check.run(subject)

    assert {watched.sentinel.port, watched.master.port} == {server.port for server in subject.wire.servers}
