"""Logs: one element for each body, large bodies beside the list, as long as the list."""

import time
from contextlib import suppress

import grpc
import pytest

from llmcache.errors import DecodeError, StoreLimit, StoreTimeout
from llmcache.model.key import Kind
from llmcache_momento.layout import (
    DEFAULT_TTL,
    MAX_BODY_BYTES,
    MAX_INLINE_BYTES,
    MAX_TTL,
    framed,
    item_key,
    mark_key,
    unframed,
)
from llmcache_momento.local import MomentoLocal
from tests.momento.driving import LOG, Clock, Shop, key

LARGE = b"x" * (MAX_INLINE_BYTES + 1)


def held(server: MomentoLocal) -> list[bytes]:
    """Return the keys in the cache, the tokens left out."""
    return [name for name in server.keep.caches["shop"] if not name.endswith(b":!")]


def test_an_append_is_one_call_whatever_the_length(server: MomentoLocal, shop: Shop) -> None:
    """Of many bodies, in one element each; a cap is the list's own."""
    shop("append", LOG, [b"0"] * 500)
    server.calls.clear()
    length = shop("append", LOG, [b"%d" % number for number in range(50)], max_length=20)

    assert (20, [b"48", b"49"]) == (length, shop("read_log", LOG, -2))
    assert 1 == server.count("ListConcatenateBack")


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_bodies_around_the_size_of_an_element_come_back(more: int, server: MomentoLocal, shop: Shop) -> None:
    """One byte less, just so, and one byte more; only the last lies beside the list."""
    body = b"y" * (MAX_INLINE_BYTES + more)
    length = shop("append", LOG, [b"before", body, b"after"])

    assert (3, [b"before", body, b"after"]) == (length, shop("read_log", LOG))
    assert (3 if more == 1 else 1) == len(held(server))


def test_lengths_slices_and_caps_count_large_bodies_as_one(shop: Shop) -> None:
    """A cap drops whole bodies, oldest first, whatever their sizes."""
    bodies = [b"1", LARGE + b"2", b"3", LARGE + b"4", b"5"]
    lengths = [shop("append", LOG, [body], max_length=3) for body in bodies]

    assert ([1, 2, 3, 3, 3], 3) == (lengths, shop("log_length", LOG))
    assert bodies[-3:] == shop("read_log", LOG)
    assert bodies[-2:-1] == shop("read_log", LOG, 1, 2)


def test_a_conversation_may_be_larger_than_an_item(server: MomentoLocal, shop: Shop) -> None:
    """By its large bodies; they are items of their own."""
    body = b"z" * MAX_BODY_BYTES
    for _ in range(3):
        shop("append", LOG, [body])

    assert [body] * 3 == shop("read_log", LOG)


def test_small_bodies_beyond_an_item_are_refused_with_what_to_do(shop: Shop) -> None:
    """Nothing of the append that is too much is there; a cap makes room."""
    body = b"s" * 100_000
    for _ in range(52):
        shop("append", LOG, [body])
    with pytest.raises(StoreLimit, match="max_messages"):
        shop("append", LOG, [body])
    full = shop("log_length", LOG)

    assert (52, 10) == (full, shop("append", LOG, [body], max_length=10))


def test_a_conversation_of_small_bodies_is_read_to_its_last_byte(server: MomentoLocal, shop: Shop) -> None:
    """A list near the limit of an item is larger on the wire, by what frames its elements."""
    most, count = server.keep.limits.max_item_bytes, 0
    assert most is not None
    for together in (1_000, 50, 1):
        with suppress(StoreLimit):
            while True:
                count = shop("append", LOG, [b"x" * 300] * together)

    fullest = max(item.size for item in server.keep.caches["shop"].values())
    assert most - fullest < 500
    assert count == len(shop("read_log", LOG))


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (-2, 0), (2, 1), (1, 1), (-1, -2), (-2, -2), (2**40, 2**50)])
def test_a_slice_that_is_always_empty_is_not_asked_for(start: int, stop: int, server: MomentoLocal, shop: Shop) -> None:
    """The service is not known to answer it; its SDKs refuse it."""
    shop("append", LOG, [b"1", b"2", b"3"])

    assert ([], 0) == (shop("read_log", LOG, start, stop), server.count("ListFetch"))


def test_an_append_that_is_done_is_not_denied(server: MomentoLocal, clock: Clock, shop: Shop) -> None:
    """Where what lies beside the list could not be given a longer life: to say "nothing was done" would bring it twice."""
    with Shop(server, clock, "blocking") as other:
        other("append", LOG, [LARGE])
    shop("append", key("another", Kind.HISTORY), [b"warm"])
    server.faults.add("ListFetch", code=grpc.StatusCode.RESOURCE_EXHAUSTED)
    with pytest.raises(StoreTimeout, match="may have been done"):
        shop("append", LOG, [b"2"])
    server.faults.clear()

    assert [LARGE, b"2"] == shop("read_log", LOG)


