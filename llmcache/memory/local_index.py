"""One vector index as this process knows it: what its logs said, and how far they were read; obeys `protocols.local_indexes`.

An index lies in logs of its store. A small *directory*, under the key of the index itself, names the *generations*; each is
a log of blocks (`codec.points`), of which the one with the greatest number is written to. Whoever searches reads the directory and
what is new in the generations. An older generation is read until it is gone: its writers bring what they put there into the new
one, and so does who made that (`layers.indexed`, docs/decisions/0021).

What was done to an id is ordered by stamps, not by where it stands, so it does not matter what is read first or twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from llmcache.codec.points import Block, Stamped, is_tick, unpack_block
from llmcache.errors import DataError
from llmcache.memory.forking import lock_across_forks
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.policy.where import fits
from llmcache.protocols.local_indexes import Absorbed, Generation, Reading, entered_in, lasts_longer
from llmcache.protocols.vector_ops import Nearest

if TYPE_CHECKING:
    from llmcache.memory.matrix import Matrix

Unwrap = Callable[[bytes, Key], bytes]

_ENDLESS: Final = float("inf")
_DRAWN: Final = 1024

_EMPTY_BYTES: Final = 4096
_REMOVED_BYTES: Final = 300


class LocalIndex:
    """An index of a store; obeys `protocols.local_indexes.LocalIndex`.

    Args:
        key: Of the index.
        make: Makes a matrix for so many dimensions.
        unwrap: Opens a body that was kept under the key of the index.
    """

    def __init__(self, key: Key, make: "Callable[[int], Matrix]", unwrap: Unwrap) -> None:
        self.key = key
        self._make = make
        self._unwrap = unwrap
        self._lock = lock_across_forks()
        self._log: tuple[Generation | None, Key] = None, key
        self._known = self._new()
        self._followed: tuple[Sequence[bytes], KnownIndex] = (), self._known
        """What the directory said last, and what is known of the index that it named; one value, for several threads."""

    def _new(self) -> "KnownIndex":
        return KnownIndex(self._make, lambda body: self._unwrap(body, self.key))

    @property
    def used_bytes(self) -> int:
        """About what it takes."""
        return self._known.used_bytes

    def log(self, generation: Generation) -> Key:
        known, key = self._log
        if known != generation:
            # Kept, because a store finds out what a key is called once for each that is made.
            key = Key(self.key.space, f"{self.key.name}/{generation.name}")
            self._log = generation, key
        return key

    def follow(self, bodies: Sequence[bytes]) -> "KnownIndex":
        before, known = self._followed
        if bodies and bodies == before and known is self._known and not known.is_lost:
            return known  # nothing new, as nearly always
        known = self._noted(bodies)
        self._followed = bodies, known
        return known

    def _noted(self, bodies: Sequence[bytes]) -> "KnownIndex":
        entered = entered_in(bodies)
        newest = max((one.generation for one in entered), default=None)
        fresh = self._new()
        with self._lock:
            if self._known.is_lost or self._known.current != newest:
                self._known = fresh
            known = self._known
        if entered:
            known.take_note({one.generation for one in entered}, entered[-1].until)
        return known


class KnownIndex:
    """What is known of an index; obeys `protocols.local_indexes.KnownIndex`. Made by `LocalIndex`."""

    def __init__(self, make: "Callable[[int], Matrix]", unwrap: Callable[[bytes], bytes]) -> None:
        self._make = make
        self._unwrap = unwrap
        self._lock = lock_across_forks()
        self._matrix: Matrix | None = None
        self._removed: dict[str, int] = {}
        self._read: dict[Generation, _Read] = {}
        self._gone: set[Generation] = set()
        self.current: Generation | None = None
        self.directory_until: Instant | None = -_ENDLESS
        self.is_lost = False

    def take_note(self, named: Iterable[Generation], until: Instant | None) -> None:
        with self._lock:
            self.directory_until = until
            for one in named:
                self._read.setdefault(one, _Read())
            self.current = max(self._read)

    @property
    def has_begun(self) -> bool:
        return self.current is None or self._read[self.current].count > 0

    @property
    def alive(self) -> tuple[Generation, ...]:
        return tuple(sorted(self._read.keys() - self._gone))

    def reading(self, generation: Generation) -> Reading:
        with self._lock:
            known = self._read[generation]
            return Reading(generation, max(0, known.count - 1), known.last)

    def absorb(self, reading: Reading, bodies: Sequence[bytes], page: int) -> Absorbed:
        with self._lock:
            known = self._read[reading.generation]
            if reading.last is not None and (not bodies or bodies[0] != reading.last):
                return self._lost(reading.generation)
            if not bodies and reading.generation != self.current:
                self._gone.add(reading.generation)
            fresh = bodies[max(0, known.count - reading.start) :]
            damaged = sum(not self._take(body, known) for body in fresh)
            if fresh:
                known.count, known.last = reading.start + len(bodies), bodies[-1]
            return Absorbed(len(bodies) >= page, damaged)

    def _lost(self, generation: Generation) -> Absorbed:
        """An older generation is done with where it is gone; the current one cannot go while it is the current one."""
        if generation == self.current:
            self.is_lost = True
        self._gone.add(generation)
        return Absorbed(goes_on=False)

    def _take(self, body: bytes, known: "_Read") -> bool:
        """Take up one body; False where it cannot be read."""
        if is_tick(body):
            return True
        try:
            block = unpack_block(self._unwrap(body))
        except DataError:
            return False
        known.until = block.until
        known.rows += len(block.rows) + len(block.removed)
        if not block.is_carried:
            known.removed.update(block.removed)
        return self._put(block) if block.rows else self._remove(block.removed)

    def _put(self, block: Block) -> bool:
        matrix = self._matrix
        if matrix is None:
            matrix = self._matrix = self._make(block.dimensions)
        if not matrix.takes(block):
            return False
        places = [place for place in range(len(block.rows)) if self._is_later(block, place, matrix)]
        if places:
            matrix.put(block, places)
        return True

    def _is_later(self, block: Block, place: int, matrix: "Matrix") -> bool:
        """True where a point of a block was put later than what is known of its id.

        At equal stamps, which two processes can draw in one microsecond, what it holds decides, so that all readers agree.
        """
        point_id, ends_at, kept_until, facts, stamp, version = block.rows[place]
        known = self._stamp_of(point_id)
        if stamp != known or point_id in self._removed:
            return stamp > known
        present = matrix.get(point_id, -_ENDLESS)
        if present is None:
            return False
        size = len(present.vector)
        vector = bytes(block.vectors[place * size : (place + 1) * size])
        here = (present.vector, repr((present.ends_at, present.kept_until, present.facts, present.version)))
        return (vector, repr((ends_at, kept_until, facts, version))) > here

    def _remove(self, removed: Sequence[tuple[str, int]]) -> bool:
        for point_id, stamp in removed:
            # Also at the same stamp: what was copied in error is taken back by its own.
            if stamp >= self._stamp_of(point_id):
                self._removed[point_id] = stamp
                if self._matrix is not None:
                    self._matrix.remove(point_id)
        return True

    def _stamp_of(self, point_id: str) -> int:
        known = -1 if self._matrix is None else self._matrix.stamp_of(point_id)
        return max(known, self._removed.get(point_id, -1))

    def next_stamp(self, ids: Iterable[str], at: Instant, token: bytes) -> int:
        with self._lock:
            return self._next_stamp(ids, at, token)

    def _next_stamp(self, ids: Iterable[str], at: Instant, token: bytes) -> int:
        known = max(map(self._stamp_of, ids), default=-1)
        # Never 0, so that it is not what `stamped_over` gives to what replaces the same point.
        drawn = 1 + int.from_bytes(token[:2], "big") % (_DRAWN - 1)
        return max(int(at * 1e6) * _DRAWN, (known // _DRAWN + 1) * _DRAWN) + drawn

    def stamped_over(
        self, points: Sequence[Point], over: Mapping[str, str | None], at: Instant, token: bytes
    ) -> list[Stamped]:
        with self._lock:
            stamps = {one.id: self._stamp_over(one, over[one.id], at, token) for one in points}
        return [Stamped(one, stamp) for one in points for stamp in (stamps[one.id],) if stamp is not None]

    def _stamp_over(self, point: Point, before: str | None, at: Instant, token: bytes) -> int | None:
        """Return the least stamp that is later than what is replaced: whatever comes after that is later still."""
        present = None if self._matrix is None else self._matrix.version_of(point.id)
        if present is not None and present == point.version != before:
            return self._stamp_of(point.id)  # put already, into a generation that is current no more
        if present is not None and self._matrix is not None and not self._matrix.is_kept(point.id, at):
            present = None
        if present != before:
            return None
        return self._next_stamp([point.id], at, token) if before is None else self._stamp_of(point.id) + 1

    def removed_over(self, over: Mapping[str, str], done: Mapping[str, int]) -> list[tuple[str, int]]:
        with self._lock:
            again = [(one, stamp) for one, stamp in done.items() if self._removed.get(one) == stamp]
            matrix = self._matrix
            there = [] if matrix is None else [one for one, before in over.items() if matrix.version_of(one) == before]
            return again + [(one, self._stamp_of(one) + 1) for one in there]

    def has_later(self, stamps: Mapping[str, int]) -> bool:
        with self._lock:
            return any(self._stamp_of(one) > stamp for one, stamp in stamps.items())

    @property
    def dimensions(self) -> int | None:
        return None if self._matrix is None else self._matrix.dimensions

    @property
    def size(self) -> int:
        return 0 if self._matrix is None else self._matrix.size

    @property
    def used_bytes(self) -> int:
        """About what it takes."""
        matrix = 0 if self._matrix is None else self._matrix.used_bytes
        return _EMPTY_BYTES + _REMOVED_BYTES * len(self._removed) + matrix

    @property
    def wasted(self) -> int:
        known = None if self.current is None else self._read.get(self.current)
        return 0 if known is None else known.rows - self.size

    def unit(self, points: Sequence[Point]) -> list[Point]:
        from llmcache.memory.directions import unit_vectors  # noqa: PLC0415 -- knows numpy

        vectors = unit_vectors(points, self.dimensions)
        return [replace(point, vector=vector) for point, vector in zip(points, vectors, strict=True)]

    def direction(self, vector: bytes) -> bytes:
        from llmcache.memory.directions import unit_vector  # noqa: PLC0415 -- knows numpy

        return unit_vector(vector, self.dimensions)

    @property
    def length(self) -> int:
        return 0 if self.current is None else self._read[self.current].count

    def is_lasting(self, until: Instant | None) -> bool:
        known = None if self.current is None else self._read.get(self.current)
        return known is not None and not lasts_longer(until, known.until)

    def kept_until(self) -> Instant | None:
        with self._lock:
            return -_ENDLESS if self._matrix is None else self._matrix.kept_until()

    def forget(self, at: Instant) -> None:
        with self._lock:
            if self._matrix is not None:
                self._matrix.forget(at)

    def get(self, ids: Sequence[str], at: Instant) -> list[Point | None]:
        with self._lock:
            matrix = self._matrix
            return [None if matrix is None else matrix.get(one, at) for one in ids]

    def stamped(self, at: Instant) -> list[Stamped]:
        with self._lock:
            return [] if self._matrix is None else self._matrix.stamped(at)

    def removed(self) -> list[tuple[str, int]]:
        with self._lock:
            return [one for known in self._read.values() for one in known.removed.items()]

    def ended(self, until: Instant, at: Instant, count: int) -> list[Point]:
        with self._lock:
            return [] if self._matrix is None else self._matrix.ended(until, at, count)

    @property
    def wants_cells(self) -> bool:
        return self._matrix is not None and self._matrix.wants_cells

    def make_cells(self) -> None:
        # Without the lock: nobody waits for it.
        if self._matrix is not None:
            self._matrix.make_cells()

    def nearest(self, vector: bytes, asked: Nearest) -> list[Neighbour]:
        matrix, where = self._matrix, asked.where
        if matrix is None:
            return []
        judge = None if where is None else partial(fits, where=where)
        return matrix.nearest(
            vector, asked.count, at=asked.at, least=asked.least, fits=judge, with_vectors=asked.with_vectors
        )


@dataclass(slots=True)
class _Read:
    """How far a generation was read.

    Attributes:
        count: How many elements.
        last: The last of them.
        rows: How many points and deletions they hold.
        until: Until when the log lives, by the wish of who wrote to it last.
        removed: What was deleted in it, with stamps.
    """

    count: int = 0
    last: bytes | None = None
    rows: int = 0
    until: Instant | None = -_ENDLESS
    removed: dict[str, int] = field(default_factory=dict)
