"""Cells: the columns of a matrix sorted by direction, so that a search looks only into those that lie its way.

Each cell has a *centre*, learned from a sample of the vectors (k-means on the sphere), and copies of the vectors that are nearer to it than
to any other. A search takes the product with the centres, and then with the vectors of the nearest cells. What lies just across the
border of a cell that was passed over is not found: that is what makes it approximate.

Why no graph, which is what others use: docs/decisions/0028.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.intp]

_ROUNDS: Final = 6
_SAMPLED: Final = 64
"""So many vectors for each cell are learned from."""

_LOOKED_INTO: Final = 0.1
"""Share of the cells that a search looks into."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Copies of the vectors of a matrix, sorted.

    Attributes:
        first_sheet: Of the matrix; while it is the same, its rows are.
        size: How many rows of the matrix there were; those behind are not in any cell.
        centres: Shape (dimensions, cells).
        vectors: For each cell its vectors, shape (dimensions, some).
        rows: Which rows of the matrix those are.
    """

    first_sheet: Floats
    size: int
    centres: Floats
    vectors: Sequence[Floats]
    rows: Sequence[Rows]

    @classmethod
    def of(cls, sheets: Sequence[Floats], alive: NDArray[np.bool_]) -> "Cells":
        """Sort the columns of `sheets` that are `alive`, of which there are some; takes about 30 microseconds for each.

        Args:
            alive: One for each column in use.
        """
        width, count = sheets[0].shape[1], int(np.count_nonzero(alive))
        firsts = range(0, len(alive), width)
        places = [np.flatnonzero(alive[first : first + width]) for first in firsts]
        parts = list(zip(sheets, places, strict=False))  # sheets behind those in use are left out
        centres = _learned([sheet[:, _some(there, count)].T for sheet, there in parts], count)
        nearest = [np.argmax(sheet[:, there].T @ centres, axis=1) for sheet, there in parts]
        rows = [first + there for first, there in zip(firsts, places, strict=True)]
        return cls(sheets[0], len(alive), centres, *_sorted(sheets, rows, nearest, centres.shape[1]))

    @property
    def used_bytes(self) -> int:
        """What the copies take."""
        return self.centres.nbytes + sum(one.nbytes for one in self.vectors) + sum(one.nbytes for one in self.rows)

    def near(self, unit: Floats) -> tuple[Rows, Floats]:
        """Return the rows in the cells nearest to `unit`, and the cosine to each."""
        count = len(self.vectors)
        least = count - max(1, round(count * _LOOKED_INTO))
        cells = np.argpartition(unit @ self.centres, least)[least:].tolist()
        rows = np.concatenate([self.rows[cell] for cell in cells])
        return rows, np.concatenate([unit @ self.vectors[cell] for cell in cells])


def _sorted(
    sheets: Sequence[Floats], rows: Sequence[Rows], nearest: Sequence[Rows], count: int
) -> tuple[list[Floats], list[Rows]]:
    """Return for each of `count` cells its vectors and its rows.

    Args:
        rows: For each sheet, those of its columns that are alive.
        nearest: For each of them, the cell that it belongs to.
    """
    cells, width = np.concatenate(nearest), sheets[0].shape[1]
    order = np.argsort(cells, kind="stable")
    borders = np.searchsorted(cells[order], np.arange(count + 1)).tolist()
    whole = np.concatenate(rows)[order]
    by_cell = [whole[begin:end] for begin, end in pairwise(borders)]
    vectors = [np.empty((len(sheets[0]), len(one)), np.float32) for one in by_cell]
    for number, (sheet, there) in enumerate(zip(sheets, rows, strict=False)):
        # One sheet after the other, so that what is copied twice is never more than one.
        its = np.argsort(nearest[number], kind="stable")
        columns = sheet[:, there[its] - number * width]
        begins = np.searchsorted(nearest[number][its], np.arange(count + 1)).tolist()
        for one, into, (begin, end) in zip(by_cell, vectors, pairwise(begins), strict=True):
            first = int(np.searchsorted(one, number * width))
            into[:, first : first + end - begin] = columns[:, begin:end]
    return vectors, by_cell


def _cells(count: int) -> int:
    """Return how many cells there are for so many vectors: such that the centres take as long as the cells do."""
    return max(1, round(2 * math.sqrt(count)))


def _some(places: Rows, count: int) -> Rows:
    """Return some of the places, drawn, so that of all together there are enough to learn from."""
    share = min(1.0, _SAMPLED * _cells(count) / count)
    # Always the same draw for the same columns: an index that is made twice is the same twice.
    return np.random.default_rng(len(places)).permutation(places)[: max(1, round(share * len(places)))]


def _learned(samples: Sequence[Floats], count: int) -> Floats:
    """Return the centres, shape (dimensions, cells)."""
    sample = np.random.default_rng(count).permutation(np.concatenate(samples))
    centres = sample[: _cells(count)].copy()
    for _ in range(_ROUNDS):
        nearest = np.argmax(sample @ centres.T, axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        order = np.argsort(nearest, kind="stable")
        firsts = np.minimum(np.cumsum(sizes) - sizes, len(sample) - 1)
        sums = np.add.reduceat(sample[order], firsts, axis=0)
        centres[sizes > 0] = sums[sizes > 0]  # one that nothing is near to stays where it is
        centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.ascontiguousarray(centres.T)
