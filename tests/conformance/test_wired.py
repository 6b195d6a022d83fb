"""Where proxies stand before the store of a URL: before the servers that it names, and before those that these name."""

import socket

import pytest

from llmcache.config.url import parse_url
from llmcache.errors import ConfigError
from llmcache_conformance import Result, Server, Status, Subject, subject_for
from llmcache_conformance.faults.bench import at_fault_bench
from llmcache_conformance.faults.checks import FAULT_CHECKS
from llmcache_conformance.remote.server import MemoryServer
from llmcache_conformance.runner import outcome
from llmcache_conformance.wired import wire_of
from tests.conformance.guided import PAGE, guide_to
from tests.plugins.strangers import Site, site

__all__ = ["site"]

QUICK = ("messages_are_appended_once_or_not_at_all", "server_that_is_gone_is_said_and_found_again")
ELSEWHERE = "192.0.2.1:6379"
"""An address that nobody has."""


@pytest.fixture(autouse=True)
def _installed(site: Site) -> None:
    site.install("llmcache-guided", page=PAGE, modules={})


def ends(subject: Subject) -> list[tuple[Status, str]]:
    """Run quick checks of a failing wire, blocking, and return how they ended, and why."""
    names = {f"{name}-blocking" for name in QUICK}
    checks = [check for check in FAULT_CHECKS if check.name in names]
    results = [outcome(check, subject, Result(check.name, Status.NOT_RUN, "", "", (), "")) for check in checks]
    return [(result.status, result.why) for result in results]


def test_server_that_another_one_names_is_found() -> None:
    """The URL names the guide alone, twice; a proxy stands before both, and what passes to either is up to it."""
    with MemoryServer() as server, guide_to(f"127.0.0.1:{server.port}") as guide:
        subject = subject_for(f"guided://ada:secret@{guide},{guide}/2")
        assert subject.wire is not None
        with at_fault_bench(subject) as (bench, handle):
            handle.blocking.store.get_many((bench.key(),))
            seen = bench.proxy.connections
        found = ends(subject)

    assert {guide, Server("127.0.0.1", server.port)} == set(subject.wire.servers)
    assert (2, [(Status.PASS, "")] * 2) == (seen, found)


def test_server_that_is_reached_elsewhere_than_it_says() -> None:
    """What the URL itself says of where servers are reached holds: the proxy stands before that place."""
    with MemoryServer() as server, guide_to(ELSEWHERE) as guide:
        behind = Server("127.0.0.1", server.port)
        subject = subject_for(f"guided://{guide}?remap={ELSEWHERE}={behind}")
        assert subject.wire is not None
        found = ends(subject)

    assert {guide, behind} == set(subject.wire.servers)
    assert [(Status.PASS, "")] * 2 == found


@pytest.mark.parametrize(
    ("scheme", "remedy"),
    [
        ("stubborn", "name it as others announce it, by remap=ANNOUNCED=REACHED,"),
        ("lone", "give it an option of the kind `remap`,"),
    ],
)
def test_store_that_goes_past_the_proxy_is_told(scheme: str, remedy: str) -> None:
    """No check passes or fails where the wire that fails is not the one that the store uses."""
    with MemoryServer() as server, guide_to(f"127.0.0.1:{server.port}") as guide:
        found = ends(subject_for(f"{scheme}://{guide}"))

    told = f"the store talks to 127.0.0.1:{server.port} past every proxy; {remedy} or leave `wire` out by name"
    assert [(Status.NOT_RUN, told)] * 2 == found


def test_store_that_no_proxy_leads_to_is_told() -> None:
    """One that works, and does not by way of the proxy, has no wire that could fail; its own error says why."""
    with MemoryServer() as server, guide_to(f"127.0.0.1:{server.port}") as guide:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = Server("127.0.0.1", taken.getsockname()[1])
        found = ends(subject_for(f"lone://{guide}", server=str(nobody)))

    told = "the store cannot be used by way of a proxy: StoreUnavailable: remote put_many: "
    assert [(Status.NOT_RUN, True)] * 2 == [(status, why.startswith(told)) for status, why in found]


def test_another_server_stands_for_one() -> None:
    """Which of several it would stand for, nobody could say."""
    with pytest.raises(ConfigError, match="names no HOST:PORT"):
        wire_of(parse_url("lone:here"), "127.0.0.1:2", 1.0)
    with pytest.raises(ConfigError, match="names several HOST:PORT"):
        wire_of(parse_url("lone://127.0.0.1:1,127.0.0.1:3"), "127.0.0.1:2", 1.0)
    with pytest.raises(ConfigError, match="--server names 'here'"):
        wire_of(parse_url("lone://127.0.0.1:1"), "here", 1.0)


@pytest.mark.parametrize(
    ("named", "beside", "found"),
    [
        ("127.0.0.1:1", "", [Server("127.0.0.1", 1)]),
        ("127.0.0.1:1", "127.0.0.1:2", [Server("127.0.0.1", 2)]),
        ("127.0.0.1:1,127.0.0.1:2,127.0.0.1:1", "", [Server("127.0.0.1", 1), Server("127.0.0.1", 2)]),
    ],
)
def test_servers_are_as_the_caller_says(named: str, beside: str, found: list[Server]) -> None:
    """The proxy leads to what the URL names, each once, or to what is named beside it."""
    wire = wire_of(parse_url(f"lone://ada:secret@{named}/2"), beside, 1.0)

    assert wire is not None
    assert found == [*wire.servers]
