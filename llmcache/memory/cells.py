"""Cells: the points of a matrix sorted by direction, so that a search looks only into those that lie its way, and there only briefly.

Each cell has a *centre*, learned from a sample of the vectors (k-means on the sphere). A point is in two cells: in that whose centre is
nearest, and in one whose centre lies on another side of it, so that it is found from there as well (Sun et al. 2023, "SOAR").
There it has a *short* vector: its coordinates along the few axes on which the sample is longest.

A search takes the product with the centres; then with the short vectors in the few nearest cells; and then in those others whose centres
are near beside what was found by then: none where that is far nearer than they are, and many in a crowd. Those that seem to be the
nearest are measured by their whole vectors, of which there are copies that run along memory. What lies in other cells, or seems to be
far by its short vector, is not found: that is what makes it approximate.

Why no graph, which is what others use: docs/decisions/0028.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.intp]

_ROUNDS: Final = 6
_SAMPLED: Final = 64
"""So many vectors for each cell are learned from."""

_AXES: Final = 96
_TURNS: Final = 4

_FEWEST: Final = 0.03
_MOST: Final = 0.35
"""Shares of the cells: at least so many are looked into, and at most so many."""

_NEAR: Final = 0.25
"""Between the two, those whose centres are so much of the way from the mean of all to what was found in the first few."""

_FOUND: Final = 20
"""What was found is about the tenth best, as each may be there twice; the very best may be the question itself."""

_SPARE: Final = 8
"""There is room for a part of this size more than there is when cells are learned; then they are learned anew."""

_GROUP: Final = 64
_TINY: Final = np.finfo(np.float32).tiny


@dataclass(frozen=True, slots=True)
class Cells:
    """Copies of the vectors of a matrix, sorted.

    Attributes:
        first_sheet: Of the matrix; while it is the same, its rows are.
        size: How many rows of the matrix there were; those behind are in no cell.
        centres: Shape (dimensions, cells).
        axes: Shape (dimensions, some); at right angles.
        vectors: The rows of the matrix, and room for more of them. Only what is behind `size` is ever written.
        short: For each cell the short vectors in it, shape (points, axes).
        rows: For each cell the rows of its points.
        share: What part of a product of whole vectors is that of short ones, about.
    """

    first_sheet: Floats
    size: int
    centres: Floats
    axes: Floats
    vectors: Floats
    short: Sequence[Floats]
    rows: Sequence[Rows]
    share: float

    @classmethod
    def of(cls, sheets: Sequence[Floats], alive: NDArray[np.bool_]) -> "Cells":
        """Learn cells from those columns of `sheets` that are `alive`, of which there are some; nothing is in the cells yet.

        Args:
            alive: One for each column in use.
        """
        sample = _sample(sheets, alive)
        centres, axes = _learned(sample, _cells(int(np.count_nonzero(alive)))), _longest(sample)
        vectors = np.empty((len(alive) + len(alive) // _SPARE, len(axes)), np.float32)
        short = [np.empty((0, axes.shape[1]), np.float32)] * centres.shape[1]
        share = float(np.square(sample @ axes).sum() / len(sample))
        return cls(sheets[0], 0, centres, axes, vectors, short, [np.empty(0, np.intp)] * len(short), share)

    def has_room(self, size: int) -> bool:
        """True where so many columns can be known here."""
        return size <= len(self.vectors)

    def joined(self, sheets: Sequence[Floats], alive: NDArray[np.bool_]) -> "Cells":
        """Return cells that hold the columns from `size` on, too; about 20 microseconds each. Who searches these sees nothing of it.

        Args:
            alive: As for `of`; of the columns that are here already it is not asked again.
        """
        width, size = sheets[0].shape[1], len(alive)
        short, rows = [[one] for one in self.short], [[one] for one in self.rows]
        for number in range(self.size // width, -(-size // width)):
            # One sheet after the other, so that no more than one of them is copied twice.
            first, last = max(self.size, number * width), min(size, (number + 1) * width)
            self.vectors[first:last] = sheets[number][:, first - number * width : last - number * width].T
            there = first + np.flatnonzero(alive[first:last])
            vectors = self.vectors[there]
            cells, along = self._two_cells(vectors).ravel(), vectors @ self.axes
            order = np.argsort(cells, kind="stable")
            begins = np.searchsorted(cells[order], np.arange(len(rows) + 1)).tolist()
            for cell, (begin, end) in enumerate(pairwise(begins)):
                some = order[begin:end] // 2
                short[cell].append(along[some])
                rows[cell].append(there[some])
        together = [np.concatenate(one) for one in short], [np.concatenate(one) for one in rows]
        return replace(self, size=size, short=together[0], rows=together[1])

    def _two_cells(self, vectors: Floats) -> Rows:
        """Return the cells of each of some vectors, shape (vectors, 2)."""
        cosines, every = vectors @ self.centres, np.arange(len(vectors))
        nearest = np.argmax(cosines, axis=1)
        # What the first centre leaves of a vector. Another one that leaves the same would be passed over by the same searches.
        rest = vectors - cosines[every, nearest, None] * self.centres.T[nearest]
        lengths = np.linalg.norm(rest, axis=1, keepdims=True)
        rest /= np.maximum(lengths, _TINY)
        cost = (lengths - rest @ self.centres) ** 2 - 2 * cosines
        cost[every, nearest] = np.inf
        return np.stack([nearest, np.argmin(cost, axis=1)], axis=1)

    @property
    def used_bytes(self) -> int:
        """What the copies take. Room beside them takes nothing until it is used."""
        sorted_in = sum(one.nbytes for one in self.short) + sum(one.nbytes for one in self.rows)
        return self.centres.nbytes + self.axes.nbytes + self.vectors[: self.size].nbytes + sorted_in

    def near(self, unit: Floats) -> tuple[Rows, Floats]:
        """Return the rows in the cells nearest to `unit`, some of them twice, and for each the product by the short vectors."""
        along, cosines = unit @ self.axes, unit @ self.centres
        last = len(cosines)
        most, fewest = last - math.ceil(_MOST * last), last - math.ceil(_FEWEST * last)
        parted = np.partition(cosines, (most, fewest))
        is_first = cosines >= parted[fewest]
        rows, scores = self._in(np.flatnonzero(is_first), along)
        mean = float(cosines.sum()) / last
        # Of vectors that are there many times some centres are the same, and all but one of their cells empty.
        found = self._found(scores) if len(scores) else mean
        others = np.flatnonzero((cosines >= max(mean + _NEAR * (found - mean), parted[most])) & ~is_first)
        if not len(others):
            return rows, scores
        more_rows, more_scores = self._in(others, along)
        return np.concatenate([rows, more_rows]), np.concatenate([scores, more_scores])

    def _in(self, cells: Rows, along: Floats) -> tuple[Rows, Floats]:
        some = cells.tolist()
        rows = np.concatenate([self.rows[cell] for cell in some])
        return rows, np.concatenate([self.short[cell].dot(along) for cell in some])

    def _found(self, scores: Floats) -> float:
        """Return about what cosine the nearest points in some cells have."""
        place = max(0, len(scores) - _FOUND)
        return float(np.partition(scores, place)[place]) / self.share


def best_rows(rows: Rows, scores: Floats, count: int) -> Rows:
    """Return at least `count` of the rows, where there are so many: those of the best scores, and each once; some may be here twice."""
    if 2 * count < len(rows):
        rows = rows[scores >= bound(scores, 2 * count)]
    return np.unique(rows)


def bound(scores: Floats, count: int) -> float:
    """Return a score that at least `count` of them reach, and few more; there are more than `count`."""
    # The bests of groups, of which few numbers are left to sort. What is compared does not lie side by side: that is quicker.
    deep = min(_GROUP, max(1, len(scores) // (4 * count)))
    wide = len(scores) // deep
    bests = scores[: deep * wide].reshape(deep, wide).max(axis=0)
    return float(np.partition(bests, wide - count)[wide - count])


def _cells(count: int) -> int:
    """Return how many cells there are for so many vectors."""
    return max(1, round(math.sqrt(count)))


def _sample(sheets: Sequence[Floats], alive: NDArray[np.bool_]) -> Floats:
    """Return some vectors of those that are alive, drawn; enough to learn from."""
    places, width = np.flatnonzero(alive), sheets[0].shape[1]
    # Always the same draw for the same columns: cells that are made twice are the same twice.
    chance = np.random.default_rng(len(places))
    drawn = np.sort(chance.permutation(places)[: _SAMPLED * _cells(len(places))])
    borders = np.searchsorted(drawn, np.arange(0, len(alive) + width, width)).tolist()
    parts = [
        sheet[:, drawn[begin:end] - number * width].T
        for number, (sheet, (begin, end)) in enumerate(zip(sheets, pairwise(borders), strict=False))
    ]
    return chance.permutation(np.concatenate(parts))


def _learned(sample: Floats, count: int) -> Floats:
    """Return so many centres, shape (dimensions, count)."""
    centres = sample[:count].copy()
    for _ in range(_ROUNDS):
        nearest = np.argmax(sample @ centres.T, axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        order = np.argsort(nearest, kind="stable")
        firsts = np.minimum(np.cumsum(sizes) - sizes, len(sample) - 1)
        sums = np.add.reduceat(sample[order], firsts, axis=0)
        centres[sizes > 0] = sums[sizes > 0]  # one that nothing is near to stays where it is
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), _TINY)
    return np.ascontiguousarray(centres.T)


def _longest(sample: Floats) -> Floats:
    """Return the axes on which the sample is longest: its first principal ones, by iteration of a subspace (Halko et al. 2011)."""
    dimensions = sample.shape[1]
    axes = np.random.default_rng(dimensions).standard_normal((dimensions, min(_AXES, dimensions)), np.float32)
    for _ in range(_TURNS):
        axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
    return np.ascontiguousarray(axes)
