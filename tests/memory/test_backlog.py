"""Puts that wait to be written: in order, one for each key, within bounds."""

import pytest

from llmcache.memory.backlog import OVERHEAD, SHORTEST, Backlog
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put

SPACE = Space(Namespace(("shop",)), Kind.RESPONSE)
A, B, C = (Key(SPACE, name) for name in "abc")


def put(key: Key, body: bytes = b"body", ttl: float | None = None) -> Put:
    """One put."""
    return Put(key, body, ttl)


@pytest.fixture
def backlog() -> Backlog:
    """Room for three puts of four bytes."""
    return Backlog(3 * (OVERHEAD + 4), 3)


def names(backlog: Backlog) -> str:
    """The names that wait, the oldest first."""
    return "".join(waiting.put.key.name for waiting in backlog.oldest(10))


def test_oldest_come_first_and_a_later_put_replaces(backlog: Backlog) -> None:
    """A key that is put again waits once, with its new body, behind the others."""
    backlog.add([put(A), put(B), put(A, b"new")], 0.0)

    assert ("ba", b"new") == (names(backlog), backlog.body(A, 0.0))
    assert ["b"] == [waiting.put.key.name for waiting in backlog.oldest(1)]


@pytest.mark.parametrize(("body", "left"), [(b"1234", "bcd"), (b"12345", "cd"), (b"", "bcd")])
def test_oldest_are_dropped_for_room(backlog: Backlog, body: bytes, left: str) -> None:
    """By bytes and by number; those that were just added stay."""
    backlog.add([put(A), put(B), put(C)], 0.0)
    dropped = backlog.add([put(Key(SPACE, "d"), body)], 0.0)

    assert left == names(backlog)
    assert set("abc") - set(left) == {waiting.put.key.name for waiting in dropped}


@pytest.mark.parametrize(("puts", "fits"), [(3, True), (4, False)])
def test_what_never_fits_is_told_before(backlog: Backlog, puts: int, fits: bool) -> None:
    """A call whose own puts would drop each other is not for waiting."""
    assert fits is backlog.takes([put(Key(SPACE, str(number))) for number in range(puts)])


def test_bytes_count_as_well(backlog: Backlog) -> None:
    """One large body."""
    room = 3 * (OVERHEAD + 4) - OVERHEAD

    assert [True, False] == [backlog.takes([put(A, b"x" * size)]) for size in (room, room + 1)]


def test_time_to_live_goes_on_while_waiting(backlog: Backlog) -> None:
    """What is over is not read any more, but written for a moment: what was there before must not come back."""
    backlog.add([put(A, ttl=10.0), put(B)], 100.0)
    first, second = backlog.oldest(2)

    assert [b"body", None] == [backlog.body(A, now) for now in (109.9, 110.0)]
    assert [7.0, SHORTEST, None] == [first.left(103.0).ttl, first.left(111.0).ttl, second.left(1e9).ttl]
    assert A in backlog
    assert C not in backlog


def test_written_are_forgotten_but_for_those_put_anew(backlog: Backlog) -> None:
    """A body that came while the older one was being written is still to be written."""
    backlog.add([put(A), put(B)], 0.0)
    batch = backlog.oldest(2)
    backlog.add([put(A, b"new")], 0.0)
    backlog.written(batch)

    assert ("a", b"new") == (names(backlog), backlog.body(A, 0.0))
    assert backlog


def test_what_waits_under_keys(backlog: Backlog) -> None:
    """In the order that was asked for; it stays until it is taken."""
    backlog.add([put(A), put(B)], 0.0)

    assert [B, A] == [waiting.put.key for waiting in backlog.under([B, C, A])]
    assert [B] == [waiting.put.key for waiting in backlog.take([B, C])]
    assert [A] == backlog.keys()


def test_bytes_are_given_back(backlog: Backlog) -> None:
    """However puts leave, the room is as before."""
    for _ in range(5):
        backlog.add([put(A, b"1234"), put(A, b"4321"), put(B, b"1234")], 0.0)
        backlog.written(backlog.oldest(1))
        backlog.take(backlog.keys())

    assert [] == backlog.add([put(A), put(B), put(C)], 0.0)
