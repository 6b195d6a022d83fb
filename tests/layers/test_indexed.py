"""The layer that gives vector indexes to stores with logs."""

from dataclasses import replace
from typing import Any

import pytest

from llmcache.codec.points import pack_points
from llmcache.errors import UsageError
from llmcache.model.capabilities import Limits
from llmcache.model.event import Event, Happening
from llmcache.model.vectors import Neighbour
from llmcache.policy.where import read_filter
from llmcache.protocols.store_ops import Append, ReadLog, Scan
from llmcache.protocols.vector_ops import EndedPoints, Nearest
from tests.layers.indexes import AT, INDEX, Handle, Processes, floats, point


def nearest(handle: Handle, *numbers: float, count: int = 10, at: float = AT, **more: Any) -> list[Neighbour]:
    """Search."""
    return list(handle.do(handle.layer(Nearest(INDEX, floats(*numbers), count, at, **more))))


def names(found: list[Neighbour]) -> list[str]:
    """Return the ids."""
    return [one.point.id for one in found]


@pytest.fixture
def processes() -> Processes:
    """A store, and whoever opens it."""
    return Processes()


@pytest.fixture
def handle(processes: Processes) -> Handle:
    """One process."""
    return processes.handle()


def test_the_nearest_come_first_with_their_cosine(handle: Handle) -> None:
    """The length of a vector does not matter, only its direction; equal ones stand in the order they were put in."""
    handle.do(
        handle.put(point("far", 0.0, 3.0), point("near", 5.0, 0.5), point("here", 0.1, 0.0), point("behind", -1.0, 0.0))
    )

    found = nearest(handle, 2.0, 0.0)

    assert ["here", "near", "far", "behind"] == names(found)
    assert [1.0, 0.995, 0.0, -1.0] == pytest.approx([one.similarity for one in found], abs=1e-3)
    assert ["here", "near"] == names(nearest(handle, 2.0, 0.0, count=2))
    assert ["here", "near"] == names(nearest(handle, 2.0, 0.0, least=0.5))


def test_what_ends_is_not_found_from_that_instant_on(handle: Handle) -> None:
    """Not at it, and not after it; what is kept longer is still listed among what has ended, and then forgotten."""
    kept = replace(point("p", life=10.0), kept_until=AT + 20.0)
    handle.do(handle.put(kept, point("q", life=None)))

    assert ["p", "q"] == names(nearest(handle, 1.0, 0.0, at=AT + 9.999))
    assert ["q"] == names(nearest(handle, 1.0, 0.0, at=AT + 10.0))
    assert ["p"] == [one.id for one in handle.do(handle.layer(EndedPoints(INDEX, AT + 10.0, AT + 19.9, 10)))]
    assert [] == handle.do(handle.layer(EndedPoints(INDEX, AT + 10.0, AT + 20.0, 10)))


def test_facts_decide_however_many_nearer_ones_do_not_fit(handle: Handle) -> None:
    """Those that fit are found behind hundreds that do not."""
    crowd = [point(f"other{number}", 1.0, number / 10_000, topic="cards") for number in range(700)]
    handle.do(handle.put(*crowd, point("wanted", 0.0, 1.0, topic="loans")))

    assert ["wanted"] == names(nearest(handle, 1.0, 0.0, count=3, where=read_filter({"topic": "loans"})))
    assert 3 == len(nearest(handle, 1.0, 0.0, count=3, where=read_filter({"topic": "cards"})))


