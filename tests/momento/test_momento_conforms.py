"""The Momento store on the stand-in, against every case of the contract, in every colour."""

from collections.abc import Iterator

import pytest

from llmcache.model.units import Instant
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Colour, Need, Run, Subject, conformance_cases, unmet_needs
from llmcache_conformance.check import Check
from llmcache_conformance.faults.checks import FAULT_CHECKS
from llmcache_conformance.outside.leaks import LEAKS
from llmcache_conformance.subject import Server, Wire
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.local import MomentoLocal

LEFT_OUT = {Need.SCAN, Need.NEWS, Need.SMALL, Need.ROOM, Need.PROCESS}
"""Momento lists nothing, and evicts nothing that a test could watch; other processes are `test_other_processes`."""


class Hand:
    """The stand-in's clock: what the case's clock tells, once there is one."""

    def __init__(self) -> None:
        self.clock = Clock()

    def __call__(self) -> Instant:
        return self.clock()


@pytest.fixture
def momento() -> Iterator[Subject]:
    """A cache of a stand-in that goes by the clock of the case; its leases are short, because cases clear much."""
    hand = Hand()

    def opened(host: str, port: int, clock: Clock, timeout: float) -> StorePair:
        hand.clock = clock
        settings = Settings("shop", timeout=timeout, ttl_resolution=0.001, lease=0.01)
        return open_account(local_account(host, port), settings, clock=clock)

    with MomentoLocal(["shop"], clock=hand) as server:
        behind = Server(server.host, server.port)
        yield Subject(
            "momento",
            open=lambda clock: opened(server.host, server.port, clock, 30.0),
            opens_same=True,
            wire=Wire((behind,), lambda ways, clock: opened(*ways[behind], clock, 2.0)),
        )


# An index in logs is the same text on every store, and Momento's calls take longest: across the colours shows both of them.
CROSSED = {Colour.BLOCKING_WRITES, Colour.ASYNC_WRITES}
RUNS = [
    run for run in conformance_cases(without=LEFT_OUT) if Need.VECTORS not in run.case.needs or run.colour in CROSSED
]


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_momento_conforms(run: Run, momento: Subject) -> None:
    """The Momento store keeps the clauses that the case shows."""
    run.on(momento)


@pytest.mark.slow
@pytest.mark.parametrize("check", [*FAULT_CHECKS, *LEAKS], ids=lambda check: str(check.name))
def test_momento_bears_a_wire_that_fails(check: Check, momento: Subject) -> None:
    """And leaves nothing behind when it is closed."""
    check.run(momento)


def test_nothing_else_is_left_out(momento: Subject) -> None:
    """What the store lacks is what it does not declare."""
    assert unmet_needs(momento) <= LEFT_OUT
