"""What the store does about failures of the service: what it raises, what it tries again, and how long that takes."""

import logging
import random
import time
from typing import Any

import grpc
import pytest

from llmcache.errors import (
    LLMCacheError,
    StoreError,
    StoreLimit,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
)
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import COLOURS, LOG, Clock, Shop, key, space

CODE = grpc.StatusCode
KEY = key()
LEASE = key(kind=Kind.LEASE)
PUT = Put(KEY, b"body")

READS: tuple[tuple[str, tuple[Any, ...]], ...] = (("get_many", ([KEY],)), ("read_log", (LOG,)), ("log_length", (LOG,)))
WRITES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("put_many", ([PUT],)),
    ("put_if_absent", (PUT,)),
    ("delete_many", ([KEY],)),
    ("delete_if_equal", (KEY, b"body")),
    ("clear", (space(),)),
    ("append", (LOG, [b"body"])),
    ("delete_log", (LOG,)),
)


def raised_by(shop: Shop, method: str, args: tuple[Any, ...]) -> StoreError:
    """Return the error that a call raises."""
    with pytest.raises(StoreError) as raised:
        shop(method, *args)
    return raised.value


def warm(shop: Shop) -> None:
    """Give the spaces their tokens, so that what a test counts is its own."""
    shop("put_many", [Put(key("warm"), b""), Put(key("warm", Kind.LEASE), b"")])
    shop("append", LOG, [b"warm"])


@pytest.mark.parametrize(
    ("method", "args"), [*READS, *WRITES], ids=lambda given: given if isinstance(given, str) else ""
)
@pytest.mark.parametrize(
    ("code", "err", "expected"),
    [
        (CODE.RESOURCE_EXHAUSTED, "operations_rate_limit_exceeded", StoreUnavailable),
        (CODE.RESOURCE_EXHAUSTED, "throughput_rate_limit_exceeded", StoreUnavailable),
        (CODE.RESOURCE_EXHAUSTED, "item_size_limit_exceeded", StoreLimit),
        (CODE.RESOURCE_EXHAUSTED, "element_size_limit_exceeded", StoreLimit),
        (CODE.UNAUTHENTICATED, "", StoreRefused),
        (CODE.PERMISSION_DENIED, "", StoreRefused),
        (CODE.FAILED_PRECONDITION, "", StoreRefused),
        (CODE.INVALID_ARGUMENT, "", StoreRefused),
        (CODE.UNIMPLEMENTED, "", StoreRefused),
        (CODE.DEADLINE_EXCEEDED, "", StoreTimeout),
    ],
    ids=str,
)
def test_a_refusal_says_what_to_do(
    code: grpc.StatusCode,
    err: str,
    expected: type[StoreError],
    method: str,
    args: tuple[Any, ...],
    server: MomentoLocal,
    clock: Clock,
) -> None:
    """By its class; the message names the store and the status."""
    with Shop(server, clock, "blocking") as shop:
        server.faults.add(code=code, err=err)
        error = raised_by(shop, method, args)

    assert expected is type(error)
    assert str(error).startswith("momento could not do ")
    assert code.name in str(error)


@pytest.mark.parametrize(("method", "args"), READS, ids=lambda given: given if isinstance(given, str) else "")
def test_a_read_without_answer_is_unavailable(
    method: str, args: tuple[Any, ...], server: MomentoLocal, shop: Shop
) -> None:
    """Nothing can have been done."""
    server.faults.add(code=CODE.UNAVAILABLE)

    assert StoreUnavailable is type(raised_by(shop, method, args))


@pytest.mark.parametrize(("method", "args"), WRITES, ids=lambda given: given if isinstance(given, str) else "")
def test_a_write_without_answer_leaves_open_whether_it_was_done(
    method: str, args: tuple[Any, ...], server: MomentoLocal, shop: Shop
) -> None:
    """So it is a StoreTimeout, which says to read again."""
    warm(shop)
    server.faults.add(code=CODE.UNAVAILABLE)

    error = raised_by(shop, method, args)
    assert StoreTimeout is type(error)
    assert "reread" in str(error)


def test_a_passing_failure_is_not_noticed(server: MomentoLocal, shop: Shop) -> None:
    """What may be repeated is repeated, after a pause."""
    shop("put_many", [PUT])
    server.faults.add("GetBatch", code=CODE.UNAVAILABLE, count=1)
    server.faults.add("SetBatch", code=CODE.INTERNAL, count=1)
    shop("put_many", [Put(KEY, b"new")])

    assert [b"new"] == shop("get_many", [KEY])


def test_a_repetition_that_is_refused_does_not_say_that_nothing_was_done(server: MomentoLocal, shop: Shop) -> None:
    """The first attempt was done, its answer lost; whatever becomes of the second, that is open."""
    shop("put_many", [PUT])
    server.faults.add("SetBatch", code=CODE.UNAVAILABLE, is_after=True, count=1)
    server.faults.add("SetBatch", code=CODE.PERMISSION_DENIED, count=1)
    error = raised_by(shop, "put_many", ([Put(KEY, b"new")],))

    assert (StoreTimeout, [b"new"]) == (type(error), shop("get_many", [KEY]))


