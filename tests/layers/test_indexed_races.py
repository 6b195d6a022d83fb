"""Several processes on one vector index, in every order that a seed brings."""

import contextlib
import random
from dataclasses import replace
from typing import Any

import pytest

from llmcache.codec.points import Stamped, pack_points
from llmcache.drivers.blocking import BlockingWorld, run
from llmcache.memory.local_index import KnownIndex
from llmcache.memory.matrix import Matrix
from llmcache.protocols.local_indexes import Generation
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Append, Clear, DeleteLog
from llmcache.protocols.vector_ops import DeletePoints, PutPoints
from tests.layers.indexes import AT, INDEX, Handle, Processes, abandon, interleave, point

SEEDS = range(60)


def puts(handle: Handle, *names: str) -> Steps[None]:
    """Put several points, one call for each."""
    for name in names:
        yield from handle.put(point(name, 1.0, len(name), by=name))


def everywhere(processes: Processes, handles: list[Handle], *ids: str) -> list[object]:
    """Return what is there for one who knows nothing, having seen that all others find the same."""
    fresh = processes.handle().there(*ids)
    for handle in handles:
        assert fresh == handle.there(*ids)
    return list(fresh)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_acknowledged_is_there_whoever_makes_the_index_anew_meanwhile(seed: int) -> None:
    """Six writers, of them some on an index that nobody has begun, and three that make it anew at once: nothing is lost."""
    chance, processes = random.Random(seed), Processes()
    handles = [processes.handle() for _ in range(4)]
    if chance.random() < 0.7:
        handles[0].do(puts(handles[0], "old", "older", "gone"))
    names = [f"new{number}" for number in range(9)]
    running: list[Steps[Any]] = [
        puts(handle, *names[place : place + 3]) for place, handle in zip((0, 3, 6), handles, strict=False)
    ]
    running += [handle.renew() for handle in handles[:3]]
    running += [handles[3].delete("gone")]

    interleave(running, handles[0].world, chance)

    assert [{"by": name} for name in names] == everywhere(processes, handles, *names)
    assert [None] == everywhere(processes, handles, "gone")


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_that_put_one_point_everybody_finds_the_same(seed: int) -> None:
    """Whatever the order, and with the index made anew meanwhile, one of the two holds for all; later ones replace it."""
    chance, processes = random.Random(seed), Processes()
    one, two, three = (processes.handle() for _ in range(3))
    one.do(one.put(point("p", 1.0, 0.0, by="first")))
    running: list[Steps[Any]] = [
        one.put(point("p", 0.0, 1.0, by="one")),
        two.put(point("p", 1.0, 1.0, by="two")),
        three.renew(),
    ]

    interleave(running, one.world, chance)

    (found,) = everywhere(processes, [one, two, three], "p")
    assert found in [{"by": "one"}, {"by": "two"}]
    three.do(three.put(point("p", 1.0, 0.0, by="last")))
    assert [{"by": "last"}] == everywhere(processes, [one, two, three], "p")


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_clearing_nobody_finds_what_was_there_before(seed: int) -> None:
    """With writers and a renewal around it, what was put before a clearing is gone for all, and what is put afterwards is there."""
    chance, processes = random.Random(seed), Processes()
    one, two, three = (processes.handle() for _ in range(3))
    one.do(puts(one, *[f"old{number}" for number in range(5)]))
    assert two.there("old0") == [{"by": "old0"}]
    running: list[Steps[Any]] = [puts(one, "a", "b"), two.renew(), iter(Clear(INDEX.space)), puts(three, "c")]

    interleave(running, one.world, chance)

    found = everywhere(processes, [one, two, three], "old0", "a", "b", "c")
    assert found[0] is None
    run(iter(Clear(INDEX.space)), one.world)
    assert [None] * 4 == everywhere(processes, [one, two, three], "old0", "a", "b", "c")
    two.do(puts(two, "d"))
    assert [{"by": "d"}] == everywhere(processes, [one, two, three], "d")


