"""When the near tier keeps a copy, and when it must not."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from llmcache.memory.near import NearTier
from llmcache.model.event import Event, Happening, Told
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Deaf, Listening
from tests.forks import in_child

SHOP = Space(Namespace(("shop",)), Kind.RESPONSE)
ONE, TWO = Key(SHOP, "one"), Key(SHOP, "two")
TTL = 30.0


@dataclass
class Time:
    """A clock that is set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    """By which copies age."""
    return Time()


@pytest.fixture
def told() -> list[Told]:
    """What the near tier told."""
    return []


@pytest.fixture
def near(time: Time, told: list[Told]) -> NearTier:
    """An empty near tier."""
    return NearTier(max_bytes=1 << 20, ttl=TTL, clock=time, tell=told.append)


def filled(near: NearTier, key: Key = ONE, body: bytes = b"old") -> None:
    """Read a body from the store, undisturbed."""
    near.fill([key], [body], near.reading([key]))


def write(near: NearTier, *puts: Put) -> None:
    """Write through, undisturbed."""
    near.written(puts, near.changing([put.key for put in puts]))


def test_what_was_read_is_at_hand_for_the_near_time_to_live(near: NearTier, time: Time) -> None:
    """The time counts from before the store was asked."""
    since = near.reading([ONE, TWO])
    time.now += 10
    near.fill([ONE, TWO], [b"body", None], since)
    time.now += 19.9
    found = [near.look(ONE), near.look(TWO)]
    time.now += 0.1

    assert [b"body", None] == found
    assert near.look(ONE) is None


@pytest.mark.parametrize(("ttl", "lives"), [(None, TTL), (5.0, 5.0), (500.0, TTL)])
def test_what_was_written_is_at_hand_no_longer_than_it_lives(
    near: NearTier, time: Time, ttl: float | None, lives: float
) -> None:
    """The shorter of its own time to live and the near one."""
    write(near, Put(ONE, b"body", ttl))
    time.now += lives - 0.1
    found = near.look(ONE)
    time.now += 0.1

    assert (b"body", None) == (found, near.look(ONE))


def _change(near: NearTier) -> None:
    near.changing([ONE])
    near.changed([ONE])


def _write(near: NearTier) -> None:
    write(near, Put(ONE, b"new"))
    near.hear(Changed([ONE]))


def _clear(near: NearTier) -> None:
    near.clearing(SHOP)
    near.cleared(SHOP)


def _fail_to_delete(near: NearTier) -> None:
    near.changing([ONE])
    near.doubtful([ONE])


def _fail_to_clear(near: NearTier) -> None:
    near.clearing(SHOP)
    near.clearing_failed(SHOP)


DISTURBANCES: dict[str, Callable[[NearTier], object]] = {
    "deleted": _change,
    "overwritten": _write,
    "cleared": _clear,
    "being deleted": lambda near: near.changing([ONE]),
    "being cleared": lambda near: near.clearing(SHOP),
    "told": lambda near: near.hear(Changed([ONE])),
    "told of the space": lambda near: near.hear(Changed(spaces=[SHOP])),
    "deaf": lambda near: near.hear(Deaf()),
    "listening": lambda near: near.hear(Listening()),
    "failed to delete": _fail_to_delete,
    "failed to clear": _fail_to_clear,
    "closed": lambda near: near.close(),
}


@pytest.mark.parametrize("disturb", DISTURBANCES.values(), ids=list(DISTURBANCES))
def test_read_never_brings_back_what_changed_meanwhile(near: NearTier, disturb: Callable[[NearTier], object]) -> None:
    """Whatever happens between the read and the fill, the old body is not kept."""
    since = near.reading([ONE])
    disturb(near)
    near.fill([ONE], [b"old"], since)

    assert near.look(ONE) is None


@pytest.mark.parametrize("disturb", DISTURBANCES.values(), ids=list(DISTURBANCES))
def test_copy_is_gone_when_its_key_changes(near: NearTier, disturb: Callable[[NearTier], object]) -> None:
    """Copies from before go at once."""
    filled(near)
    disturb(near)

    assert near.look(ONE) is None
    assert near.used_bytes == 0


def test_other_keys_are_left_alone(near: NearTier) -> None:
    """A change of one key takes nothing from another one."""
    filled(near, TWO)
    _change(near)
    near.hear(Changed([ONE]))
    near.clearing(Space(SHOP.namespace, Kind.EMBEDDING))

    assert near.look(TWO) == b"old"


