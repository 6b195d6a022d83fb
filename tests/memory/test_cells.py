"""Searches that may leave something out, because they look into a few cells only."""

import math
import sys
from collections.abc import Mapping, Sequence
from types import FrameType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcache.codec.points import Stamped, pack_points, unpack_block
from llmcache.memory.cells import Cells, best_rows
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


def sentences(count: int, *, seed: int = 0) -> list[bytes]:
    """Return vectors as those of sentences are: of no topics, and shorter along each next axis."""
    rows = np.random.default_rng(seed).standard_normal((count, 192)) / np.sqrt(np.arange(1, 193))
    return [row.astype("<f4").tobytes() for row in rows / np.linalg.norm(rows, axis=1, keepdims=True)]


def put(
    matrix: Matrix,
    vectors: Sequence[bytes],
    *,
    first: int = 0,
    names: Sequence[int] | None = None,
    ends_at: Instant | None = None,
) -> None:
    """Put points that are named by number, from `first` on if `names` does not say otherwise."""
    numbers = range(first, first + len(vectors)) if names is None else names
    points = [
        Point(f"{place}", vector, ends_at, None, {"tens": place // 10, "last": place % 10})
        for place, vector in zip(numbers, vectors, strict=True)
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


def recall(matrix: Matrix, exact: Matrix, asked: Sequence[bytes], tens: Plain = None) -> float:
    """Return the share of the ten nearest that a search finds."""
    found = [len(set(search(matrix, one, tens=tens)) & set(search(exact, one, tens=tens))) for one in asked]
    return sum(found) / (10 * len(asked))


def test_nearly_all_that_is_nearest_is_found(matrix: Matrix) -> None:
    """Beside exact searches over the same points, which need no cells: more than nineteen of twenty."""
    exact = Matrix(DIMENSIONS)
    put(exact, clustered(MANY))

    assert recall(matrix, exact, clustered(100, seed=1)) > 0.95
    assert not exact.wants_cells


def test_few_points_are_measured_and_they_are_the_right_ones() -> None:
    """Of sentences, the short vectors bring forward thirty or a few more, among which are more than nine of the ten nearest."""
    points = np.stack([np.frombuffer(one, "<f4") for one in sentences(5_000)])
    sheet, alive = np.ascontiguousarray(points.T), np.ones(len(points), np.bool_)
    cells = Cells.of([sheet], alive).joined([sheet], alive)

    hits = 0
    for vector in sentences(100, seed=1):
        unit = np.frombuffer(vector, "<f4")
        likely = set(best_rows(*cells.near(unit), 30).tolist())
        hits += len(likely.intersection(np.argsort(points @ unit)[-10:].tolist()))
        assert 30 <= len(likely) < 60

    assert hits > 0.93 * 10 * 100


def test_cells_that_are_made_twice_are_the_same(matrix: Matrix) -> None:
    """Who has the same points finds the same."""
    again = Matrix(DIMENSIONS, cells_from=10_000)
    put(again, clustered(MANY))
    again.make_cells()

    for one in clustered(20, seed=5):
        assert search(matrix, one, 50) == search(again, one, 50)


def test_cells_are_wanted_with_many_points_and_again_with_more(matrix: Matrix) -> None:
    """Not with few, nor while they are nearly whole; what is moved needs them anew."""
    few = Matrix(DIMENSIONS, cells_from=10_000)
    put(few, clustered(9_999))
    assert (False, False) == (few.wants_cells, matrix.wants_cells)

    put(matrix, clustered(150), first=MANY)
    assert not matrix.wants_cells
    put(matrix, clustered(150), first=MANY + 150)

    assert matrix.wants_cells
    matrix.make_cells()
    assert not matrix.wants_cells
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


@pytest.mark.parametrize("more", [1_000, 3_000])
def test_what_came_is_found_out_of_cells(matrix: Matrix, more: int) -> None:
    """Brought into the cells that are there; or, with more than an eighth more, into cells made anew."""
    exact, new = Matrix(DIMENSIONS), clustered(more, seed=6)
    put(exact, clustered(MANY))
    for one in (matrix, exact):
        put(one, new, first=MANY)
        one.remove(f"{MANY + 1}")
    matrix.make_cells()

    assert not matrix.wants_cells
    assert all(f"{MANY + place}" == search(matrix, new[place])[0] for place in range(2, 50))
    assert f"{MANY + 1}" not in search(matrix, new[1], 50)
    assert recall(matrix, exact, clustered(50, seed=7)) > 0.95


def test_what_is_replaced_under_a_search_is_found_as_it_was(matrix: Matrix) -> None:
    """By its old vector, as long as it is looked for; it is not passed over between the old and the new."""
    vector = clustered(MANY)[5]

    def overtaken(facts: Mapping[str, Plain]) -> bool:
        put(matrix, [vector], first=5)
        return True

    assert "5" == matrix.nearest(vector, 10, at=AT, least=-1.0, fits=overtaken)[0].point.id


def test_a_search_that_new_cells_overtake_sees_what_it_began_with(matrix: Matrix) -> None:
    """What comes after it has looked, into cells that are brought up to it, has no place among what it looks at."""
    vector = clustered(MANY)[5]

    def overtaken(frame: FrameType, event: str, what: object) -> None:
        if event == "c_return" and frame.f_code.co_name == "nearest":
            sys.setprofile(None)
            put(matrix, [vector] * 300, first=MANY)
            matrix.make_cells()

    before = sys.getprofile()
    sys.setprofile(overtaken)
    try:
        found = search(matrix, vector)
    finally:
        sys.setprofile(before)

    assert "5" == found[0]
    assert [] == [name for name in found if int(name) >= MANY]


def test_cells_with_nothing_in_them_are_passed_over() -> None:
    """All that lay where a question leads may have gone; and of centres that are the same all but one have empty cells."""
    rows = np.eye(8)[[0] * 100 + [1 + number % 7 for number in range(7_000)]]
    rows += 0.05 * np.random.default_rng(1).standard_normal(rows.shape)
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    sheet, alive = np.ascontiguousarray(rows.T), np.ones(len(rows), np.bool_)
    left = alive.copy()
    left[:100] = False
    cells = Cells.of([sheet], alive).joined([sheet], left)

    found, _ = cells.near(rows[0])

    assert len(found) > 0
    assert left[found].all()


def test_cells_are_given_up_with_the_columns_that_they_are_of(matrix: Matrix) -> None:
    """Where few points are left nobody makes others, and they would be kept for nothing."""
    for number in range(MANY - 100):
        matrix.remove(f"{number}")
    put(matrix, clustered(100), first=MANY)

    assert matrix.used_bytes < 200 * (500 + 3 * 4 * DIMENSIONS + 100)


def test_where_most_have_ended_those_that_have_not_are_found(matrix: Matrix) -> None:
    """Nine of ten end, of every topic; the nearest of the others are found by looking at more."""
    exact, vectors = Matrix(DIMENSIONS), clustered(MANY)
    for one in (matrix, exact):
        for first in range(9):
            put(one, vectors[first::10], names=range(first, MANY, 10), ends_at=AT + 10.0)
        put(one, vectors[9::10], names=range(9, MANY, 10))
    matrix.make_cells()
    asked = clustered(50, seed=8)

    found = [search(matrix, one, at=AT + 10.0) for one in asked]

    hits = [len(set(some) & set(search(exact, one, at=AT + 10.0))) for one, some in zip(asked, found, strict=True)]
    assert {"9"} == {name[-1] for some in found for name in some}
    assert sum(hits) > 0.95 * 10 * len(asked)


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


def test_a_filter_that_one_in_ten_fits_is_served_well(matrix: Matrix) -> None:
    """By looking at more of those that are near."""
    exact = Matrix(DIMENSIONS)
    put(exact, clustered(MANY))

    hits = 0
    for one in clustered(50, seed=9):
        both = [
            each.nearest(one, 10, at=AT, least=-1.0, fits=lambda facts: facts["last"] == 3) for each in (matrix, exact)
        ]
        assert all(near.point.facts["last"] == 3 for near in both[0])
        hits += len({near.point.id for near in both[0]} & {near.point.id for near in both[1]})

    assert hits > 0.9 * 10 * 50


def test_cells_take_memory(matrix: Matrix) -> None:
    """A copy of each vector, two short ones, here as long as itself, and two numbers of rows; little more."""
    plain = Matrix(DIMENSIONS)
    put(plain, clustered(MANY))

    taken = (matrix.used_bytes - plain.used_bytes) / MANY

    assert 1.0 <= taken / (3 * 4 * DIMENSIONS + 2 * 8) < 1.1


_NAMES = st.integers(0, 39)
_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), _NAMES, st.one_of(st.none(), st.integers(1, 5))),
        st.tuples(st.just("remove"), _NAMES, st.none()),
        st.tuples(st.just("cells"), st.just(0), st.none()),
    ),
    max_size=30,
)


