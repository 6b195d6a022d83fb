"""What every store refuses before it writes anything."""

from decimal import Decimal

import pytest

from llmcache.errors import StoreLimit, UsageError
from llmcache.model.capabilities import Limits
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.checks import check_append, check_body, check_keys, check_puts, check_scan
from llmcache.protocols.key_value import Put

NONE = Limits()
SMALL = Limits(max_body_bytes=4, max_ttl=60.0, max_batch=2)
SECRET = "sk-secret"


class OtherBytes(bytes):
    """Bytes of another type."""


def append(
    log: Key, bodies: list[bytes], limits: Limits, max_length: int | None = None, ttl: float | None = None
) -> None:
    """Check an append to a store called "box"."""
    check_append(log, bodies, max_length=max_length, ttl=ttl, limits=limits, store="box")


@pytest.mark.parametrize("ttl", [None, 1, 0.001, 5e-324, 1e308, 10**300])
def test_any_positive_time_passes(key: Key, ttl: float | None) -> None:
    """Every positive finite number of seconds, and none, is a time to live."""
    check_puts([Put(key, b"", ttl)], NONE, "box")
    append(key, [b""], NONE, ttl=ttl)


@pytest.mark.parametrize(
    "ttl", [0, -1, -0.0, float("nan"), float("inf"), -float("inf"), True, "60", Decimal(60), 10**400, -(10**400)]
)
def test_other_times_are_refused(key: Key, ttl: float) -> None:
    """Zero, negative, infinite, NaN, truth values, text, other numbers, and integers that have no float."""
    with pytest.raises(UsageError, match=r"^box refused put_many of 9f86d081884c: a time to live"):
        check_puts([Put(key, b"", ttl)], NONE, "box")
    with pytest.raises(UsageError, match=r"^box refused append of 9f86d081884c: a time to live"):
        append(key, [], NONE, ttl=ttl)


@pytest.mark.parametrize("body", [bytearray(b"a"), memoryview(b"a"), SECRET, None, 1, OtherBytes(b"a")])
def test_body_is_exactly_bytes(key: Key, body: bytes) -> None:
    """What is not exactly bytes is refused, by every check, and not shown."""
    with pytest.raises(UsageError, match="exactly bytes, found") as put:
        check_puts([Put(key, b"a"), Put(key, body)], NONE, "box")
    with pytest.raises(UsageError, match="exactly bytes, found") as appended:
        append(key, [b"a", body], NONE)
    with pytest.raises(UsageError, match="box refused delete_if_equal of 9f86d081884c"):
        check_body(key, body, "box", "delete_if_equal")

    assert SECRET not in f"{put.value} {appended.value}"


def test_body_at_the_limit_passes_and_one_byte_more_is_refused(key: Key) -> None:
    """The message tells both sizes."""
    check_puts([Put(key, b"1234")], SMALL, "box")
    append(key, [b"1234"], SMALL)

    with pytest.raises(StoreLimit, match="a body is 5 bytes, limit 4"):
        check_puts([Put(key, b"12345")], SMALL, "box")
    with pytest.raises(StoreLimit, match="a body is 5 bytes, limit 4"):
        append(key, [b"12345"], SMALL)


def test_time_at_the_limit_passes_and_more_is_refused(key: Key) -> None:
    """A time to live over the store's longest is the store's limit, not a wrong call."""
    check_puts([Put(key, b"", 60.0)], SMALL, "box")

    with pytest.raises(StoreLimit, match="a time to live is 61 seconds, limit 60"):
        check_puts([Put(key, b"", 61.0)], SMALL, "box")


def test_batch_at_the_limit_passes_and_more_is_refused(key: Key) -> None:
    """More keys than the store takes in one call are refused, with what to do."""
    check_puts([Put(key, b"")] * 2, SMALL, "box")
    check_keys([key] * 2, SMALL, "box", "get_many")
    check_keys([key] * 100_000, NONE, "box", "get_many")

    with pytest.raises(StoreLimit, match="3 keys in one call, limit 2; send them in parts"):
        check_puts([Put(key, b"")] * 3, SMALL, "box")
    with pytest.raises(StoreLimit, match="box refused get_many"):
        check_keys([key] * 3, SMALL, "box", "get_many")


@pytest.mark.parametrize("max_length", [0, -1, True, 1.5, "3", -(10**400)])
def test_cap_is_at_least_one(key: Key, max_length: int) -> None:
    """A cap under one, or that is no integer, is refused also where nothing is appended."""
    with pytest.raises(UsageError, match="max_length is at least 1"):
        append(key, [], NONE, max_length=max_length)


@pytest.mark.parametrize("max_length", [None, 1, 10**400])
def test_any_other_cap_passes(key: Key, max_length: int | None) -> None:
    """No cap, and every cap from one on."""
    append(key, [b"a", b"b"], NONE, max_length=max_length)


@pytest.mark.parametrize("count", [0, -1, True, 1.5])
def test_page_has_at_least_one_key(key: Key, count: int) -> None:
    """A page of no keys would never end."""
    with pytest.raises(UsageError, match="count is at least 1"):
        check_scan(key.space, None, count, "box")


def test_page_begins_in_its_own_space(key: Key) -> None:
    """A scan cannot go on behind a key of another space."""
    other = Space(Namespace(("other",)), Kind.RESPONSE)
    check_scan(key.space, key, 1, "box")

    with pytest.raises(UsageError, match="not a key of the space"):
        check_scan(other, key, 1, "box")