def test_a_deletion_that_is_half_done_is_not_denied(server: MomentoLocal, shop: Shop) -> None:
    """The list is gone; what lay beside it is left to its time to live, and a second deletion finds nothing wrong."""
    shop("append", LOG, [LARGE])
    server.faults.add("Delete", count=1)
    server.faults.add("Delete", code=grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(StoreTimeout, match="may have been done"):
        shop("delete_log", LOG)
    server.faults.clear()
    shop("delete_log", LOG)

    assert 0 == shop("log_length", LOG)


def test_an_append_larger_than_a_message_is_refused(shop: Shop) -> None:
    """Before it is sent, by gRPC's own bound; nothing is there."""
    with pytest.raises(StoreLimit, match="too large"):
        shop("append", LOG, [b"s" * 110_000] * 60)

    assert [] == shop("read_log", LOG)


@pytest.mark.parametrize("ttl", [None, MAX_TTL, 3_600.0])
def test_large_bodies_live_as_long_as_their_conversation(ttl: float | None, shop: Shop, clock: Clock) -> None:
    """However often the conversation's life was lengthened by small ones."""
    life = DEFAULT_TTL if ttl is None else ttl
    shop("append", LOG, [LARGE], ttl=ttl)
    for number in range(6):
        clock.now += life * 0.9
        shop("append", LOG, [b"%d" % number], ttl=ttl)
    clock.now += life - 0.01

    assert [LARGE, b"0", b"1", b"2", b"3", b"4", b"5"] == shop("read_log", LOG)


def test_another_process_lengthens_them_too(server: MomentoLocal, clock: Clock) -> None:
    """One that found no large bodies looks again before any written since could be gone."""
    with Shop(server, clock, "blocking") as first, Shop(server, clock, "blocking") as second:
        second("append", LOG, [b"1"])
        clock.now += 1.0
        first("append", LOG, [LARGE])
        for _ in range(200):
            clock.now += 800.0
            second("append", LOG, [b"2"], max_length=300)
        clock.now += DEFAULT_TTL - 1.0

        assert [b"1", LARGE] == second("read_log", LOG, 0, 2)


def test_whether_there_are_large_bodies_is_asked_once_in_a_while(
    server: MomentoLocal, shop: Shop, clock: Clock
) -> None:
    """Not at every append."""
    for _ in range(10):
        shop("append", LOG, [b"1"])
        clock.now += 10.0
    marks = [called for called in server.calls if called.rpc == "Get"]

    # Each append also reads the token, because these tests give no lease.
    assert len(marks) <= 12


def test_deleting_a_conversation_deletes_what_lies_beside_it(server: MomentoLocal, shop: Shop) -> None:
    """Nothing of it is left in the cache, and it begins anew."""
    shop("append", LOG, [LARGE, b"1", LARGE])
    shop("delete_log", LOG)

    assert ([], []) == (held(server), shop("read_log", LOG))
    assert 1 == shop("append", LOG, [b"2"])


def test_a_large_body_that_is_gone_is_an_error(server: MomentoLocal, shop: Shop) -> None:
    """Losing a message is never silent; what does not need it can be read."""
    shop("append", LOG, [LARGE, b"1"])
    del server.keep.caches["shop"][next(name for name in held(server) if b"!" in name and not name.endswith(b"!"))]
    with pytest.raises(DecodeError, match="large message is gone"):
        shop("read_log", LOG)

    assert [b"1"] == shop("read_log", LOG, 1)


def test_an_element_of_another_form_is_an_error(server: MomentoLocal, shop: Shop) -> None:
    """Somebody else wrote into the list."""
    shop("append", LOG, [b"1"])
    (list_key,) = held(server)
    for foreign in (b"no colon", b"?id:body"):
        server.keep.caches["shop"][list_key].value.append(foreign)
        with pytest.raises(DecodeError, match="not ours"):
            shop("read_log", LOG)
        server.keep.caches["shop"][list_key].value.pop()


def test_an_element_that_came_twice_counts_once(server: MomentoLocal, shop: Shop) -> None:
    """Something between us and the service repeated a call."""
    shop("append", LOG, [b"1", b"1"])
    (list_key,) = held(server)
    elements = server.keep.caches["shop"][list_key].value
    elements.extend(elements[:])

    assert [b"1", b"1"] == shop("read_log", LOG)


def test_keys_of_a_space_never_meet() -> None:
    """Tokens, entries, marks and large bodies of any names have keys of their own."""
    names = ("a", "!", "a!", "0123456789abcdef:a", "a:", ":")
    logs = [key(name, Kind.HISTORY) for name in names]
    keys = [item_key(log, b"0123456789abcdef") for log in logs] + [mark_key(log) for log in logs]
    keys += [outside.key for log in logs for outside in framed(log, [LARGE]).outside]

    assert len(keys) == len(set(keys))
    assert all(name.isascii() for name in keys)


def test_frames_give_back_what_they_hold() -> None:
    """Bodies with the signs that frames are made of, too."""
    bodies = [b"", b":", b"+:", b"*a:b", b"\x00"]

    assert bodies == unframed(LOG, framed(LOG, bodies).elements)


@pytest.mark.slow
def test_an_append_takes_time_by_its_bodies_not_by_the_log(server: MomentoLocal, clock: Clock) -> None:
    """Into a log of thousands as into a new one; what is sent is the same."""
    with Shop(server, clock, "blocking", lease=60.0) as shop:
        shop("append", LOG, [b"x" * 100] * 5_000)
        server.calls.clear()
        began = time.monotonic()
        shop("append", LOG, [b"1"])

        assert ["ListConcatenateBack"] == [called.rpc for called in server.calls]
        assert time.monotonic() - began < 5.0