@given(_CHANGES, st.integers(1, 60), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_only_what_is_there_is_found(
    changes: list[tuple[str, int, int | None]], count: int, age: int
) -> None:
    """As many as an exact search finds, each of them alive, by the vector that it has now, the nearest first."""
    matrix, exact, vectors = Matrix(DIMENSIONS, cells_from=1), Matrix(DIMENSIONS), clustered(1_200)
    for number, (change, name, life) in enumerate([("put", -1, None), ("cells", 0, None), *changes]):
        names = range(1_200) if name < 0 else range(30 * name, 30 * name + 30)
        for one in (matrix, exact):
            if change == "put":
                given = [vectors[(place + number) % 1_200] for place in names]
                put(one, given, names=names, ends_at=None if life is None else AT + life)
            for place in names if change == "remove" else ():
                one.remove(f"{place}")
        if change == "cells":
            matrix.make_cells()
    asked = clustered(1, seed=10)[0]

    found, alive = (
        one.nearest(asked, wanted, at=AT + age, least=-1.0, fits=None)
        for one, wanted in ((matrix, count), (exact, 1_200))
    )

    known = {one.point.id: one.similarity for one in alive}
    assert min(count, len(alive)) == len({one.point.id for one in found}) == len(found)
    assert all(math.isclose(known[one.point.id], one.similarity, abs_tol=1e-5) for one in found)
    assert sorted((one.similarity for one in found), reverse=True) == [one.similarity for one in found]