def test_a_throttled_call_is_repeated_whatever_it_is(server: MomentoLocal, shop: Shop) -> None:
    """A refusal for the rate did nothing, so even an append comes again, and is there once."""
    warm(shop)
    server.faults.add("ListConcatenateBack", code=CODE.RESOURCE_EXHAUSTED, count=2)
    length = shop("append", LOG, [b"1"])

    assert (2, [b"warm", b"1"]) == (length, shop("read_log", LOG))


@pytest.mark.parametrize("code", [CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED, CODE.INTERNAL, CODE.UNKNOWN], ids=str)
def test_an_append_whose_answer_was_lost_is_there_once(code: grpc.StatusCode, server: MomentoLocal, shop: Shop) -> None:
    """The store looks for it by its id, finds it, and returns the length as if nothing had been."""
    shop("append", LOG, [b"1"])
    server.faults.add("ListConcatenateBack", code=code, is_after=True, count=1)
    length = shop("append", LOG, [b"2", b"3"])

    assert (3, [b"1", b"2", b"3"]) == (length, shop("read_log", LOG))
    assert 2 == server.count("ListConcatenateBack")


def test_an_append_that_did_not_arrive_is_never_sent_again(server: MomentoLocal, shop: Shop) -> None:
    """It might still be on its way; the caller is told to look."""
    shop("append", LOG, [b"1"])
    server.faults.add("ListConcatenateBack", code=CODE.UNAVAILABLE, count=1)
    error = raised_by(shop, "append", (LOG, [b"2"]))

    assert (StoreTimeout, 2) == (type(error), server.count("ListConcatenateBack"))
    assert [b"1"] == shop("read_log", LOG)


def test_an_append_that_nobody_can_look_for_is_left_open(server: MomentoLocal, shop: Shop) -> None:
    """The answer is lost, and the list cannot be read: the first failure is told, and nothing is sent twice."""
    shop("append", LOG, [b"1"])
    server.faults.add("ListConcatenateBack", code=CODE.DEADLINE_EXCEEDED, is_after=True, count=1)
    server.faults.add("ListFetch", code=CODE.UNAUTHENTICATED)
    error = raised_by(shop, "append", (LOG, [b"2"]))
    server.faults.clear()

    assert StoreTimeout is type(error)
    assert [b"1", b"2"] == shop("read_log", LOG)


def test_a_lease_whose_answer_was_lost_is_found_to_be_ones_own(server: MomentoLocal, shop: Shop) -> None:
    """By its body, which is nobody else's; another's is not taken for it."""
    warm(shop)
    server.faults.add("SetIf", code=CODE.UNAVAILABLE, is_after=True, count=1)
    taken = shop("put_if_absent", Put(LEASE, b"mine", 10.0))
    server.faults.add("SetIf", code=CODE.UNAVAILABLE, is_after=True, count=1)
    error = raised_by(shop, "put_if_absent", (Put(LEASE, b"yours", 10.0),))
    server.faults.add("SetIf", code=CODE.UNAVAILABLE, is_after=True, count=1)
    server.faults.add("Get", code=CODE.UNAUTHENTICATED)
    server.faults.add("GetBatch", code=CODE.UNAUTHENTICATED)
    unread = raised_by(shop, "put_if_absent", (Put(LEASE, b"yours", 10.0),))

    assert (True, StoreTimeout, StoreTimeout) == (taken, type(error), type(unread))


def test_a_batch_of_which_a_part_was_refused_is_left_open(server: MomentoLocal, shop: Shop) -> None:
    """Some puts were written, so "nothing was done" would be wrong."""
    warm(shop)
    server.faults.add("SetBatch", code=CODE.PERMISSION_DENIED, count=1)
    puts = [Put(key(f"{number}"), b"x") for number in range(150)]
    error = raised_by(shop, "put_many", (puts,))

    assert StoreTimeout is type(error)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("method", "args"),
    [READS[0], READS[1], WRITES[0], WRITES[5]],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_hung_service_costs_one_deadline(
    method: str, args: tuple[Any, ...], colour: str, server: MomentoLocal, clock: Clock
) -> None:
    """All calls and pauses of an operation together."""
    with Shop(server, clock, colour, timeout=0.3) as shop:
        warm(shop)
        server.faults.add(delay=60.0)
        began = time.monotonic()
        error = raised_by(shop, method, args)
        took = time.monotonic() - began
        server.stop()

    assert StoreTimeout is type(error)
    assert took < 1.0


def test_a_rate_that_stays_exceeded_ends_the_operation(server: MomentoLocal, shop: Shop) -> None:
    """After a few pauses, not at the deadline."""
    server.faults.add(code=CODE.RESOURCE_EXHAUSTED)
    began = time.monotonic()
    error = raised_by(shop, "get_many", ([KEY],))

    assert StoreUnavailable is type(error)
    assert "over the limit of calls" in str(error)
    assert time.monotonic() - began < 5.0
    assert 5 == len(server.calls)


