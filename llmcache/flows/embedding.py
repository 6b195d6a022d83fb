"""The embedding cache's logic as steps: read what is kept, embed the rest, keep it, give it to all who wait for it.

A vector that was paid for is given out whatever the store does. What a model gave before it failed is kept, and its exception passes
unchanged.

Nobody waits while leading: a caller takes the lead for every text that nobody embeds already, embeds and keeps those, and only
then waits for the calls of others. So two batches that overlap never wait for each other.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from llmcache.codec.envelopes import Envelopes
from llmcache.codec.floats import Array, Vector, consumed, is_finite, pack_vector, rows_of, unpack_vector
from llmcache.errors import DataError, UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.once import LONGEST_WAIT, MOST_LEADERS
from llmcache.model.embedder import Precision
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.flight_ops import Await, BoardMany, Land, Landed
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
    tell: Tell | None = None

    def accepts(self, vector: Vector, now: Instant) -> bool:
        """True where a kept vector may be served now."""
        head = vector.head
        is_young = self.max_age is None or now < head.made_at + self.max_age
        return is_young and head.may_serve(now) and vector.is_at_least(self.precision)


@dataclass(slots=True)
class Job:
    """The texts of one call, each once, and the vectors found so far.

    Attributes:
        texts: Different ones.
        keys: Of each.
        rows: Its vector, shape (d,), or None.
        dimensions: Those of the model's own answers in this call; None before the first.
    """

    texts: Sequence[str]
    keys: Sequence[Key]
    model: Model
    terms: Terms
    rows: list[Array | None] = field(init=False)
    dimensions: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.rows = [None] * len(self.texts)
        self.dimensions = self.terms.dimensions

    def missing(self) -> list[int]:
        """Return the places of the texts without a vector."""
        return [place for place, row in enumerate(self.rows) if row is None]


def embed(texts: Sequence[str], keys: Sequence[Key], model: Model, terms: Terms) -> Steps[list[Array]]:
    """Return a vector for each of different texts, shape (d,) each, from the store, from others' calls, or from the model.

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
            yield from _counted(Happening.EMBEDDING_MISS, len(job.missing()))
        yield from _filled(job, seen)
        yield from _agreed(job)
    return [row for row in job.rows if row is not None]


def _looked_up(job: Job, places: Sequence[int], *, leads: bool = False) -> Steps[None]:
    """Fill in what is kept; a store that fails is not asked for the rest.

    Args:
        leads: The caller leads the flights of these texts: what is found is given to all who wait for it, too.
    """
    before = len(job.missing())
    for part in _parts(places, job.terms.most or MOST_READ):
        keys = [job.keys[place] for place in part]
        bodies = yield from failing_open(iter(GetMany(keys)), keys[0], None)
        if bodies is None:
            break
        now = yield from Now()
        for place, body in zip(part, bodies, strict=True):
            if body is not None:
                yield from _taken(job, place, body, now)
                if leads and job.rows[place] is not None:
                    yield from Land(job.keys[place], body)
    found = Happening.EMBEDDING_COALESCED if leads else Happening.EMBEDDING_HIT
    yield from _counted(found, before - len(job.missing()))


def _taken(job: Job, place: int, body: bytes, now: Instant | None) -> Steps[None]:
    """Fill in the vector in `body`, where there is one that may be served; at `now` None any may that can be read."""
    key = job.keys[place]
    try:
        vector = unpack_vector(job.terms.envelopes.unwrap(body, key), key)
    except DataError as error:
        yield from Emit(Event(Happening.EMBEDDING_UNREADABLE, key.digest, type(error).__name__))
        return
    if job.terms.dimensions not in (None, vector.values.size):
        yield from Emit(Event(Happening.EMBEDDING_UNREADABLE, key.digest, "dimensions"))
    elif now is None or job.terms.accepts(vector, now):
        job.rows[place] = vector.values


