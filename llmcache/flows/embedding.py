"""The embedding cache's logic as steps: read what is kept, embed the rest, keep it, give it to all who wait for it.

A vector that was paid for is given out whatever the store does. What a model gave before it failed is kept, and its exception passes
unchanged.

Nobody waits while leading: a caller takes the lead for every text that nobody embeds already, embeds and keeps those, and only
then waits for the calls of others. So two batches that overlap never wait for each other.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from llmcache.codec.envelopes import Envelopes
from llmcache.codec.floats import (
    Array,
    Batch,
    alike,
    consumed,
    empty,
    finite_rows,
    pack_vectors,
    rows_of,
    unpack_vectors,
)
from llmcache.errors import UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.once import LONGEST_WAIT, MOST_LEADERS
from llmcache.model.embedder import Precision
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.flight_ops import Await, BoardMany, Landed, LandMany
from llmcache.protocols.flights import Flight
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Now

Model: TypeAlias = Callable[[list[str]], Any | Awaitable[Any]]
"""Returns the vectors of texts, in their order: an array, a list of lists, or an iterator of vectors."""

Tell: TypeAlias = Callable[[int, int], object]
"""Is told how many texts have a vector, of how many."""

MOST_READ: Final = 1_000
MOST_WRITTEN: Final = 250
"""Most vectors in one call of the store, where it sets no limit itself: so that none takes long enough to run into a deadline."""

_SEE_ALL: Final = -1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """How one `embed` goes: the options in force, resolved.

    Attributes:
        envelopes: How bodies stand in the store.
        precision: How exactly vectors are kept. One that was kept less exactly is a miss.
        dimensions: What every vector must have; None means that all of one call must agree.
        ttl: Time to live of what is kept, in seconds; None means it does not expire.
        max_age: Take no vector that was made longer ago, in seconds.
        bypass: Neither read nor keep.
        refresh: Do not read.
        shares: Share a call that is under way in this process.
        batch_size: Most texts in one call of the model; None means all of them.
        most: Most keys in one call of the store; None means as many as this file says.
        finds_damage: The store checks what it returns, so that nothing here does.
        tell: Is told after each call of the model.
    """

    envelopes: Envelopes
    precision: Precision = "float32"
    dimensions: int | None = None
    ttl: Seconds | None = None
    max_age: Seconds | None = None
    bypass: bool = False
    refresh: bool = False
    shares: bool = True
    batch_size: int | None = None
    most: int | None = None
    finds_damage: bool = False
    tell: Tell | None = None

    def may_serve(self, batch: Batch, now: Instant) -> list[int] | None:
        """Return which of kept vectors may be served now; None for all."""
        if not batch.is_at_least(self.precision):
            return []
        young = now < batch.expires_at
        if self.max_age is not None:
            young &= now < batch.made_at + self.max_age
        return None if young.all() else [at for at, is_young in enumerate(young.tolist()) if is_young]


class Job:
    """The texts of one call, each once, and the vectors found so far.

    Attributes:
        texts: Different ones.
        keys: Of each.
        table: A row for each text, shape (n, d), those that are not found yet without a meaning; None before the first is found.
        has: Whether the row of a text was found.
        dimensions: Those of the model's own answers in this call; None before the first.
        has_forgotten: What is kept has other dimensions, so that it is no use to look for it again.
    """

    __slots__ = ("dimensions", "has", "has_forgotten", "keys", "model", "table", "terms", "texts")

    def __init__(self, texts: Sequence[str], keys: Sequence[Key], model: Model, terms: Terms) -> None:
        self.texts, self.keys, self.model, self.terms = texts, keys, model, terms
        self.table: Array | None = None
        self.has = [False] * len(texts)
        self.dimensions = terms.dimensions
        self.has_forgotten = False

    def lacks(self) -> int:
        """Return how many texts are without a vector."""
        return self.has.count(False)

    def missing(self) -> Sequence[int]:
        """Return the places of the texts without a vector."""
        if self.table is None:
            return range(len(self.texts))
        return [place for place, has in enumerate(self.has) if not has] if self.lacks() else []

    def keys_of(self, places: Sequence[int]) -> Sequence[Key]:
        """Return the keys of texts, which stand in their order."""
        if len(places) == len(self.keys):
            return self.keys
        if isinstance(places, range):
            return self.keys[places.start : places.stop]
        return [self.keys[place] for place in places]

    def take(self, places: Sequence[int], rows: Array) -> bool:
        """Take over rows for texts, which stand in their order; False where those found so far have other dimensions."""
        if self.table is None and len(places) == len(self.texts):
            self.table, self.has = rows, [True] * len(rows)  # all at once, and so in order
            return True
        if self.table is None:
            self.table = empty(len(self.texts), rows.shape[1])
        if self.table.shape[1] != rows.shape[1]:
            return False
        self.table[places] = rows
        for place in places:
            self.has[place] = True
        return True

    def forget(self) -> int:
        """Forget every vector, and return how many those were."""
        count = sum(self.has)
        self.table, self.has, self.has_forgotten = None, [False] * len(self.texts), True
        return count


def embed(texts: Sequence[str], keys: Sequence[Key], model: Model, terms: Terms) -> Steps[Array]:
    """Return a vector for each of different texts, shape (n, d), from the store, from others' calls, or from the model.

    Raises:
        UsageError: The model's answer is not one vector for each text, all of one length.
    """
    job = Job(texts, keys, model, terms)
    if terms.bypass:
        yield from Emit(Event(Happening.BYPASSED, count=len(texts)))
        yield from _called(job, job.missing())
    else:
        seen = yield from Landed()
        if not terms.refresh:
            yield from _looked_up(job, job.missing())
            yield from _counted(Happening.EMBEDDING_MISS, job.lacks())
        yield from _filled(job, seen)
        # Those that were kept with other dimensions than the model turned out to have.
        yield from _called(job, job.missing())
    return empty(0, terms.dimensions or 0) if job.table is None else job.table


def _looked_up(job: Job, places: Sequence[int], *, leads: bool = False) -> Steps[None]:
    """Fill in what is kept; a store that fails is not asked for the rest.

    Args:
        leads: The caller leads the flights of these texts: what is found is given to all who wait for it, too.
    """
    before = job.lacks()
    for part in _parts(places, job.terms.most or MOST_READ):
        keys = job.keys_of(part)
        slots = yield from failing_open(iter(GetMany(keys)), keys[0], None)
        if slots is None:
            break
        now = yield from Now()
        found, bodies = _present(part, slots)
        yield from _taken(job, found, bodies, now)
        if leads:
            pairs = zip(found, bodies, strict=True)
            yield from LandMany([Put(job.keys[place], body) for place, body in pairs if job.has[place]])
    what = Happening.EMBEDDING_COALESCED if leads else Happening.EMBEDDING_HIT
    yield from _counted(what, before - job.lacks())


def _taken(job: Job, places: Sequence[int], bodies: Sequence[bytes], now: Instant | None) -> Steps[None]:
    """Fill in the vectors in bodies, of texts in their order, that may be served; at `now` None any may that can be read."""
    frames, wrong = job.terms.envelopes.unwrap_many(bodies, job.keys_of(places))
    for at, problem in wrong.items():
        yield from _unreadable(job, places[at], type(problem).__name__)
    if wrong:
        places = [place for at, place in enumerate(places) if at not in wrong]
    for group in alike(frames):
        yield from _taken_alike(job, _at(places, group), _at(frames, group), now)


def _taken_alike(job: Job, places: Sequence[int], frames: Sequence[bytes], now: Instant | None) -> Steps[None]:
    batch = unpack_vectors(frames, job.keys_of(places), are_proven=job.terms.finds_damage)
    for at, problem in batch.wrong.items():
        yield from _unreadable(job, places[at], type(problem).__name__)
    right = _at(places, batch.places)
    if not right:
        return
    if job.terms.dimensions not in (None, batch.rows.shape[1]):
        yield from _unreadable(job, right[0], "dimensions", len(right))
        return
    fit, rows = None if now is None else job.terms.may_serve(batch, now), batch.rows
    if fit is not None:
        right, rows = _at(right, fit), rows[fit]
    if right and not job.take(right, rows):
        yield from _unreadable(job, right[0], "dimensions", len(right))


def _unreadable(job: Job, place: int, detail: str, count: int = 1) -> Steps[None]:
    yield from Emit(Event(Happening.EMBEDDING_UNREADABLE, job.keys[place].digest, detail, count=count))


def _filled(job: Job, seen: int) -> Steps[None]:
    """Embed what is missing, or get it from those who do that already.

    Args:
        seen: What `Landed` told before anything was read.
    """
    if job.terms.shares and not job.terms.refresh:
        for _ in range(MOST_LEADERS):
            places = job.missing()
            if not places or job.has_forgotten:
                break
            boarded = yield from BoardMany(job.keys_of(places))
            mine = {place: flight for place, (flight, leads) in zip(places, boarded, strict=True) if leads}
            others = {place: flight for place, (flight, leads) in zip(places, boarded, strict=True) if not leads}
            try:
                if (yield from Landed()) != seen:
                    yield from _looked_up(job, [*mine], leads=True)
                yield from _called(job, [place for place in mine if not job.has[place]])
            finally:
                for flight in mine.values():
                    if not flight.is_over:
                        flight.abandon()
            yield from _joined(job, others)
            seen = _SEE_ALL  # who was given up in the meantime may have been given up with their vectors kept
    yield from _called(job, job.missing())


def _joined(job: Job, others: dict[int, Flight]) -> Steps[None]:
    """Wait for the calls of others, and fill in what they bring."""
    before = job.lacks()
    waits, places, bodies = True, list[int](), list[bytes]()
    for place, flight in others.items():
        if waits or flight.is_over:
            outcome = yield from Await(flight, LONGEST_WAIT)
            if isinstance(outcome, bytes):
                places.append(place)
                bodies.append(outcome)
            else:
                # One wait for a leader that hangs is enough.
                waits = flight.is_over
    yield from _taken(job, places, bodies, None)
    yield from _counted(Happening.EMBEDDING_COALESCED, before - job.lacks())


def _called(job: Job, places: Sequence[int]) -> Steps[None]:
    """Have the model embed texts, a batch at a time, and keep what each gives before the next is asked for."""
    for part in _parts(places, job.terms.batch_size or len(places)):
        answer = yield from Call(partial(job.model, [job.texts[place] for place in part]))
        given, error = consumed(answer)
        rows = rows_of(given, len(part), whole=error is None, dimensions=job.dimensions)
        if len(rows):
            yield from _fresh(job, part[: len(rows)], rows)
        if error is not None:
            raise error
        if job.terms.tell is not None:
            yield from Call(partial(job.terms.tell, sum(job.has), len(job.texts)))


def _fresh(job: Job, places: Sequence[int], rows: Array) -> Steps[None]:
    """Take over what the model gave, and keep it. What was kept with other dimensions is of another model: it is forgotten."""
    job.dimensions = rows.shape[1]
    if not job.terms.bypass:
        rows = yield from _kept(job, places, rows)
    if not job.take(places, rows):
        yield from _unreadable(job, places[0], "dimensions", job.forget())
        job.take(places, rows)


def _kept(job: Job, places: Sequence[int], rows: Array) -> Steps[Array]:
    """Keep vectors that were paid for, and give them to all who wait; what prevents either is told, never raised.

    Those who wait get them also where the store fails. Returns the vectors as they will be read.
    """
    terms, now = job.terms, (yield from Now())
    finite = finite_rows(rows)
    right, sound = list(places), rows
    if not finite.all():
        yield from _counted(Happening.NOT_ADMITTED, len(rows) - int(finite.sum()), "not finite")
        right, sound = [place for place, is_right in zip(places, finite, strict=True) if is_right], rows[finite]
    keys = job.keys_of(right)
    expires_at = math.inf if terms.ttl is None else now + terms.ttl
    frames = pack_vectors(sound, keys, precision=terms.precision, made_at=now, expires_at=expires_at)
    puts = [Put(key, terms.envelopes.wrap(frame, key), terms.ttl) for key, frame in zip(keys, frames, strict=True)]
    for part in _parts(puts, min(terms.most or MOST_WRITTEN, MOST_WRITTEN)):
        if not (yield from _written(part)):
            break
    yield from LandMany(puts)
    if frames and terms.precision != "float32":
        rows[finite] = unpack_vectors(frames, keys, are_proven=True).rows
    return rows


def _written(puts: Sequence[Put]) -> Steps[bool]:
    """Write, and return whether that was possible."""
    key = puts[0].key
    try:
        return (yield from failing_open(_put(puts), key, False))
    except UsageError as error:  # the cache was closed while the model was asked
        yield from Emit(Event(Happening.STORE_FAILED, key.digest, type(error).__name__))
        return False


def _put(puts: Sequence[Put]) -> Steps[bool]:
    yield from PutMany(puts)
    yield from _counted(Happening.EMBEDDING_KEPT, len(puts))
    return True


def _counted(what: Happening, count: int, detail: str = "") -> Steps[None]:
    if count:
        yield from Emit(Event(what, detail=detail, count=count))


def _present(places: Sequence[int], slots: Sequence[bytes | None]) -> tuple[Sequence[int], list[bytes]]:
    """Return the places where something is, and what is there."""
    bodies = [body for body in slots if body is not None]
    if len(bodies) == len(places) == len(slots):
        return places, bodies
    return [place for place, body in zip(places, slots, strict=True) if body is not None], bodies


def _at(things: Sequence[T], places: Sequence[int]) -> Sequence[T]:
    """Return the things at some places, which stand in their order: the things themselves where those are all."""
    return things if len(places) == len(things) else [things[place] for place in places]


def _parts(things: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), most or 1):
        yield things[start : start + most]