def test_a_server_that_is_not_there_is_unavailable_at_once(server: MomentoLocal, shop: Shop) -> None:
    """For reads and writes alike: nothing was sent."""
    server.stop()
    began = time.monotonic()
    errors = [raised_by(shop, *call) for call in (READS[0], WRITES[0], WRITES[5])]

    assert [StoreUnavailable] * 3 == [type(error) for error in errors]
    assert time.monotonic() - began < 5.0


def test_a_restarted_server_is_found_at_once(server: MomentoLocal, clock: Clock, shop: Shop) -> None:
    """Though calls failed while it was gone: gRPC would wait before it connects again, a new connection does not."""
    shop("put_many", [PUT])
    shop("append", LOG, [b"1"])
    server.stop()
    for _ in range(3):
        for call in (READS[0], WRITES[0], WRITES[5]):
            raised_by(shop, *call)
    with MomentoLocal(["shop"], clock=clock, port=server.port):
        lengths = [shop("append", LOG, [b"2"]), shop("append", LOG, [b"3"])]
        shop("put_many", [Put(KEY, b"new")])

        assert ([1, 2], [b"new"]) == (lengths, shop("get_many", [KEY]))


def test_connections_that_broke_are_given_back(server: MomentoLocal, shop: Shop) -> None:
    """However often the server is not there."""
    server.stop()
    for _ in range(5):
        raised_by(shop, *READS[0])
    link = shop.pair.blocking._link  # type: ignore[union-attr]  # both colours are there

    assert (None, {}) == (link._wire, link._async_wires)


def test_a_missing_cache_is_named_with_what_to_do(server: MomentoLocal, clock: Clock) -> None:
    """Nothing creates one unasked."""
    for colour in COLOURS:
        with Shop(server, clock, colour, cache="none") as shop:
            error = raised_by(shop, "get_many", ([KEY],))

            assert StoreRefused is type(error)
            assert "no cache 'none'" in str(error)
            assert "create=true" in str(error)
    assert 0 == server.count("CreateCache")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_missing_cache_is_created_once_on_request(colour: str, server: MomentoLocal, clock: Clock) -> None:
    """On first use, not when the store is opened; and not again when somebody drops it."""
    with Shop(server, clock, colour, cache="new", create=True) as shop:
        before = server.count("CreateCache")
        shop("put_many", [PUT])
        found = shop("get_many", [KEY])
        del server.keep.caches["new"]
        error = raised_by(shop, "get_many", ([KEY],))

    assert (0, [b"body"], StoreRefused) == (before, found, type(error))
    assert 1 == server.count("CreateCache")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_cache_that_may_not_be_created_is_an_error(colour: str, server: MomentoLocal, clock: Clock) -> None:
    """Of its own kind, with its cause."""
    server.faults.add("CreateCache", code=CODE.PERMISSION_DENIED)
    with Shop(server, clock, colour, cache="new", create=True) as shop:
        assert StoreRefused is type(raised_by(shop, "get_many", ([KEY],)))


def test_the_users_log_stays_quiet(server: MomentoLocal, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK warns of every failure; the caller is told by the error alone."""
    server.faults.add(code=CODE.UNAUTHENTICATED)
    with caplog.at_level(logging.DEBUG):
        raised_by(shop, "append", (LOG, [b"1"]))
        raised_by(shop, "delete_many", ([KEY],))
        ours = [record for record in caplog.records if record.name == "momentosdk"]
        logging.getLogger("momentosdk").warning("of the user's own")

    assert [] == ours
    assert "of the user's own" in caplog.text


def test_errors_show_no_names_and_no_content(server: MomentoLocal, shop: Shop) -> None:
    """Not of a conversation, nor what was said."""
    server.faults.add(code=CODE.FAILED_PRECONDITION)
    log = key("ada@example.org", Kind.HISTORY)
    errors: list[LLMCacheError] = [raised_by(shop, "append", (log, [b"a secret"])), raised_by(shop, "read_log", (log,))]

    for error in errors:
        assert "ada" not in str(error)
        assert "secret" not in str(error)
        assert "of history" in str(error)


def test_pauses_grow_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubling, spread, at most four, and none beyond the deadline."""
    from llmcache_momento.budget import Budget  # noqa: PLC0415 -- beside its only use
    from llmcache_momento.errors import Failure  # noqa: PLC0415 -- as above

    monkeypatch.setattr(random, "random", lambda: 1.0)
    throttled, refused = Failure(CODE.RESOURCE_EXHAUSTED), Failure(CODE.UNAUTHENTICATED)
    budget, passing = Budget(60.0), Budget(60.0)

    assert [0.05, 0.1, 0.2, 0.4, None] == [budget.pause(throttled) for _ in range(5)]
    assert Budget(60.0).pause(refused) is None
    assert [0.05, None] == [passing.pause(Failure(CODE.UNAVAILABLE)) for _ in range(2)]
    assert Budget(0.01).pause(throttled) is None
