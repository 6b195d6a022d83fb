"""Several processes that write one vector index: what each was told is there for all."""

import secrets
from contextlib import ExitStack

from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear
from llmcache.protocols.vector_ops import GetPoints, Nearest
from llmcache.protocols.world_ops import Now
from llmcache_conformance.bench import opened, with_vectors
from llmcache_conformance.case import Need
from llmcache_conformance.check import check_of
from llmcache_conformance.colour import Colour, drive
from llmcache_conformance.expect import expect_equal
from llmcache_conformance.outside.killed import acknowledged, writer
from llmcache_conformance.outside.writing import index, point
from llmcache_conformance.subject import Subject

_WRITERS = 3
_WRITES = 10


def points_of_all_processes_are_found(subject: Subject) -> None:
    """Of several processes that begin and write one index at once none loses a point that it was told is put."""
    root, clock = secrets.token_hex(8), subject.clock()
    with ExitStack() as running:
        processes = [
            running.enter_context(writer("point_writer", subject, root, str(number), str(_WRITES)))
            for number in range(_WRITERS)
        ]
        for process in processes:
            acknowledged(process, _WRITES)
        with opened(with_vectors(subject.open)(clock), clock) as handle:
            drive(_all_are_there(root), handle, Colour.BLOCKING)


def _all_are_there(root: str) -> Steps[None]:
    at = yield from Now()
    points = [point(number, write) for number in range(_WRITERS) for write in range(_WRITES)]
    try:
        there = yield from GetPoints(index(root), [one.id for one in points], at)
        found = yield from Nearest(index(root), points[0].vector, len(points) + 1, at)
    finally:
        yield from Clear(index(root).space)
    missing = sum(one is None for one in there)
    expect_equal(0, missing, f"points that are missing of {len(points)} which were acknowledged")
    expect_equal(sorted(one.id for one in points), sorted(one.point.id for one in found), "what a search finds")


POINT_WRITERS = (check_of(points_of_all_processes_are_found, ("VEC-3",), (Need.PROCESS, Need.VECTORS, Need.NUMPY)),)
