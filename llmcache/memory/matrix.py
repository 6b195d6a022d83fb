"""A matrix of unit vectors in memory, searched by a product: exact, and as fast as memory can be read.

Vectors are columns, because a product of a row with many columns runs along memory: twice as fast at 10,000 columns as the other
way round. Rows of facts, ids and times lie beside it. A column is written once; a point that is replaced gets a new one and
the old one is marked as gone. So a search needs no lock: it sees the old, the new, or both, each of them whole.

Columns come in sheets, so that a matrix which grows is not copied: copying would take three times its memory for a moment. A sheet is
so wide that a product of several is as quick as that of one.

Beside `codec.floats` only this file, `memory.cells` and `memory.directions` know numpy; it is imported with the first index that is used.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llmcache.codec.points import Block, Stamped
from llmcache.memory.cells import Cells, Floats, Rows, best_rows, bound
from llmcache.memory.threads import one_thread
from llmcache.model.units import Instant, Plain
from llmcache.model.vectors import Neighbour, Point

Judge: TypeAlias = Callable[[Mapping[str, Plain]], bool]

_FIRST_CAPACITY: Final = 4
_POINT_BYTES: Final = 500
"""What a point takes beside its numbers: names in two tables, and what holds its facts, which come on top."""
_SHEET: Final = 8192
"""Columns of a sheet. An index with fewer has one sheet, which is copied when it is full."""

_BELOW_ALL: Final = -2.0
_BEHIND: Final = 64
"""A part; with so much more points than are in cells these come there, too. Until then they are searched one and all."""

_FEW: Final = 64
_MEASURED: Final = 160
"""So many points that seem near are measured; for more than ten that are asked for, as many more."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns and what lies beside them. Only what is behind the last id is ever written, and `gone`.

    Attributes:
        sheets: Each of shape (dimensions, at most `_SHEET`); all but the last are full.
        ends: Infinity where a point never ends.
        kept: Likewise, until when it is kept.
        gone: True where a point was replaced or deleted.
        stamps: As in `codec.points`.
        ids: As many as columns are in use.
        facts: At least as many, like the versions.
    """

    sheets: list[Floats]
    ends: NDArray[np.float64]
    kept: NDArray[np.float64]
    gone: NDArray[np.bool_]
    stamps: NDArray[np.int64]
    ids: list[str]
    facts: list[Mapping[str, Plain]]
    versions: list[str]

    @classmethod
    def empty(cls, dimensions: int, capacity: int) -> "_Columns":
        sheets = [np.empty((dimensions, min(capacity, _SHEET)), np.float32)]
        times = np.empty(capacity), np.empty(capacity)
        return cls(sheets, *times, np.zeros(capacity, np.bool_), np.empty(capacity, np.int64), [], [], [])

    def longer(self, capacity: int) -> "_Columns":
        """Return the same columns with room for more beside them; of the vectors nothing is copied."""
        used = len(self.ids)
        longer = {name: np.zeros(capacity, getattr(self, name).dtype) for name in ("ends", "kept", "gone", "stamps")}
        for name, numbers in longer.items():
            numbers[:used] = getattr(self, name)[:used]
        return replace(
            self,
            **longer,
            sheets=list(self.sheets),
            ids=list(self.ids),
            facts=self.facts[:used],
            versions=self.versions[:used],
        )

    def write(self, first: int, vectors: Floats) -> None:
        """Write vectors, shape (dimensions, count), into the columns from `first` on; sheets are added as needed."""
        done, count = 0, vectors.shape[1]
        while done < count:
            number, column = divmod(first + done, _SHEET)
            if number == len(self.sheets):
                self.sheets.append(np.empty((len(vectors), _SHEET), np.float32))
            part = vectors[:, done : done + _SHEET - column]
            self.sheets[number][:, column : column + part.shape[1]] = part
            done += part.shape[1]

    def scores(self, unit: Floats, first: int, last: int) -> Floats:
        """Return the cosine to each column from `first` on and before `last`."""
        scores = np.empty(last - first, np.float32)
        done = first
        while done < last:
            number, column = divmod(done, _SHEET)
            end = min(last, (number + 1) * _SHEET)
            np.matmul(
                unit, self.sheets[number][:, column : column + end - done], out=scores[done - first : end - first]
            )
            done = end
        return scores

    def point(self, row: int, *, with_vector: bool = True) -> Point:
        ends, kept = float(self.ends[row]), float(self.kept[row])
        return Point(
            self.ids[row],
            self.sheets[row // _SHEET][:, row % _SHEET].tobytes() if with_vector else b"",
            None if ends == np.inf else ends,
            None if kept == np.inf else kept,
            self.facts[row],
            self.versions[row],
        )

    def end(self, row: int | None) -> None:
        if row is not None:
            self.gone[row] = True


class Matrix:
    """Points of one index. `nearest` may be called at any time; who calls anything else sees to it that nobody else does.

    Args:
        dimensions: Of every vector.
        cells_from: With so many points and more a search may leave something out: then it looks into cells, once those are made.
    """

    def __init__(self, dimensions: int, *, cells_from: float = math.inf) -> None:
        self.dimensions = dimensions
        self._columns = _Columns.empty(dimensions, _FIRST_CAPACITY)
        self._row: dict[str, int] = {}
        self._cells_from = cells_from
        self._cells: Cells | None = None
        self._said = 0
        """How many bytes ids and facts of the columns in use have as JSON."""

    @property
    def size(self) -> int:
        """How many points there are, ended ones that are kept included."""
        return len(self._row)

    @property
    def used_bytes(self) -> int:
        """About what it takes."""
        columns = self._columns
        texts = len(columns.ids) * _POINT_BYTES + self._said
        vectors = sum(sheet.nbytes for sheet in columns.sheets)
        cells = 0 if self._cells is None else self._cells.used_bytes
        return vectors + columns.ends.nbytes + columns.kept.nbytes + columns.stamps.nbytes + cells + texts

    def stamp_of(self, point_id: str) -> int:
        """Return the stamp of a point, or -1 where there is none."""
        row = self._row.get(point_id)
        return -1 if row is None else int(self._columns.stamps[row])

    def version_of(self, point_id: str) -> str | None:
        """Return the version of a point, one that is no longer kept included; None where there is none."""
        row = self._row.get(point_id)
        return None if row is None else self._columns.versions[row]

    def is_kept(self, point_id: str, at: Instant) -> bool:
        """True where a point is there, and kept at `at`."""
        row = self._row.get(point_id)
        return row is not None and bool(self._columns.kept[row] > at)

    def takes(self, block: Block) -> bool:
        """True where a block of points can be taken up: vectors of as many dimensions, and nothing in them but numbers."""
        return block.dimensions == self.dimensions and bool(np.isfinite(np.frombuffer(block.vectors, "<f4")).all())

    def put(self, block: Block, places: Sequence[int]) -> None:
        """Take up the points of a block that stand at `places`; each replaces what has its id."""
        given = np.frombuffer(block.vectors, "<f4").reshape(len(block.rows), self.dimensions)
        rows = [block.rows[place] for place in places]
        first = self._make_room(len(rows))
        last, columns = first + len(rows), self._columns
        columns.write(first, (given if len(rows) == len(given) else given[places]).T)
        columns.ends[first:last] = [np.inf if row[1] is None else row[1] for row in rows]
        columns.kept[first:last] = [np.inf if row[2] is None else row[2] for row in rows]
        columns.stamps[first:last] = [row[4] for row in rows]
        columns.facts.extend(row[3] for row in rows)
        columns.versions.extend(row[5] for row in rows)
        self._said += block.head_bytes * len(rows) // len(block.rows)
        # Searches see as many columns as there are ids. Whoever looks now finds old and new, which is either order.
        columns.ids.extend(row[0] for row in rows)
        for place, row in enumerate(rows, first):
            columns.end(self._row.get(row[0]))
            self._row[row[0]] = place

    def remove(self, point_id: str) -> None:
        """Forget a point."""
        self._columns.end(self._row.pop(point_id, None))

    def forget(self, at: Instant) -> None:
        """Forget the points that are no longer kept at `at`."""
        columns = self._columns
        used = len(columns.ids)
        for row in np.flatnonzero((columns.kept[:used] <= at) & ~columns.gone[:used]).tolist():
            self._row.pop(columns.ids[row], None)
            columns.end(row)

    def _make_room(self, count: int) -> int:
        """Return the first free column of `count`. Where there is no room, columns of what has ended are given up."""
        columns, needed = self._columns, len(self._columns.ids) + count
        if needed > len(columns.ends):
            is_wasteful = 2 * len(columns.ids) > 3 * len(self._row)
            if is_wasteful or len(columns.ends) < _SHEET:
                # As many as are put at first, which may be all; then room for as many again.
                self._move(max(count if not self._row else 2 * (len(self._row) + count), _FIRST_CAPACITY))
            else:
                self._columns = columns.longer(needed + needed // 2)
        return len(self._columns.ids)

    def _move(self, capacity: int) -> None:
        """Move what is alive into new columns, in the order it was put; searches that are under way keep the old ones."""
        old, count = self._columns, len(self._row)
        rows = np.sort(np.fromiter(self._row.values(), np.intp, count))
        new = _Columns.empty(self.dimensions, capacity)
        for number, sheet in enumerate(old.sheets):
            first, last = np.searchsorted(rows, (number * _SHEET, (number + 1) * _SHEET)).tolist()
            new.write(first, sheet[:, rows[first:last] - number * _SHEET])
        for name in ("ends", "kept", "stamps"):
            getattr(new, name)[:count] = getattr(old, name)[rows]
        new.ids.extend(old.ids[row] for row in rows.tolist())
        new.facts.extend(old.facts[row] for row in rows.tolist())
        new.versions.extend(old.versions[row] for row in rows.tolist())
        self._said = self._said * count // max(1, len(old.ids))
        self._row = {point_id: row for row, point_id in enumerate(new.ids)}
        self._columns = new
        self._cells = None  # of no use any more, and as large as what they were made of

    def get(self, point_id: str, at: Instant) -> Point | None:
        """Return a point that is kept at `at`."""
        row = self._row.get(point_id)
        return None if row is None or self._columns.kept[row] <= at else self._columns.point(row)

    def stamped(self, at: Instant) -> list[Stamped]:
        """Return all points that are kept at `at`, with their stamps."""
        columns = self._columns
        rows = [row for row in self._row.values() if columns.kept[row] > at]
        return [Stamped(columns.point(row), int(columns.stamps[row])) for row in rows]

    def kept_until(self) -> Instant | None:
        """Return until when the last point is kept; None means for ever, minus infinity that there is none."""
        columns = self._columns
        used = len(columns.ids)
        latest = float(columns.kept[:used].max(initial=-np.inf, where=~columns.gone[:used]))
        return None if latest == np.inf else latest

    def ended(self, until: Instant, at: Instant, count: int) -> list[Point]:
        """Return points that end at or before `until` and are kept at `at`, the first to end first."""
        columns = self._columns
        used = len(columns.ids)
        rows = np.flatnonzero((columns.ends[:used] <= until) & (columns.kept[:used] > at) & ~columns.gone[:used])
        rows = rows[np.argsort(columns.ends[rows], kind="stable")][:count]
        return [columns.point(row) for row in rows.tolist()]

    @property
    def wants_cells(self) -> bool:
        """True where a search would be quicker with cells that are not made yet, or not with what came since."""
        if len(self._row) < self._cells_from:
            return False
        cells = _still(self._cells, self._columns)
        return cells is None or len(self._columns.ids) > cells.size + max(cells.size // _BEHIND, _FEW)

    def make_cells(self) -> None:
        """Bring what is in no cell into one, or make them anew; meanwhile anybody may search and put."""
        columns = self._columns
        cells, alive = _still(self._cells, columns), ~columns.gone[: len(columns.ids)]
        if cells is None or not cells.has_room(len(alive)):
            cells = Cells.of(columns.sheets, alive) if alive.any() else None
        self._cells = cells and cells.joined(columns.sheets, alive)

    def nearest(
        self,
        vector: bytes,
        count: int,
        *,
        at: Instant,
        least: float,
        fits: Judge | None,
        with_vectors: bool = False,
    ) -> list[Neighbour]:
        """Return the nearest points, the nearest first; see `protocols.vectors.VectorStore.nearest`."""
        # First the cells, then who is gone, then how many there are: what is replaced from now on is found as it was.
        cells, columns = self._cells, self._columns
        gone, used = columns.gone.copy(), len(columns.ids)
        if not used:
            return []
        unit, cells = np.frombuffer(vector, "<f4"), _still(cells, columns)
        # Rounding takes a product of unit vectors beyond 1, or minus 1, now and then.
        chosen = _Chosen(columns, gone, count, at, _BELOW_ALL if least <= -1.0 else least, fits, with_vectors)
        with one_thread():  # who searches waits for it, and other work may have the other processors
            rows = None if cells is None else chosen.likely(cells, unit)
            if cells is None or rows is None:
                return chosen.of(slice(0, used), columns.scores(unit, 0, used))
            scores = cells.vectors.take(rows, axis=0) @ unit
            if used > cells.size:
                rows = np.concatenate([rows, np.arange(cells.size, used)])
                scores = np.concatenate([scores, columns.scores(unit, cells.size, used)])
            return chosen.of(rows, scores)


def _still(cells: Cells | None, columns: _Columns) -> Cells | None:
    """Return the cells, where those columns have not been moved since they were made."""
    return None if cells is None or cells.first_sheet is not columns.sheets[0] else cells


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which columns a search is for; arguments as of `Matrix.nearest`.

    Attributes:
        gone: As it was when the search began.
    """

    columns: _Columns
    gone: NDArray[np.bool_]
    count: int
    at: Instant
    floor: float
    fits: Judge | None
    with_vectors: bool

    def likely(self, cells: Cells, unit: Floats) -> Rows | None:
        """Return rows out of cells that seem to be the nearest, enough to choose from; None where too few of them are left."""
        near, scores = cells.near(unit)
        measured = max(_MEASURED, _MEASURED * self.count // 10)
        for wanted in (measured, 3 * measured, 12 * measured):
            rows = best_rows(near, scores, wanted)
            rows = rows[~self._is_out(rows)]
            if self.fits is not None:
                facts = self.columns.facts
                rows = rows[np.fromiter((self.fits(facts[row]) for row in rows.tolist()), np.bool_, len(rows))]
            if len(rows) >= measured // 4:
                return rows
        return None

    def _is_out(self, rows: Rows | slice) -> NDArray[np.bool_]:
        return (self.columns.ends[rows] <= self.at) | self.gone[rows]

    def of(self, rows: Rows | slice, scores: Floats) -> list[Neighbour]:
        """Return the nearest of some rows."""
        columns, names = self.columns, range(rows.stop) if isinstance(rows, slice) else rows
        is_out = self._is_out(rows)
        if is_out.any():
            scores[is_out] = -np.inf
        if self.fits is None:
            places = _best(scores, self.count, self.floor)
        else:
            facts, fits = columns.facts, self.fits
            places = _best_that_fit(scores, self.count, self.floor, fits=lambda place: fits(facts[names[place]]))
        found = [(int(names[place]), max(-1.0, min(1.0, float(scores[place])))) for place in places]
        return [Neighbour(columns.point(row, with_vector=self.with_vectors), score) for row, score in found]


def _best(scores: Floats, count: int, floor: float) -> list[int]:
    """Return the places of the `count` best scores of at least `floor`, the best first, equal ones by their place."""
    least = max(floor, bound(scores, count)) if count < len(scores) else floor
    places = np.flatnonzero(scores >= least)
    order = np.argsort(-scores[places], kind="stable")[:count]
    found: list[int] = places[order].tolist()
    return found


def _best_that_fit(scores: Floats, count: int, floor: float, *, fits: Callable[[int], bool]) -> list[int]:
    """As `_best`, of the places that fit; they are looked at from the best downward, and no further than needed."""
    wanted = 4 * count
    while True:
        places = _best(scores, wanted, floor)
        fitting = [place for place in places if fits(place)]
        if len(fitting) >= count or len(places) < wanted:
            return fitting[:count]
        wanted *= 4
