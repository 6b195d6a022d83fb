"""Searches that may leave something out, because they look into a few cells only."""

from collections.abc import Sequence

import numpy as np
import pytest

from llmcache.codec.points import Stamped, pack_points, unpack_block
from llmcache.memory.matrix import Matrix
from llmcache.model.units import Instant, Plain
from llmcache.model.vectors import Point
from tests.layers.indexes import AT

MANY, DIMENSIONS, TOPICS = 12_000, 24, 150
"""Of the points; more than one sheet of them."""


def clustered(count: int, *, seed: int = 0) -> list[bytes]:
    """Return vectors, many of a topic."""
    chance = np.random.default_rng(seed)
    topics = np.random.default_rng(99).standard_normal((TOPICS, DIMENSIONS))
    rows = topics[chance.integers(TOPICS, size=count)] + 0.5 * chance.standard_normal((count, DIMENSIONS))
    return [row.astype("<f4").tobytes() for row in rows / np.linalg.norm(rows, axis=1, keepdims=True)]


def put(matrix: Matrix, vectors: Sequence[bytes], *, first: int = 0, ends_at: Instant | None = None) -> None:
    """Put points that are named by number."""
    points = [
        Point(f"{place}", vector, ends_at, None, {"tens": place // 10}) for place, vector in enumerate(vectors, first)
    ]
    block = unpack_block(pack_points([Stamped(one, 1) for one in points], None))
    matrix.put(block, range(len(points)))


def search(matrix: Matrix, vector: bytes, count: int = 10, *, at: Instant = AT, tens: Plain = None) -> list[str]:
    """Return the ids."""
    fits = None if tens is None else lambda facts: bool(facts["tens"] == tens)
    return [one.point.id for one in matrix.nearest(vector, count, at=at, least=-1.0, fits=fits)]


@pytest.fixture
def matrix() -> Matrix:
    """A matrix with cells."""
    matrix = Matrix(DIMENSIONS, cells_from=10_000)
    put(matrix, clustered(MANY))
    matrix.make_cells()
    return matrix


def test_nearly_all_that_is_nearest_is_found(matrix: Matrix) -> None:
    """Beside exact searches over the same points, which need no cells: at least nine of ten."""
    exact = Matrix(DIMENSIONS)
    put(exact, clustered(MANY))
    asked = clustered(100, seed=1)

    found = [len(set(search(matrix, one)) & set(search(exact, one))) for one in asked]

    assert sum(found) >= 0.9 * 10 * len(asked)
    assert not exact.wants_cells


def test_cells_are_wanted_with_many_points_and_again_with_more(matrix: Matrix) -> None:
    """Not with few, nor while they are nearly whole; what is moved needs them anew."""
    few = Matrix(DIMENSIONS, cells_from=10_000)
    put(few, clustered(9_999))
    assert (False, False) == (few.wants_cells, matrix.wants_cells)

    put(matrix, clustered(1_000), first=MANY)
    assert not matrix.wants_cells
    put(matrix, clustered(1_000), first=MANY + 1_000)

    assert matrix.wants_cells
    matrix.make_cells()
    for _ in range(4):
        put(matrix, clustered(MANY, seed=2))
    assert matrix.wants_cells
    assert 10 == len(search(matrix, clustered(1)[0]))


def test_what_came_after_the_cells_is_found(matrix: Matrix) -> None:
    """A new point, and the new vector of an old one, from the moment they are put."""
    new, moved = clustered(2, seed=3)
    put(matrix, [new], first=MANY)
    put(matrix, [moved], first=7)

    assert f"{MANY}" == search(matrix, new)[0]
    assert "7" == search(matrix, moved)[0]


def test_what_has_ended_or_gone_is_not_found(matrix: Matrix) -> None:
    """At the instant of its end, and from its deletion on; nor by its old vector what was put anew."""
    vectors = clustered(MANY)
    put(matrix, [vectors[5]], first=5, ends_at=AT + 10.0)
    matrix.make_cells()
    assert "5" == search(matrix, vectors[5], at=AT + 9.9)[0]
    matrix.remove("6")
    put(matrix, [vectors[9]], first=7)

    assert "5" not in search(matrix, vectors[5], 50, at=AT + 10.0)
    assert "6" not in search(matrix, vectors[6], 50)
    assert ["7", "9"] == sorted(search(matrix, vectors[9], 2))


def test_where_too_few_are_left_all_points_are_searched(matrix: Matrix) -> None:
    """A filter that few fit, or a wish for more than some cells hold, is served from everything."""
    asked = clustered(1, seed=4)[0]

    assert {f"{number}" for number in range(50, 60)} == set(search(matrix, asked, tens=5))
    assert MANY == len(search(matrix, asked, MANY))


def test_cells_take_memory(matrix: Matrix) -> None:
    """A copy of each vector, and little more."""
    plain = Matrix(DIMENSIONS)
    put(plain, clustered(MANY))

    assert 1.0 <= (matrix.used_bytes - plain.used_bytes) / (MANY * DIMENSIONS * 4) < 1.2
