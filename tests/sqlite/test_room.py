"""The bound on bytes: kept, counting everything, without ever dropping what was just put."""

from itertools import pairwise
from pathlib import Path

import pytest

from llmcache.errors import StoreLimit, UsageError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache_sqlite import SqliteStore
from tests.sqlite.conftest import Opener
from tests.sqlite.things import SPACE, answer, answers, body_of, engine_of, file_of, key, log, put

MIB = 2**20


class Clock:
    """A time of day that tests set."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def bytes_in(folder: Path) -> int:
    """Return what the store's files take up, all together."""
    return sum(path.stat().st_size for path in folder.iterdir())


def test_just_put_is_there_however_large(opener: Opener) -> None:
    """Bodies of an eighth of the bound: each is there right after it was put, and so are some before it."""
    store = opener(max_bytes=20 * MIB)
    for number in range(30):
        put(store, number, size=20 * MIB // 8)
        assert body_of(number, 20 * MIB // 8) == answer(store, number)

    assert [True, True] == [answer(store, number) is not None for number in (28, 29)]
    assert store.health().evicted >= 20


def test_body_over_an_eighth_is_refused_before_anything_goes(opener: Opener) -> None:
    """A body that would drive out most of the others is StoreLimit, and nothing is evicted for it."""
    store = opener(max_bytes=MIB)
    put(store, "a")

    with pytest.raises(StoreLimit, match="131,073 bytes, limit 131,072"):
        put(store, "big", size=MIB // 8 + 1)
    with pytest.raises(StoreLimit, match="send it in parts"):
        store.put_many([Put(key(number), body_of(number, MIB // 10)) for number in range(4)])
    assert body_of("a") == answer(store, "a")
    assert 0 == store.health().evicted


@pytest.mark.parametrize(("size", "at_once"), [(300, 40), (1_500, 8), (20_000, 1)])
def test_bound_holds_with_everything_counted(size: int, at_once: int, folder: Path, opener: Opener) -> None:
    """File, log, ballast and index of the log together never pass the bound, while twice as much is put."""
    store = opener(max_bytes=2 * MIB)
    most = 0
    for number in range(4 * MIB // size // at_once):
        store.put_many([Put(key(f"{number} {part}"), body_of(part, size), 60.0) for part in range(at_once)])
        most = max(most, bytes_in(folder))

    assert most <= 2 * MIB
    assert most > MIB


def test_bound_holds_with_batches(folder: Path, opener: Opener) -> None:
    """So it is with calls that write a fifth of the bound at once."""
    store = opener(max_bytes=4 * MIB)
    most = 0
    for number in range(20):
        store.put_many([Put(key(f"{number} {part}"), body_of(part, 7_000)) for part in range(100)])
        most = max(most, bytes_in(folder))
        assert body_of(99, 7_000) == answer(store, f"{number} 99")
        assert body_of(0, 7_000) == answer(store, f"{number} 0")

    assert most <= 4 * MIB


def test_oldest_go_first_unless_they_are_read(opener: Opener) -> None:
    """Of entries of one age those that were read since stay longer than those that were not."""
    store = opener(max_bytes=4 * MIB)
    for number in range(200):
        put(store, number, size=10_000)
    favourites = range(0, 50, 5)
    for number in range(200, 500):
        answers(store, *favourites)
        put(store, number, size=10_000)

    assert [True] * 10 == [body is not None for body in answers(store, *favourites)]
    assert [False] * 10 == [body is not None for body in answers(store, *range(1, 51, 5))]
    assert [True] * 50 == [body is not None for body in answers(store, *range(450, 500))]


def test_what_one_process_reads_another_spares(opener: Opener) -> None:
    """What was read is written down with later writes, so that whoever evicts knows it."""
    reading, evicting = opener(max_bytes=4 * MIB), opener(max_bytes=4 * MIB, timeout=6.0)
    for number in range(200):
        put(evicting, number, size=10_000)
    engine_of(reading).marks.wanted = True  # as after its first own write to a store that is half full
    answers(reading, *range(10))
    for number in range(20):
        put(reading, f"own {number}", size=10)
    for number in range(200, 450):
        put(evicting, number, size=10_000)

    assert [True] * 10 == [body is not None for body in answers(evicting, *range(10))]
    assert [False] * 10 == [body is not None for body in answers(evicting, *range(10, 20))]


def test_reading_everything_does_not_stop_eviction(opener: Opener) -> None:
    """Where all entries were read lately, some go all the same."""
    store = opener(max_bytes=2 * MIB)
    for number in range(400):
        put(store, number, size=8_000)
        answers(store, *range(max(0, number - 100), number))

    assert body_of(399, 8_000) == answer(store, 399)
    assert store.health().evicted > 150


def appended_until_refused(store: SqliteStore) -> int:
    """Append until the store says that it is full, and return how many bodies it took."""
    for number in range(1_000):
        try:
            store.append(log(), [body_of(number, 5_000)])
        except StoreLimit:
            return number
    raise AssertionError("the bound is too large for this test")


def test_conversations_fill_the_bound_and_are_then_refused(opener: Opener) -> None:
    """Logs drive out entries and are themselves never dropped; where they fill the store, writes say so."""
    store = opener(max_bytes=MIB)
    for number in range(50):
        put(store, number, size=5_000)
    taken = appended_until_refused(store)

    assert [None] * 50 == answers(store, *range(50))
    assert [body_of(number, 5_000) for number in range(taken)] == store.read_log(log())
    with pytest.raises(StoreLimit, match=r"put_many of .* cap or expire conversations"):
        put(store, "a", size=5_000)
    store.delete_log(log())
    put(store, "a", size=5_000)
    assert body_of("a", 5_000) == answer(store, "a")


def test_expired_entries_go_before_others(opener: Opener) -> None:
    """Room is made of what has expired as long as there is any."""
    clock = Clock()
    store = opener(max_bytes=2 * MIB, clock=clock)
    for number in range(50):
        put(store, f"stays {number}", size=8_000)
    for number in range(80):
        put(store, f"goes {number}", size=8_000, ttl=10.0)
    clock.now += 10.0
    for number in range(70):
        put(store, f"new {number}", size=8_000)

    assert [True] * 50 == [body is not None for body in answers(store, *(f"stays {n}" for n in range(50)))]
    assert 0 == store.health().evicted
    assert store.health().purged > 50


def test_many_that_expire_together_are_deleted_a_few_at_a_time(folder: Path, opener: Opener) -> None:
    """Ten thousand entries expire in one moment: no write does all the work, and later writes give it all back."""
    clock = Clock()
    store = opener(clock=clock)
    put(store, "first")
    for batch in range(100):
        store.put_many([Put(key(f"{batch} {n}"), body_of(n, 1_000), 60.0) for n in range(100)])
    clock.now += 60.0
    purged = [0]
    for number in range(1_500):
        put(store, f"new {number % 50}", size=10)
        purged.append(store.health().purged)
    store.close()

    assert 10_000 == purged[-1]
    assert max(after - before for before, after in pairwise(purged)) <= 64
    assert file_of(folder).stat().st_size < 3 * MIB


def test_expired_and_deleted_logs_are_given_back(folder: Path, opener: Opener) -> None:
    """The bodies of logs that expired, were deleted or cleared are deleted, and the file gets shorter."""
    clock = Clock()
    store = opener(clock=clock)
    for number in range(30):
        store.append(log(f"expires {number}"), [body_of(n, 2_000) for n in range(50)], ttl=60.0)
        store.append(log(f"deleted {number}"), [body_of(n, 2_000) for n in range(50)])
    clock.now += 60.0
    for number in range(30):
        store.delete_log(log(f"deleted {number}"))
    for number in range(600):
        put(store, number % 20, size=10)
    store.close()

    assert file_of(folder).stat().st_size < 3 * MIB


def test_clear_gives_the_disk_back(folder: Path, opener: Opener) -> None:
    """After clear the file gets shorter: at once by a part, and with a few writes by all of it."""
    store = opener()
    for batch in range(10):
        store.put_many([Put(key(f"{batch} {n}"), body_of(n, 4_000)) for n in range(300)])
    store.clear(SPACE)
    assert [None] == store.get_many((key("0 0"),))
    for number in range(300):
        put(store, number % 20, size=10)
    store.close()

    assert file_of(folder).stat().st_size < 3 * MIB


def test_smaller_bound_is_reached_step_by_step(folder: Path, opener: Opener) -> None:
    """A store that is opened with a smaller bound than it is full shrinks to it with the next writes."""
    large = opener(max_bytes=64 * MIB)
    for batch in range(20):
        large.put_many([Put(key(f"{batch} {n}"), body_of(n, 4_000)) for n in range(250)])
    large.close()
    before = bytes_in(folder)
    store = opener(max_bytes=4 * MIB)
    for number in range(600):
        put(store, number, size=4_000)
        assert body_of(number, 4_000) == answer(store, number)
    store.close()

    assert before > 20 * MIB
    assert bytes_in(folder) <= 4 * MIB


def test_kinds_that_cannot_be_had_again_stay(opener: Opener) -> None:
    """Leases, tag marks and documents outlive any number of answers; the same key keeps its place when put again."""
    store = opener(max_bytes=MIB)
    kept = [key("a", kind) for kind in (Kind.LEASE, Kind.TAG, Kind.DOCUMENT)]
    store.put_many([Put(one, b"old") for one in kept])
    store.put_many([Put(one, b"new") for one in kept])
    for number in range(500):
        put(store, number, size=8_000)

    assert [b"new"] * 3 == store.get_many(kept)


def test_file_stays_small_beside_what_is_in_it(folder: Path, store: SqliteStore) -> None:
    """On disk an entry of 4.6 KB takes at most 1.2 times its body."""
    store.put_many([Put(key(number), body_of(number, 4_600), 3600.0) for number in range(2_000)])
    store.close()

    assert file_of(folder).stat().st_size <= 1.2 * 2_000 * 4_600


@pytest.mark.parametrize("max_bytes", [0, -1, MIB - 1, 1.5, True, "1", None])
def test_wrong_bound_is_refused(max_bytes: object, opener: Opener, folder: Path) -> None:
    """The bound is an integer of at least a mebibyte; nothing is made otherwise."""
    with pytest.raises(UsageError, match="at least 1,048,576"):
        opener(max_bytes=max_bytes)
    assert not folder.exists()
