"""Momento stores and clients to test on: the stand-in, on loopback, in both colours."""

from collections.abc import Iterator

import pytest

from llmcache_momento.local import MomentoLocal
from tests.momento.driving import COLOURS, Clock, Sdk, Shop


@pytest.fixture
def clock() -> Clock:
    """The time of day, for the stand-in and the store alike."""
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[MomentoLocal]:
    """A stand-in with one cache."""
    with MomentoLocal(["shop"], clock=clock) as running:
        yield running


@pytest.fixture(params=COLOURS)
def shop(request: pytest.FixtureRequest, server: MomentoLocal, clock: Clock) -> Iterator[Shop]:
    """The store on that cache, in one colour, closed afterwards."""
    with Shop(server, clock, request.param) as opened:
        yield opened


@pytest.fixture(params=COLOURS)
def sdk(request: pytest.FixtureRequest, server: MomentoLocal) -> Iterator[Sdk]:
    """Momento's own client, in one colour."""
    with Sdk(server, request.param) as client:
        yield client
