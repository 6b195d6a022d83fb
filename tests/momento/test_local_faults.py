"""Faults, limits and the key of the stand-in, seen through Momento's own SDK."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc
import pytest
from momento.errors import MomentoErrorCode
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import cacheclient_pb2_grpc

from llmcache_momento.local import Limits, MomentoLocal
from llmcache_momento.local.keep import KB, MB
from tests.momento.driving import COLOURS, Clock, Sdk

CODES = MomentoErrorCode
STUBS: Any = cacheclient_pb2_grpc


def test_an_error_happens_as_often_as_ordered(server: MomentoLocal, sdk: Sdk) -> None:
    """Then everything goes right again; the SDK tries four times."""
    server.faults.add("Get", code=grpc.StatusCode.UNAVAILABLE, count=4)
    first = sdk("get", "shop", "k")
    second = sdk.name_of("get", "shop", "k")

    assert (CODES.SERVER_UNAVAILABLE, "Miss", 5) == (first.error_code, second, server.count("Get"))


def test_a_lost_answer_leaves_the_deed_done(server: MomentoLocal, sdk: Sdk) -> None:
    """The append is there, and the caller is told of an error."""
    server.faults.add("ListConcatenateBack", code=grpc.StatusCode.UNAVAILABLE, is_after=True)
    told = sdk("list_concatenate_back", "shop", "l", ["1"]).error_code

    assert (CODES.SERVER_UNAVAILABLE, ["1"]) == (told, sdk("list_fetch", "shop", "l").value_list_string)


def test_faults_of_every_call_end_when_they_are_cleared(server: MomentoLocal, sdk: Sdk) -> None:
    """An order without names is about all calls."""
    server.faults.add(code=grpc.StatusCode.INVALID_ARGUMENT)
    codes = [sdk("get", "shop", "k").error_code, sdk("delete", "shop", "k").error_code]
    server.faults.clear()

    assert [CODES.INVALID_ARGUMENT_ERROR] * 2 == codes
    assert "Miss" == sdk.name_of("get", "shop", "k")


def test_a_delay_is_waited_for(server: MomentoLocal, sdk: Sdk) -> None:
    """At least so long."""
    server.faults.add("Get", delay=0.1, count=1)
    began = time.monotonic()
    sdk("get", "shop", "k")

    assert time.monotonic() - began >= 0.1


def test_a_stopped_server_waits_no_longer(server: MomentoLocal) -> None:
    """A delay ends with the server, and what was delayed is not done."""
    server.faults.add("Set", delay=600.0)
    request = pb._SetRequest(cache_key=b"k", cache_body=b"v", ttl_milliseconds=1_000)
    began = time.monotonic()
    with grpc.insecure_channel(server.address) as channel:
        pending = STUBS.ScsStub(channel).Set.future(request, metadata=[("cache", "shop")])
        while not server.count("Set") and time.monotonic() - began < 20:
            time.sleep(0.001)
        server.stop()

        pending.exception(timeout=20)

    assert pending.done()
    assert {} == server.keep.caches["shop"]


def test_a_request_brings_its_own_faults(server: MomentoLocal) -> None:
    """In the metadata that Momento's container understands: which call, which error, how often, counted for each asker."""
    wish = [("cache", "shop"), ("return-error", "not-found"), ("error-rpcs", "get delete"), ("error-count", "1")]
    wish += [("delay-rpcs", "get"), ("delay-ms", "1"), ("delay-count", "1")]

    def asked(asker: str) -> str:
        try:
            stub.Get(pb._GetRequest(cache_key=b"k"), metadata=[*wish, ("request-id", asker)], timeout=10)
        except grpc.RpcError as error:
            failed: Any = error
            return str(failed.code().name)
        return "OK"

    with grpc.insecure_channel(server.address) as channel:
        stub = STUBS.ScsStub(channel)

        assert ["NOT_FOUND", "OK", "NOT_FOUND", "OK"] == [asked(asker) for asker in "aabb"]


def test_an_item_is_at_most_five_megabytes_with_its_key(sdk: Sdk) -> None:
    """One byte less, just so, and one byte more; a collection is one item."""
    names = [sdk.name_of("set", "shop", "key", b"x" * (5 * MB - 3 + more)) for more in (-1, 0, 1)]
    element = b"x" * (128 * KB)
    grown = [sdk.name_of("list_push_back", "shop", "list", element) for _ in range(40)]

    assert ["Success", "Success", "Error"] == names
    assert ["Success"] * 39 + ["Error"] == grown


def test_an_element_is_at_most_128_kilobytes(sdk: Sdk) -> None:
    """One byte less, just so, and one byte more, of every collection; nothing of a refused call is kept."""
    sizes = (128 * KB - 1, 128 * KB, 128 * KB + 1)
    expected = ["Success", "Success", "Error"]

    assert expected == [sdk.name_of("list_concatenate_back", "shop", "l", ["1", b"x" * size]) for size in sizes]
    assert expected == [sdk.name_of("set_add_elements", "shop", "s", [b"x" * size]) for size in sizes]
    assert expected == [sdk.name_of("dictionary_set_field", "shop", "d", "f", b"x" * size) for size in sizes]
    assert expected == [sdk.name_of("sorted_set_put_element", "shop", "z", b"x" * size, 1.0) for size in sizes]
    assert 4 == sdk("list_length", "shop", "l").length


def test_a_time_to_live_is_at_most_a_day(sdk: Sdk) -> None:
    """A millisecond less, just so, and one more."""
    day = timedelta(days=1)
    names = [sdk.name_of("set", "shop", "k", "v", day + timedelta(milliseconds=more)) for more in (-1, 0, 1)]

    assert ["Success", "Success", "Error"] == names


@pytest.fixture
def strict(clock: Clock) -> Iterator[MomentoLocal]:
    """A stand-in that lets in two calls a second, with the right key."""
    with MomentoLocal(["shop"], clock=clock, limits=Limits(operations_per_second=2.0), token="right") as running:
        yield running


@pytest.mark.parametrize("colour", COLOURS)
def test_calls_over_the_rate_are_refused_until_time_passes(colour: str, strict: MomentoLocal, clock: Clock) -> None:
    """By the stand-in's own clock."""
    with Sdk(strict, colour, token="right") as sdk:
        first = [sdk.name_of("get", "shop", "k") for _ in range(3)]
        refused = sdk("get", "shop", "k")
        clock.now += 0.5
        later = [sdk.name_of("get", "shop", "k") for _ in range(2)]

    assert (["Miss", "Miss", "Error"], ["Miss", "Error"]) == (first, later)
    assert CODES.LIMIT_EXCEEDED_ERROR == refused.error_code
    assert ("err", "operations_rate_limit_exceeded") in list(refused.inner_exception.transport_details.grpc.metadata)


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_call_without_the_key_is_not_let_in(token: str, strict: MomentoLocal) -> None:
    """None, and another one."""
    with Sdk(strict, "blocking", token=token) as sdk:
        assert CODES.AUTHENTICATION_ERROR == sdk("get", "shop", "k").error_code


def test_two_servers_never_share_a_port(server: MomentoLocal) -> None:
    """The second is refused."""
    with pytest.raises(RuntimeError, match=r"[Ff]ailed to bind"):
        MomentoLocal(port=server.port)