def test_two_that_draw_the_same_stamp_agree_on_who_was_later() -> None:
    """Whichever is read first: what they hold decides."""
    blocks = [pack_points([Stamped(point("p", 1.0, 0.0, by=name), 7)], None) for name in ("one", "two")]
    held = []
    for order in (blocks, blocks[::-1]):
        known = KnownIndex(Matrix, lambda body: body)
        known.take_note([Generation(1, "a")], None)
        known.absorb(known.reading(Generation(1, "a")), order, 64)
        held += [one.facts for one in known.get(["p"], AT) if one is not None]

    assert 2 == len(held)
    assert held[0] == held[1]


def test_who_is_killed_while_the_index_is_made_anew_leaves_it_whole() -> None:
    """After any number of its steps: all that was there is found, also by who knows nothing, and can be replaced and deleted."""
    chance = random.Random(0)
    for after in range(40):
        processes = Processes()
        one, other = processes.handle(), processes.handle()
        one.do(puts(one, "a", "b", "c"))
        one.do(one.delete("b"))
        renewing = one.renew()
        op = next(renewing)
        for _ in range(after):
            try:
                op = renewing.send(op.on(one.world))
            except StopIteration:
                assert after > 10
                return
        abandon(renewing)

        assert [{"by": "a"}, None, {"by": "c"}] == everywhere(processes, [other], "a", "b", "c")
        running: list[Steps[Any]] = [puts(other, "a", "d"), processes.handle().delete("c")]
        interleave(running, other.world, chance)
        assert [{"by": "a"}, None, None, {"by": "d"}] == everywhere(processes, [other], "a", "b", "c", "d")


def until(kind: type[Op[Any]], steps: Steps[Any], world: BlockingWorld) -> Op[Any]:
    """Do steps up to their next op of a kind, and return that."""
    op = next(steps)
    while not isinstance(op, kind):
        op = steps.send(op.on(world))
    return op


def to_the_end(steps: Steps[Any], op: Op[Any], world: BlockingWorld) -> None:
    """Do the op and all that comes after it."""
    with contextlib.suppress(StopIteration):
        while True:
            op = steps.send(op.on(world))


def test_a_clock_that_is_behind_does_not_undo_what_is_put_with_it() -> None:
    """Who puts a point without having read what another one put before, by a clock that is ahead, replaces it all the same."""
    processes = Processes()
    behind, ahead = processes.handle(), processes.handle()
    behind.do(behind.put(point("p", 1.0, 0.0, by="first"), point("q")))
    ahead.do(ahead.layer(PutPoints(INDEX, [point("p", 1.0, 0.0, by="ahead"), point("q")], AT + 50.0)))

    behind.do(behind.put(point("p", 1.0, 0.0, by="behind")))
    behind.do(behind.delete("q"))

    assert [{"by": "behind"}, None] == everywhere(processes, [behind, ahead], "p", "q")


@pytest.mark.parametrize("is_deleted", [False, True])
def test_what_replaces_a_version_is_brought_to_an_index_that_is_made_anew(is_deleted: bool) -> None:
    """Also where it was seen in the old one, which the new one had been made of by then."""
    processes = Processes()
    one, other = processes.handle(), processes.handle()
    one.do(one.put(replace(point("p", 1.0, 0.0, by="old"), version="1")))
    new = replace(point("p", 1.0, 0.0, by="new"), version="2")
    change = DeletePoints(INDEX, ["p"], AT, ["1"]) if is_deleted else PutPoints(INDEX, [new], AT, ["1"])
    changing, renewing = one.layer(change), other.renew()
    appending = until(Append, changing, one.world)
    dropping = until(DeleteLog, renewing, other.world)

    to_the_end(changing, appending, one.world)
    to_the_end(renewing, dropping, other.world)

    assert [None if is_deleted else {"by": "new"}] == everywhere(processes, [one, other], "p")
