"""The matrix behind vector indexes: many columns, which come, go and are moved, also under a search."""

import random
import struct
from collections.abc import Iterable, Mapping

import pytest

from llmcache.codec.points import Block, Stamped, pack_points, unpack_block
from llmcache.memory.directions import unit_vector
from llmcache.memory.matrix import Matrix
from llmcache.model.units import Plain
from llmcache.model.vectors import Neighbour, Point
from tests.layers.indexes import AT, floats, point

MANY = 20_000
"""More than two sheets."""


def block(points: Iterable[tuple[str, float, float]]) -> Block:
    """Return points of two dimensions, as they come out of a log."""
    stamped = [Stamped(Point(name, unit_vector(floats(x, y), 2)), 1) for name, x, y in points]
    return unpack_block(pack_points(stamped, None))


def put(matrix: Matrix, points: Iterable[tuple[str, float, float]]) -> None:
    """Put points."""
    given = block(points)
    matrix.put(given, range(len(given.rows)))


def names(matrix: Matrix, x: float, y: float, count: int = 5) -> list[str]:
    """Search."""
    asked = unit_vector(floats(x, y), 2)
    return [one.point.id for one in matrix.nearest(asked, count, at=AT, least=-1.0, fits=None)]


def spread(numbers: Iterable[int]) -> list[tuple[str, float, float]]:
    """Return points between the two axes, by number."""
    return [(f"{number}", float(MANY - number), float(number)) for number in numbers]


@pytest.mark.parametrize("at_once", [700, 9_000, MANY])
def test_the_nearest_are_found_wherever_they_stand(at_once: int) -> None:
    """Of twenty thousand points in a drawn order, put so many at a time, the ends are found in their order, and the middle."""
    matrix, order = Matrix(2), random.Random(0).sample(range(MANY), MANY)
    for first in range(0, MANY, at_once):
        put(matrix, spread(order[first : first + at_once]))

    assert [f"{number}" for number in range(5)] == names(matrix, 1.0, -1.0)
    assert [f"{MANY - 1 - number}" for number in range(5)] == names(matrix, -1.0, 1.0)
    assert abs(int(names(matrix, 1.0, 1.0)[0]) - MANY // 2) < 20  # float32 tells no more apart there
    assert MANY == matrix.size


def test_points_keep_their_vectors_when_columns_are_moved() -> None:
    """With most points replaced or removed, those that are left are found, by their newest vectors and no others."""
    matrix = Matrix(2)
    put(matrix, spread(range(MANY)))
    for number in range(0, MANY, 2):
        matrix.remove(f"{number}")
    for _ in range(3):  # each takes columns, until those of what has ended are given up
        put(matrix, [(f"{number}", 1.0, -float(number + 1)) for number in range(1, MANY, 2)])

    assert MANY // 2 == matrix.size
    assert ["1", "3", "5", "7", "9"] == names(matrix, 1.0, -1.0)
    kept = matrix.get(f"{MANY - 1}", AT)
    assert kept is not None
    assert unit_vector(floats(1.0, -float(MANY)), 2) == kept.vector
    assert [] == [one.point.id for one in matrix.stamped(AT) if int(one.point.id) % 2 == 0]


def test_room_follows_what_is_alive() -> None:
    """However often a few thousand points are replaced, they take but a small multiple of what they take once."""
    matrix, once, given = Matrix(2), Matrix(2), block(spread(range(5_000)))
    once.put(given, range(5_000))
    for _ in range(20):
        matrix.put(given, range(5_000))

    assert matrix.used_bytes < 3 * once.used_bytes


def test_what_is_no_number_is_not_taken_up() -> None:
    """Nor are vectors of another index."""
    matrix = Matrix(2)
    wrong = [Stamped(Point("p", floats(float("nan"), 1.0)), 1)]
    longer = [Stamped(Point("p", floats(1.0, 0.0, 0.0)), 1)]

    assert [False, False] == [matrix.takes(unpack_block(pack_points(one, None))) for one in (wrong, longer)]
    assert matrix.takes(block([("p", 1.0, 0.0)]))


def test_what_lies_on_the_other_side_is_found_unless_less_is_asked_for() -> None:
    """A cosine that rounding takes below -1 is -1."""
    matrix, chance = Matrix(384), random.Random(0)
    vectors = [unit_vector(floats(*(chance.gauss(0, 1) for _ in range(384))), None) for _ in range(50)]
    points = [Stamped(Point(f"{place}", vector), 1) for place, vector in enumerate(vectors)]
    given = unpack_block(pack_points(points, None))
    matrix.put(given, range(len(points)))

    for place, vector in enumerate(vectors):
        opposite = floats(*(-number for number in struct.unpack("<384f", vector)))
        found = matrix.nearest(opposite, 50, at=AT, least=-1.0, fits=None)
        assert (f"{place}", 50) == (found[-1].point.id, len(found))
        assert -1.0 <= found[-1].similarity < -0.999


def test_a_search_that_is_overtaken_finds_points_as_they_were() -> None:
    """What is replaced or deleted after a search has looked at it is found with the times that it had."""
    matrix, kept = Matrix(2), point("p", life=100.0)
    matrix.put(unpack_block(pack_points([Stamped(kept, 1)], None)), [0])

    def overtaken(facts: Mapping[str, Plain]) -> bool:
        matrix.remove("p")
        return True

    found = matrix.nearest(floats(1.0, 0.0), 1, at=AT, least=-1.0, fits=overtaken, with_vectors=True)

    assert [Neighbour(kept, 1.0)] == found
    assert [] == matrix.nearest(floats(1.0, 0.0), 1, at=AT, least=-1.0, fits=None)