def test_of_two_writes_that_meet_neither_leaves_a_copy(near: NearTier) -> None:
    """Nobody knows which of them the store did last."""
    for ends_first in (0, 1):
        begun = [(Put(ONE, body), near.changing([ONE])) for body in (b"a", b"b")]
        for put, since in (begun[ends_first], begun[1 - ends_first]):
            near.written([put], since)

            assert near.look(ONE) is None


def test_write_that_meets_a_deletion_leaves_no_copy(near: NearTier) -> None:
    """Whichever ends first."""
    since = near.changing([ONE])
    near.changing([ONE])
    near.changed([ONE])
    near.written([Put(ONE, b"a")], since)

    assert near.look(ONE) is None


def test_write_that_was_told_of_meanwhile_leaves_no_copy(near: NearTier) -> None:
    """It may have been another's, done after this one."""
    since = near.changing([ONE])
    near.hear(Changed([ONE]))
    near.written([Put(ONE, b"a")], since)

    assert near.look(ONE) is None


def test_of_two_puts_of_one_key_the_later_one_is_at_hand(near: NearTier) -> None:
    """As in the store; many keys of one call may share a slot and are kept all the same."""
    many = [Put(Key(SHOP, f"{number}"), b"%d" % number) for number in range(2_000)]
    write(near, Put(ONE, b"first"), *many, Put(ONE, b"second"))

    assert near.look(ONE) == b"second"
    assert [put.body for put in many] == [near.look(put.key) for put in many]


def test_after_a_failed_change_nothing_is_kept_until_it_can_no_more_be_done(near: NearTier, time: Time) -> None:
    """A write that timed out may be done late; by then it cannot contradict a copy."""
    near.changing([ONE])
    near.doubtful([ONE])
    time.now += TTL - 0.1
    filled(near)
    write(near, Put(ONE, b"new"))
    during = near.look(ONE)
    time.now += 0.1
    filled(near)

    assert (None, b"old") == (during, near.look(ONE))


def test_after_a_failed_clearing_nothing_at_all_is_kept_for_a_while(near: NearTier, time: Time) -> None:
    """The same for every key of the space."""
    near.clearing(SHOP)
    near.clearing_failed(SHOP)
    filled(near, TWO)
    during = near.look(TWO)
    time.now += TTL
    filled(near, TWO)

    assert (None, b"old") == (during, near.look(TWO))


def test_what_others_changed_is_counted_where_it_mattered(near: NearTier, told: list[Told]) -> None:
    """A change that dropped no copy is not told; that nothing is heard any more is, with the reason."""
    filled(near)
    for news in (Changed([TWO]), Changed([ONE, TWO]), Listening(), Deaf("ConnectionError")):
        near.hear(news)

    assert [Event(Happening.NEAR_DROPPED), Event(Happening.NEAR_DEAF, detail="ConnectionError")] == told


def test_watching_is_begun_once(near: NearTier) -> None:
    """By the first who asks."""
    assert [True, False, False] == [near.begins_to_watch() for _ in range(3)]


def test_child_process_begins_with_an_empty_one(near: NearTier) -> None:
    """What the parent heard is not heard in the child, so it keeps no copy of before and watches anew."""
    filled(near)
    near.begins_to_watch()
    near.changing([TWO])

    def begins_anew() -> bool:
        is_empty = near.look(ONE) is None
        filled(near, TWO)
        return is_empty and near.begins_to_watch() and near.look(TWO) == b"old"

    assert in_child(begins_anew) == 0
    assert near.look(ONE) == b"old"


def test_what_is_gone_needs_no_call_in_a_child() -> None:
    """A near tier that nobody holds any more is not kept for the sake of children."""
    NearTier(max_bytes=1 << 20, ttl=TTL, clock=Time(), tell=lambda told: None)

    assert in_child(lambda: True) == 0


def test_threads_never_see_an_older_body_than_the_one_written_last() -> None:
    """A writer in one thread, readers in others that fill from the store: what a reader sees never goes back."""
    near = NearTier(max_bytes=1 << 20, ttl=TTL, clock=Time(), tell=lambda told: None)
    store = [0]
    went_back: list[tuple[int, int]] = []
    is_over = threading.Event()

    def read() -> None:
        seen = 0
        while not is_over.is_set():
            body = near.look(ONE)
            if body is None:
                since = near.reading([ONE])
                body = b"%d" % store[0]
                near.fill([ONE], [body], since)
            if int(body) < seen:
                went_back.append((seen, int(body)))
            seen = int(body)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 2_000):
        since = near.changing([ONE])
        store[0] = number
        near.written([Put(ONE, b"%d" % number)], since)
    is_over.set()
    for reader in readers:
        reader.join()

    assert [] == went_back
