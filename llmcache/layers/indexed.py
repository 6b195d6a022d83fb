"""The layer that gives vector indexes to any store with logs: a log of blocks, read forward into a matrix of this process.

How an index lies in the store is told in `memory.local_index`. What the steps here must keep (docs/decisions/0021):

- Whoever writes looks into the directory again afterwards, and writes anew where another generation is current by then. So what was
  acknowledged is in the generation that was current at that moment.
- A new generation is made whole before the directory names it, and takes up afterwards what came into the old ones meanwhile.
  Only then the old ones are deleted. Readers take the old ones first. What was deleted in the old ones stands in the new one, too,
  for readers who come late; who has missed a whole generation reads everything anew.
- A log lives as long as the last who wrote to it wanted, who may not have known of a point that is to live longer. So each block
  and each element of the directory says until when, and whoever has written looks whether that is enough for all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any, Final, cast

from llmcache.codec.envelopes import Envelopes
from llmcache.codec.points import (
    BLOCK_BYTES,
    FLOAT_BYTES,
    Stamped,
    blocks_of,
    pack_removed,
    pack_tick,
    packed,
)
from llmcache.errors import StoreLimit, StoreUnavailable, UsageError
from llmcache.model.capabilities import Limits
from llmcache.model.embedder import figure
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.protocols.flight_ops import Token
from llmcache.protocols.key_value import Put
from llmcache.protocols.local_indexes import (
    Entered,
    Generation,
    KnownIndex,
    LocalIndex,
    LocalIndexes,
    entered_in,
    lasts_longer,
)
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.store_ops import Append, DeleteIfEqual, DeleteLog, PutIfAbsent, ReadLog
from llmcache.protocols.vector_ops import DeletePoints, EndedPoints, GetPoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Behind, Compute, Emit, Now

_PAGE: Final = 64
_MOST_NAMED: Final = 16
"""So many elements of a directory are kept: those of two generations, and what writers that meet may add."""

_APPEND_BLOCKS: Final = 16
_MOST_TRIES: Final = 8
_SPARE: Final = 1024
"""So many wasted rows are left alone, however few points there are."""

_LEASE: Final[Seconds] = 60.0
_MOMENT: Final[Seconds] = 1.0
"""A log that lives so much longer has not ended meanwhile, and begun anew."""

_LONG: Final = 4_000_000
"""A product of so many numbers takes about a millisecond: too long to hold up an event loop."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be written to a generation.

    Attributes:
        raw: Blocks; none where nothing is to be done.
        until: How long the log is to live.
        stamps: Of each id in it.
    """

    raw: Sequence[bytes]
    until: Instant | None
    stamps: Mapping[str, int]


class Indexed:
    """Answers the ops on vectors; all others it passes on.

    Args:
        indexes: What this process knows.
        envelopes: How blocks stand in the store.
        limits: Of the store.
    """

    def __init__(self, indexes: LocalIndexes, envelopes: Envelopes, limits: Limits) -> None:
        self._indexes = indexes
        self._envelopes = envelopes
        self._limits = limits

    def __call__(self, op: Op[Reply]) -> Steps[Reply]:
        steps: Steps[Any]
        match op:
            case Nearest():
                steps = self._nearest(op)
            case PutPoints(index=index):
                steps = self._put(self._indexes.of(index), op)
            case DeletePoints(index=index):
                steps = self._delete(self._indexes.of(index), op)
            case GetPoints(index=index, ids=ids, at=at):
                steps = self._get(self._indexes.of(index), ids, at)
            case EndedPoints(index=index):
                steps = self._ended(self._indexes.of(index), op)
            case _:
                steps = iter(op)
        return cast("Steps[Reply]", steps)

    def _nearest(self, op: Nearest) -> Steps[Sequence[Neighbour]]:
        if isinstance(op.count, bool) or not isinstance(op.count, int) or op.count < 1:
            raise UsageError(f"a search is for {figure(op.count)} points; allowed are whole numbers from 1")
        known = yield from self._catch_up(self._indexes.of(op.index))
        if known.wants_cells:
            yield from Behind(op.index, lambda: iter(Compute(known.make_cells, is_long=True)))
        asked = known.direction(op.vector)
        search = partial(known.nearest, asked, op)
        is_long = known.size * len(op.vector) > _LONG * FLOAT_BYTES
        return (yield from Compute(search, is_long=is_long))

    def _get(self, local: LocalIndex, ids: Sequence[str], at: Instant) -> Steps[Sequence[Point | None]]:
        known = yield from self._catch_up(local)
        return known.get(ids, at)

    def _ended(self, local: LocalIndex, op: EndedPoints) -> Steps[Sequence[Point]]:
        known = yield from self._catch_up(local)
        return known.ended(op.until, op.at, op.count)

    def _put(self, local: LocalIndex, op: PutPoints) -> Steps[None]:
        _check(op)
        drawn = yield from _drawn()
        # Of None, what others may have put since this process looked must be known.
        yield from self._write(local, partial(self._puts, op, drawn), op.at, is_careful=op.over is not None)

    def _puts(self, op: PutPoints, drawn: bytes, known: KnownIndex) -> "_Change":
        # The later of two of one id: both would have one stamp, and in two blocks the first one held.
        unit = list({point.id: point for point in known.unit(op.points)}.values())
        if op.over is None:
            stamp = known.next_stamp([point.id for point in unit], op.at, drawn)
            stamped = [Stamped(point, stamp) for point in unit]
        else:
            over = {point.id: before for point, before in zip(op.points, op.over, strict=True)}
            stamped = known.stamped_over(unit, over, op.at, drawn)
        until = self._end(_latest([known.kept_until(), *(one.point.kept_until for one in stamped)]), op.at)
        return _Change(blocks_of(stamped, until), until, {one.point.id: one.stamp for one in stamped})

    def _delete(self, local: LocalIndex, op: DeletePoints) -> Steps[None]:
        drawn = yield from _drawn()
        done: dict[str, int] = {}
        yield from self._write(local, partial(self._deletes, op, drawn, done), op.at, is_careful=op.over is not None)

    def _deletes(self, op: DeletePoints, drawn: bytes, done: dict[str, int], known: KnownIndex) -> "_Change":
        if known.current is None:
            return _Change([], None, {})
        if op.over is None:
            stamp = known.next_stamp(op.ids, op.at, drawn)
            removed = [(one, stamp) for one in op.ids]
        else:
            removed = known.removed_over(dict(zip(op.ids, op.over, strict=True)), done)
            done.update(removed)
        until = self._end(known.kept_until(), op.at)
        return _Change(packed(pack_removed, removed, until) if removed else [], until, dict(removed))

    def _write(
        self, local: LocalIndex, make: Callable[[KnownIndex], "_Change"], at: Instant, *, is_careful: bool
    ) -> Steps[None]:
        """Append blocks to the current generation, and make sure that it was that, that it lives long enough, and that they hold.

        Where it need not be careful, it begins with what was known when the log was read last; what that has missed is seen afterwards.
        """
        known, is_fresh = yield from self._known(local, is_careful=is_careful)
        for _ in range(_MOST_TRIES):
            try:
                change = make(known)
            except UsageError:
                if is_fresh:
                    raise
                known, is_fresh = (yield from self._catch_up(local)), True  # it may be another index by now
                continue
            if not change.raw:
                return
            generation = known.current or (yield from self._begin(local, change.until, at))
            try:
                after = yield from self._appended(local, known, generation, change, at)
            except StoreLimit:
                # The store, or the one log, is full. Without its waste, and in larger blocks, there may be room.
                if not _may_shrink(known) or not (yield from self.renew(local.key)):
                    raise
                known, is_fresh = (yield from self._catch_up(local)), True
                continue
            if after.current == generation and (is_fresh or not after.has_later(change.stamps)):
                return (yield from self._done(local, after, at))
            known, is_fresh = after, True
        raise StoreUnavailable(f"an index of {local.key.digest} was made anew again and again while it was written to")

    def _known(self, local: LocalIndex, *, is_careful: bool) -> Steps[tuple[KnownIndex, bool]]:
        """Return what is known of an index, and whether its log was read for it; the directory was."""
        if not is_careful:
            known = local.follow((yield from ReadLog(local.key, -_MOST_NAMED)))
            if known.current is not None and known.has_begun and len(known.alive) == 1:
                return known, False
        return (yield from self._catch_up(local)), True

    def _appended(
        self, local: LocalIndex, known: KnownIndex, generation: Generation, change: _Change, at: Instant
    ) -> Steps[KnownIndex]:
        """Append a change, and return what is known afterwards; the log is read only where others have written to it, too."""
        is_sure = known.current == generation and known.is_lasting(at + _MOMENT)
        reading = known.reading(generation) if is_sure else None
        length, bodies = yield from self._append(local, generation, change.raw, change.until, at)
        if reading is None or reading.last is None or length != reading.start + 1 + len(bodies):
            return (yield from self._catch_up(local))
        after = local.follow((yield from ReadLog(local.key, -_MOST_NAMED)))
        if after is not known or len(after.alive) > 1:
            return (yield from self._catch_up(local))
        after.absorb(reading, [reading.last, *bodies], len(bodies) + 2)
        return after

    def _done(self, local: LocalIndex, known: KnownIndex, at: Instant) -> Steps[None]:
        yield from self._make_last(local, known, at)
        known.forget(at)
        yield from self._tidy(local, known)

    def _append(
        self, local: LocalIndex, generation: Generation, raw: Sequence[bytes], until: Instant | None, at: Instant
    ) -> Steps[tuple[int, list[bytes]]]:
        """Append blocks, and return the length of the log by then, and what was appended."""
        length, appended = 0, list[bytes]()
        for first in range(0, len(raw), _APPEND_BLOCKS):
            bodies = [self._envelopes.wrap(one, local.key) for one in raw[first : first + _APPEND_BLOCKS]]
            bodies.append(pack_tick((yield from _drawn())))
            length = yield from Append(local.log(generation), bodies, None, self._ttl(until, at))
            appended += bodies
        return length, appended

    def _begin(self, local: LocalIndex, until: Instant | None, at: Instant) -> Steps[Generation]:
        """Name a first generation; the one that is current afterwards may be that of another who began at once."""
        first = Generation(1, (yield from _drawn()).hex())
        yield from self._name(local, [first], until, at)
        known = local.follow((yield from ReadLog(local.key, -_MOST_NAMED)))
        return known.current or first

    def _name(
        self, local: LocalIndex, generations: Sequence[Generation], until: Instant | None, at: Instant
    ) -> Steps[None]:
        """Write generations into the directory; the older ones, too, or they would be pushed out at last."""
        entered = [Entered(one, until).pack() for one in generations]
        yield from Append(local.key, entered, _MOST_NAMED, self._ttl(until, at))

    def _make_last(self, local: LocalIndex, known: KnownIndex, at: Instant) -> Steps[None]:
        """Have log and directory live as long as any point that is known by now."""
        for _ in range(_MOST_TRIES):
            until, generation = self._end(known.kept_until(), at), known.current
            is_named, is_lasting = not lasts_longer(until, known.directory_until), known.is_lasting(until)
            if generation is None or (is_named and is_lasting):
                return
            if not is_lasting:
                yield from self._append(local, generation, [pack_removed((), until)], until, at)
            if not is_named:
                # Twice as far ahead, so that it is not written with each point.
                further = None if until is None else self._end(until + (until - at), at)
                yield from self._name(local, known.alive, further, at)
            known = yield from self._catch_up(local)

    def _end(self, until: Instant | None, at: Instant) -> Instant | None:
        """Return when what is to live until then ends on this store; what has ended already gets a moment more."""
        longest = self._limits.max_ttl
        if until is None:
            return None if longest is None else at + longest
        return max(at + 1.0, until if longest is None else min(until, at + longest))

    @staticmethod
    def _ttl(until: Instant | None, at: Instant) -> Seconds | None:
        return None if until is None else until - at

    def _catch_up(self, local: LocalIndex) -> Steps[KnownIndex]:
        """Read what is new, and return all that is known then."""
        before = None
        for _ in range(_MOST_TRIES):
            known = local.follow((yield from ReadLog(local.key, -_MOST_NAMED)))
            for generation in known.alive:
                yield from self._read(local, known, generation)
            # Nothing is there where nothing was written yet; or where the log was replaced since the directory was read, which
            # then names another one.
            if not known.is_lost and (known.has_begun or known is before):
                return known
            before = known
        raise StoreUnavailable(f"an index of {local.key.digest} was cleared again and again while it was read")

    def _read(self, local: LocalIndex, known: KnownIndex, generation: Generation) -> Steps[None]:
        log, goes_on = local.log(generation), True
        while goes_on:
            reading = known.reading(generation)
            bodies = yield from ReadLog(log, reading.start, reading.start + _PAGE)
            absorbed = known.absorb(reading, bodies, _PAGE)
            goes_on = absorbed.goes_on
            for _ in range(absorbed.damaged):
                yield from Emit(Event(Happening.UNREADABLE, local.key.digest, "block of points"))

    def _tidy(self, local: LocalIndex, known: KnownIndex) -> Steps[None]:
        """Have the index made anew behind the caller's back, where most of what is read of it is waste."""
        if known.wasted > max(_SPARE, known.size) or len(known.alive) > 1:
            yield from Behind(local.key, partial(self.renew, local.key))

    def renew(self, index: Key) -> Steps[bool]:
        """Make a new generation of an index, with nothing in it but what is kept, and return whether that was done.

        One process does it at a time; another is told so.
        """
        lease = Put(Key(Space(index.space.namespace, Kind.LEASE), index.name), (yield from Token()), _LEASE)
        if not (yield from PutIfAbsent(lease)):
            return False
        try:
            yield from self._renewed(self._indexes.of(index))
        finally:
            yield from DeleteIfEqual(lease.key, lease.body)
        return True

    def _renewed(self, local: LocalIndex) -> Steps[None]:
        at = yield from Now()
        known = yield from self._catch_up(local)
        if known.current is None:
            return
        old, kept, until = known.current, known.stamped(at), self._end(known.kept_until(), at)
        new = Generation(old.number + 1, (yield from _drawn()).hex())
        # Never without anything, or nobody could tell it from one that was cleared.
        yield from self._append(local, new, blocks_of(kept, until) or [pack_removed((), until)], until, at)
        yield from self._name(local, [new], until, at)
        named = {one.generation for one in entered_in((yield from ReadLog(local.key, -_MOST_NAMED)))}
        if old not in named:
            return (yield from self._take_back(local, new, kept, until, at))
        # What came into the old generations until now, also into one that another process has just made. Whoever writes to
        # them from now on brings it to the new one.
        known.take_note(named - {new}, known.directory_until)
        for generation in known.alive:
            yield from self._read(local, known, generation)
        copied = {one.point.id: one.stamp for one in kept}
        late = [one for one in known.stamped(at) if copied.get(one.point.id) != one.stamp]
        until = self._end(known.kept_until(), at)
        raw = blocks_of(late, until)
        if removed := known.removed():
            raw += packed(partial(pack_removed, is_carried=True), removed, until)
        yield from self._append(local, new, raw, until, at)
        for generation in known.alive:
            yield from DeleteLog(local.log(generation))
        yield from self._make_last(local, (yield from self._catch_up(local)), at)

    def _take_back(
        self, local: LocalIndex, new: Generation, kept: Sequence[Stamped], until: Instant | None, at: Instant
    ) -> Steps[None]:
        """The index was cleared while it was made anew: remove what was copied, and nothing that was put since."""
        removed = [(one.point.id, one.stamp) for one in kept]
        yield from self._append(local, new, packed(pack_removed, removed, until), until, at)


def _may_shrink(known: KnownIndex) -> bool:
    """True where an index takes fewer bytes, or far fewer blocks, if it is made anew."""
    needed = 1 + known.size * (known.dimensions or 1) * FLOAT_BYTES // BLOCK_BYTES
    return known.wasted > 0 or known.length > 4 * needed + 8


def _drawn() -> Steps[bytes]:
    """Return eight bytes that nobody else is likely to have."""
    return sha256((yield from Token())).digest()[:8]


def _check(op: PutPoints) -> None:
    if op.over is not None and (
        len(op.over) != len(op.points) or len({point.id for point in op.points}) < len(op.over)
    ):
        raise UsageError("points that are put over others have different ids, and one version for each")
    for point in op.points:
        if not isinstance(point.id, str) or not point.id:
            raise UsageError("a point has a non-empty text as its id")
        if lasts_longer(point.ends_at, point.kept_until):
            raise UsageError("a point is kept until it ends, at least")


def _latest(instants: Sequence[Instant | None]) -> Instant | None:
    """Return the latest; None is later than everything."""
    return None if None in instants else max(cast("Sequence[Instant]", instants))