def _filled(job: Job, seen: int) -> Steps[None]:
    """Embed what is missing, or get it from those who do that already.

    Args:
        seen: What `Landed` told before anything was read.
    """
    if job.terms.shares and not job.terms.refresh:
        for _ in range(MOST_LEADERS):
            places = job.missing()
            if not places:
                return
            boarded = yield from BoardMany([job.keys[place] for place in places])
            mine = {place: flight for place, (flight, leads) in zip(places, boarded, strict=True) if leads}
            others = {place: flight for place, (flight, leads) in zip(places, boarded, strict=True) if not leads}
            try:
                if (yield from Landed()) != seen:
                    yield from _looked_up(job, [*mine], leads=True)
                yield from _called(job, [place for place in mine if job.rows[place] is None])
            finally:
                for flight in mine.values():
                    flight.abandon()  # nothing for those that have landed
            yield from _joined(job, others)
            seen = _SEE_ALL  # who was given up in the meantime may have been given up with their vectors kept
    yield from _called(job, job.missing())


def _joined(job: Job, others: dict[int, Flight]) -> Steps[None]:
    """Wait for the calls of others, and fill in what they bring."""
    before = len(job.missing())
    waits = True
    for place, flight in others.items():
        if waits or flight.is_over:
            outcome = yield from Await(flight, LONGEST_WAIT)
            if isinstance(outcome, bytes):
                yield from _taken(job, place, outcome, None)
            else:
                # One wait for a leader that hangs is enough.
                waits = flight.is_over
    yield from _counted(Happening.EMBEDDING_COALESCED, before - len(job.missing()))


def _agreed(job: Job) -> Steps[None]:
    """Embed anew what was kept with other dimensions than the model has now, or all where the kept ones disagree."""
    sizes = {row.size for row in job.rows if row is not None}
    if len(sizes) < 2:
        return
    odd = [place for place, row in enumerate(job.rows) if row is not None and row.size != job.dimensions]
    yield from Emit(Event(Happening.EMBEDDING_UNREADABLE, job.keys[odd[0]].digest, "dimensions", count=len(odd)))
    yield from _called(job, odd)


def _called(job: Job, places: Sequence[int]) -> Steps[None]:
    """Have the model embed texts, a batch at a time, and keep what each gives before the next is asked for."""
    for part in _parts(places, job.terms.batch_size or len(places)):
        answer = yield from Call(partial(job.model, [job.texts[place] for place in part]))
        given, error = consumed(answer)
        rows = rows_of(given, len(part), whole=error is None, dimensions=job.dimensions)
        if len(rows):
            job.dimensions = rows.shape[1]
        done = part[: len(rows)]
        for place, row in zip(done, rows, strict=True):
            job.rows[place] = row
        if not job.terms.bypass:
            yield from _kept(job, done)
        if error is not None:
            raise error
        if job.terms.tell is not None:
            yield from Call(partial(job.terms.tell, len(job.texts) - len(job.missing()), len(job.texts)))


def _kept(job: Job, places: Sequence[int]) -> Steps[None]:
    """Keep vectors that were paid for, and give them to all who wait; what prevents either is told, never raised.

    Those who wait get them also where the store fails.
    """
    now = yield from Now()
    packed = [put for place in places if (put := _packed(job, place, now)) is not None]
    yield from _counted(Happening.NOT_ADMITTED, len(places) - len(packed), "not finite")
    for part in _parts(packed, min(job.terms.most or MOST_WRITTEN, MOST_WRITTEN)):
        if not (yield from _written(part)):
            break
    for put in packed:
        yield from Land(put.key, put.body)


def _packed(job: Job, place: int, now: Instant) -> Put | None:
    """Return what is to be kept of a vector, and round it to what will be read from that; None where it is not worth keeping."""
    values, key, terms = job.rows[place], job.keys[place], job.terms
    if values is None or not is_finite(values):
        return None
    expires_at = math.inf if terms.ttl is None else now + terms.ttl
    raw = pack_vector(values, key, precision=terms.precision, made_at=now, expires_at=expires_at)
    if terms.precision != "float32":
        job.rows[place] = unpack_vector(raw, key).values
    return Put(key, terms.envelopes.wrap(raw, key), terms.ttl)


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


def _parts(things: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), most or 1):
        yield things[start : start + most]