def test_the_best_of_many_are_the_best(handle: Handle) -> None:
    """The quick way of selecting gives what sorting gives."""
    angles = [(number * 7919 % 5000) / 5000 for number in range(5000)]
    handle.do(handle.put(*[point(f"{angle:.4f}", 1.0 - angle, angle) for angle in angles]))

    assert ["0.0000", "0.0002", "0.0004", "0.0006", "0.0008"] == names(nearest(handle, 1.0, 0.0, count=5))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (point("p", 1.0), "1 dimensions where the index has 2"),
        (point("p", 0.0, 0.0), "no direction"),
        (point("p", float("nan"), 1.0), "no direction"),
        (point("p", float("inf"), 1.0), "no direction"),
        (replace(point("p"), vector=b"abc"), "the bytes of float32"),
        (replace(point("p"), vector=b""), "the bytes of float32"),
        (replace(point("p"), id=""), "non-empty text"),
        (replace(point("p"), kept_until=AT), "kept until it ends"),
        (point("p", life=5.0, fact=object()), "JSON-like"),
    ],
)
def test_a_wrong_point_is_refused_before_any_other_is_put(handle: Handle, wrong: Any, said: str) -> None:
    """The message says what is wrong, and nothing of the call was done."""
    handle.do(handle.put(point("there")))

    with pytest.raises(UsageError, match=said):
        handle.do(handle.put(point("new"), wrong))
    assert [None, {}] == handle.there("new", "there")


def test_of_one_id_twice_in_a_call_the_later_holds(handle: Handle) -> None:
    """Its vector, its facts and its times."""
    handle.do(handle.put(point("p", 1.0, 0.0, n=1), point("p", 0.0, 1.0, n=2)))

    (found,) = nearest(handle, 0.0, 1.0)

    assert (1.0, {"n": 2}) == (found.similarity, found.point.facts)


def test_a_damaged_block_is_passed_over_and_told_once(processes: Processes, handle: Handle) -> None:
    """What stands before and behind it is found."""
    handle.do(handle.put(point("before")))
    ((log, _),) = [(one.key, one.length) for one in handle.do(iter(Scan(INDEX.space))) if one.key != INDEX]
    handle.do(iter(Append(log, [b"garbage", b"llmcache-points:1 00000000 2\n{}", pack_points([], None)[:-1]])))
    other = processes.handle()
    other.do(other.put(point("behind")))

    assert [{}, {}] == handle.there("before", "behind")
    handle.there("before")
    unreadable = [one for one in processes.told if isinstance(one, Event) and one.what is Happening.UNREADABLE]
    assert 3 * 2 == len(unreadable)  # three, seen by two


def test_a_short_lived_point_does_not_shorten_the_life_of_others() -> None:
    """Two writers that do not know of each other's points: the log lives as long as the longer life."""
    times = [AT]
    processes = Processes()
    processes.store = type(processes.store)(clock=lambda: times[0])
    one, two = processes.handle(), processes.handle()
    long, short = one.put(point("long", life=1000.0)), two.put(point("short", life=5.0))
    ahead = next(short)
    while not isinstance(ahead, Append):
        ahead = short.send(ahead.on(two.world))
    one.do(long)
    two.do(rest(short, ahead))

    times[0] = AT + 999.0

    assert [{}, None] == processes.handle().there_at(times[0], "long", "short")


def rest(steps: Any, op: Any) -> Any:
    """Steps that go on with `op`."""
    while True:
        try:
            op = steps.send((yield op))
        except StopIteration:
            return


def test_a_store_with_a_longest_life_is_never_asked_for_more() -> None:
    """A point without an end lives as long as the store lets it."""
    processes = Processes(limits=Limits(max_ttl=60.0))
    handle = processes.handle()
    handle.do(handle.put(point("p", life=None), point("q", life=1e6)))

    assert all(one.ttl is not None and one.ttl <= 60.0 for one in handle.do(iter(Scan(INDEX.space))))
    assert [{}, {}] == handle.there("p", "q")


def test_making_anew_leaves_only_what_is_kept(handle: Handle) -> None:
    """A thousand replacements and a deletion take no room afterwards, and everything is found as before."""
    for number in range(20):
        handle.do(handle.put(*[point(f"p{one}", 1.0, one / 10, n=number) for one in range(50)], point("gone")))
    handle.do(handle.delete("gone"))
    before = names(nearest(handle, 1.0, 0.0))

    handle.do(handle.renew())

    logs = [one for one in handle.do(iter(Scan(INDEX.space))) if one.key != INDEX]
    assert 1 == len(logs)
    assert len(handle.do(iter(ReadLog(logs[0].key)))) < 8
    assert before == names(nearest(handle, 1.0, 0.0))
    assert [None, {"n": 19}] == handle.there("gone", "p7")
