"""No operation takes longer than its time limit, whichever of its calls is slow."""

import time
from typing import Any

import grpc
import pytest

from llmcache.errors import StoreRefused, StoreTimeout, StoreUnavailable
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import COLOURS, LOG, Clock, Shop, key

LIMIT = 0.6
PATIENCE = 10.0
"""Seconds within which a call of that limit is back on a busy machine."""


def took(shop: Shop, error: type[Exception], method: str, *args: Any) -> float:
    """Return after how many seconds a call raised `error`."""
    began = time.monotonic()
    with pytest.raises(error):
        shop(method, *args)
    return time.monotonic() - began


@pytest.mark.parametrize("colour", COLOURS)
def test_a_cache_that_takes_long_to_create_costs_one_deadline(colour: str, clock: Clock) -> None:
    """The SDK would wait a minute."""
    with MomentoLocal(clock=clock) as server:
        server.faults.add("CreateCache", delay=30.0)
        with Shop(server, clock, colour, timeout=LIMIT, create=True) as shop:
            seconds = took(shop, StoreTimeout, "get_many", [key()])
            server.stop()

    assert LIMIT <= seconds < PATIENCE


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("made", ["created", "created by another meanwhile"])
def test_the_cache_is_created_with_the_key_alone(made: str, colour: str, clock: Clock) -> None:
    """One call; that it is there already is no error."""
    with MomentoLocal(clock=clock) as server, Shop(server, clock, colour, create=True) as shop:
        if made != "created":
            server.faults.add("CreateCache", code=grpc.StatusCode.ALREADY_EXISTS, count=1)
            server.faults.add("Get", "GetBatch", code=grpc.StatusCode.NOT_FOUND, count=1)
            server.keep.caches["shop"] = {}
        found = shop("get_many", [key()])

    assert ([None], 1) == (found, server.count("CreateCache"))


@pytest.mark.parametrize("colour", COLOURS)
def test_a_refused_creation_is_refused(colour: str, clock: Clock) -> None:
    """As any call that the key does not permit."""
    with MomentoLocal(clock=clock) as server, Shop(server, clock, colour, create=True) as shop:
        server.faults.add("CreateCache", code=grpc.StatusCode.PERMISSION_DENIED)
        with pytest.raises(StoreRefused, match="does not permit"):
            shop("get_many", [key()])


@pytest.mark.parametrize("colour", COLOURS)
def test_an_operation_of_slow_calls_ends_at_its_limit(colour: str, server: MomentoLocal, clock: Clock) -> None:
    """A call of the SDK, whose limit is its own, is not begun where it could end beyond the operation's; nothing is done."""
    with Shop(server, clock, colour, timeout=LIMIT) as shop, Shop(server, clock, colour) as other:
        other("append", LOG, [b"1"])
        server.faults.add("Get", "GetBatch", delay=LIMIT * 0.7)
        server.faults.add("ListConcatenateBack", delay=30.0)
        seconds = took(shop, StoreTimeout, "append", LOG, [b"2"])
        server.faults.clear()
        sent = server.count("ListConcatenateBack")

        assert [b"1"] == other("read_log", LOG)
    assert seconds < PATIENCE
    assert 1 == sent


@pytest.mark.parametrize("colour", COLOURS)
def test_what_was_refused_for_the_rate_is_told_so_at_the_limit(colour: str, server: MomentoLocal, clock: Clock) -> None:
    """There is no time to try again, which does not make the refusal a lost answer."""
    with Shop(server, clock, colour, timeout=1.0) as shop:
        shop("append", LOG, [b"1"])
        server.faults.add("ListConcatenateBack", code=grpc.StatusCode.RESOURCE_EXHAUSTED, delay=0.2)

        assert PATIENCE > took(shop, StoreUnavailable, "append", LOG, [b"2"])
