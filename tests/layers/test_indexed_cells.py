"""Searches that may leave something out: what makes them quick is made behind the callers' backs."""

import math
from functools import partial
from typing import Any

from llmcache.codec.envelopes import READABLE
from llmcache.drivers.background import LocalBackground
from llmcache.drivers.indexed import indexed
from llmcache.drivers.worlds import Surroundings
from llmcache.layers.indexed import Indexed
from llmcache.memory.indexes import Indexes
from llmcache.memory.key_value import open_pair
from llmcache.memory.matrix import Matrix
from llmcache.model.vectors import Point
from llmcache.protocols.vector_ops import Nearest, PutPoints
from llmcache.protocols.vectors import vector_store
from llmcache.protocols.world_ops import Behind
from tests.layers.indexes import AT, INDEX, Handle, Processes, floats

MANY = 600
ASKED = floats(1.0, 0.5)


def around() -> list[Point]:
    """Return points all around."""
    return [Point(f"{n}", floats(math.cos(n / MANY * 6.28), math.sin(n / MANY * 6.28))) for n in range(MANY)]


def behind_in(steps: Any, handle: Handle) -> tuple[Any, list[Behind]]:
    """Do steps, but not what they want done behind the caller's back; return their answer, and that."""
    wanted: list[Behind] = []
    op = next(steps)
    while True:
        try:
            if isinstance(op, Behind):
                wanted.append(op)
                op = steps.send(True)
            else:
                op = steps.send(op.on(handle.world))
        except StopIteration as finished:
            return finished.value, wanted


def test_no_search_waits_for_cells() -> None:
    """A search that would be quicker with them has them made, once, and answers exactly until they are there."""
    handle = Processes().handle()
    handle.layer = Indexed(
        Indexes(partial(Matrix, cells_from=MANY), READABLE.unwrap, 2**30), READABLE, Processes().limits
    )
    handle.do(handle.layer(PutPoints(INDEX, around()[1:], AT)))
    assert [] == behind_in(handle.layer(Nearest(INDEX, ASKED, 3, AT)), handle)[1]
    handle.do(handle.layer(PutPoints(INDEX, around()[:1], AT)))

    before, wanted = behind_in(handle.layer(Nearest(INDEX, ASKED, 3, AT)), handle)
    handle.do(wanted[0].steps())
    after, unwanted = behind_in(handle.layer(Nearest(INDEX, ASKED, 3, AT)), handle)

    assert (1, []) == (len(wanted), unwanted)
    assert ["44", "45", "43"] == [one.point.id for one in before]
    assert before == after


def test_a_store_says_that_its_searches_leave_something_out() -> None:
    """One that was not asked for that says that they do not; both find the same here, in a thread or without."""
    pair, background = open_pair(), LocalBackground()
    surroundings = Surroundings(lambda: AT, lambda: AT, lambda told: None, background=background)
    exact, other = (
        vector_store(one.blocking)
        for one in (indexed(pair, surroundings), indexed(pair, surroundings, cells_from=MANY))
        if one.blocking is not None
    )
    exact.put_points(INDEX, around(), at=AT)

    found = [other.nearest(INDEX, ASKED, 3, at=AT)]
    background.close()  # which waits for the cells
    found.append(other.nearest(INDEX, ASKED, 3, at=AT))

    assert [exact.nearest(INDEX, ASKED, 3, at=AT)] * 2 == found
    assert [True, False] == [one.capabilities.exact_vectors for one in (exact, other)]  # type: ignore[attr-defined]  # stores
