"""The logic of a collection of documents as steps: keep, find, get, delete.

A document lies in two places: its text in an entry, its vector and metadata in the index, as a point. An entry has a name that no other
one ever has, beside the document's id a version drawn for it, and is never written again; the point says which version is the
document's. So the two cannot disagree, and whose document it is that holds is decided by the index alone, where the later putting
replaces the earlier one, and what comes back replaces nothing but what it was made from.

An entry is written before its point, and the one it replaces is deleted after that. So where a point has no entry, somebody has just
replaced it, and it is looked at again; or a store has made room: then it is passed over and the next nearest takes its place.

Nothing here fails open: an answer without documents that are there would be a wrong one.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha512
from typing import Any, Final, TypeAlias, TypeVar

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError, StoreLimit, StoreRefused, UsageError
from llmcache.keys.digest import utf8
from llmcache.model.document import Document, Match
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.flight_ops import Token
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, DeleteMany, GetMany, PutMany
from llmcache.protocols.vector_ops import DeletePoints, GetPoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Behind, Emit, Now

Load: TypeAlias = Callable[[str], Document | Awaitable[Document | None] | None]
"""Gets a document from where it comes from, by its id; None where it is there no more."""

Embed: TypeAlias = Callable[[list[str]], list[bytes] | Awaitable[list[bytes]]]
"""Returns the vectors of texts, as bytes of float32."""

_LONGEST_NAME: Final = 100
_AT_ONCE: Final = 250
_VERSION: Final = 16
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a collection behaves, and where it lies.

    Attributes:
        texts: The space of the entries.
        index: The key of the index.
        envelopes: How entries stand in the store.
        embed: Embeds documents.
        ttl: Time to live in seconds; None means documents do not end.
        sliding: True where it begins anew when a document is found or got in the second half of it.
        remembered: How long after its end a document is remembered, in seconds, so that it can come back; 0 where it cannot.
        load: Where documents come back from; None means from their texts as they were kept.
        ahead: How long before its end a document is brought back already, behind the callers' backs.
        most: Most keys in one call of the store.
    """

    texts: Space
    index: Key
    envelopes: Envelopes
    embed: Embed
    ttl: Seconds | None = None
    sliding: bool = False
    remembered: Seconds = 0.0
    load: Load | None = None
    ahead: Seconds = 0.0
    most: int | None = None

    @property
    def comes_back(self) -> bool:
        """True where what has ended can be had again."""
        return self.ttl is not None and (self.load is not None or self.remembered > 0)

    def key(self, document_id: str) -> Key:
        """Return what stands for a document among those who bring it back."""
        return self.envelopes.named(Key(self.texts, _name(document_id)))

    def entry(self, point: Point) -> Key:
        """Return where the text of a document lies."""
        # One that was kept before points had versions lies under its id alone.
        name = f"{_name(point.id)}/{point.version}" if point.version else _name(point.id)
        return self.envelopes.named(Key(self.texts, name))


def _name(document_id: str) -> str:
    """Return the id, as far as it is short; else what is longer than any id that stands for itself, so the two never meet."""
    return document_id if len(utf8(document_id)) <= _LONGEST_NAME else sha512(utf8(document_id)).hexdigest()


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        count: How many documents at most.
        where: What their metadata must fit.
        least: How similar at least.
        with_vectors: True where documents come with their vectors.
    """

    vector: bytes = field(repr=False)
    count: int
    where: Where | None
    least: float
    with_vectors: bool


@dataclass(frozen=True, slots=True)
class Renewal:
    """A document that is to take the place of what is kept under its id, if that is still what it was.

    Attributes:
        id: Its id.
        before: The point that there was; None where there was none.
        document: As it is now; None where it is there no more.
        since: When it was asked for: its time to live begins then, however long that took.
        vector: Its vector.
    """

    id: str
    before: Point | None
    document: Document | None
    since: Instant
    vector: bytes = b""


def upsert(terms: Terms, documents: Sequence[Document], vectors: Sequence[bytes]) -> Steps[None]:
    """Keep documents, each in the place of one of the same id; the later one where an id stands twice."""
    now = yield from Now()
    before = yield from GetPoints(terms.index, [one.id for one in documents], now)
    points = yield from _written(terms, [(document, now) for document in documents], vectors, now)
    try:
        yield from PutPoints(terms.index, points, now)
    except (UsageError, StoreLimit, StoreRefused):
        # Whoever tries again writes other entries: these would be there for ever.
        yield from _drop_others(terms, points, [one.id for one in points], now)
        raise
    yield from _drop(terms, before)


def renew(terms: Terms, renewals: Sequence[Renewal]) -> Steps[None]:
    """Keep or delete documents, but for those that somebody has upserted, deleted or cleared since they were got: theirs is newer."""
    now = yield from Now()
    gone = [one.before for one in renewals if one.document is None and one.before is not None]
    if gone:
        yield from DeletePoints(terms.index, [one.id for one in gone], now, [one.version for one in gone])
    life = None if terms.ttl is None else terms.ttl + terms.remembered
    there = [one for one in renewals if one.document is not None and (life is None or one.since + life > now)]
    begun = [(one.document, one.since) for one in there if one.document is not None]
    points = yield from _written(terms, begun, [one.vector for one in there], now)
    if points:
        over = [None if one.before is None else one.before.version for one in there]
        yield from PutPoints(terms.index, points, now, over)
    written = (*gone, *(one.before for one in there), *points)
    yield from _drop_others(terms, [one for one in written if one is not None], [one.id for one in renewals], now)


def _drop_others(terms: Terms, points: Sequence[Point], ids: Sequence[str], now: Instant) -> Steps[None]:
    """Delete the entries of points, but for those that documents have now."""
    held = yield from GetPoints(terms.index, ids, now)
    # With their ids: what is put together has one version.
    current = {_putting(one) for one in held if one is not None}
    yield from _drop(terms, [one for one in points if _putting(one) not in current])


def _putting(point: Point) -> tuple[str, str]:
    """Return what tells a putting from every other."""
    return point.id, point.version


def _written(
    terms: Terms, documents: Sequence[tuple[Document, Instant]], vectors: Sequence[bytes], now: Instant
) -> Steps[list[Point]]:
    """Write the entries of documents, each with when its time to live begins, and return the points that are to be put."""
    version = sha512((yield from Token())).hexdigest()[:_VERSION]
    puts: list[Put] = []
    points: list[Point] = []
    for (document, since), vector in zip(documents, vectors, strict=True):
        ends_at = None if terms.ttl is None else since + terms.ttl
        kept_until = None if ends_at is None else ends_at + terms.remembered
        point = Point(document.id, vector, ends_at, kept_until, document.metadata, version)
        key, life = terms.entry(point), None if kept_until is None else kept_until - now
        puts.append(Put(key, terms.envelopes.pack(_entry(document, since, ends_at), key), life))
        points.append(point)
    try:
        for part in parts(puts, terms.most):
            yield from PutMany(part)
    except (StoreLimit, StoreRefused):
        yield from _drop(terms, points)
        raise
    return points


def _drop(terms: Terms, points: Sequence[Point | None]) -> Steps[None]:
    """Delete the entries of points that hold no longer."""
    keys = list(dict.fromkeys(terms.entry(one) for one in points if one is not None))
    for part in parts(keys, terms.most):
        yield from DeleteMany(part)


def _entry(document: Document, now: Instant, ends_at: Instant | None) -> Entry:
    value = {"id": document.id, "text": document.text, "metadata": dict(document.metadata)}
    return Entry(value, made_at=now, expires_at=ends_at, type="document")


def read(terms: Terms, points: Sequence[Point | None]) -> Steps[list[Document | None]]:
    """Return the documents of points; None for one that is not there or not readable."""
    keys = [terms.entry(one) for one in points if one is not None]
    found: list[Document | None] = []
    for part in parts(keys, terms.most):
        bodies = yield from GetMany(part)
        for key, body in zip(part, bodies, strict=True):
            found.append((yield from _opened(terms, key, body)))
    opened = iter(found)
    return [None if one is None else next(opened) for one in points]


def _opened(terms: Terms, key: Key, body: bytes | None) -> Steps[Document | None]:
    if body is None:
        return None
    try:
        return _document(terms.envelopes.unpack(body, key).value)
    except DataError as error:
        yield from Emit(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
        return None


def _document(value: Any) -> Document | None:
    match value:
        case {"id": str() as document_id, "text": str() as text, "metadata": dict() as metadata} if document_id:
            return Document(document_id, text, metadata)
        case _:
            return None


def present(terms: Terms, ids: Sequence[str]) -> Steps[list[tuple[Point | None, Document | None]]]:
    """Return what is known of documents, and each that has not ended."""
    gone: set[tuple[str, str]] = set()
    while True:
        now = yield from Now()
        points = yield from GetPoints(terms.index, ids, now)
        documents = yield from read(terms, [None if one is None or has_ended(one, now) else one for one in points])
        missing = [
            _putting(point)
            for point, document in zip(points, documents, strict=True)
            if point is not None and document is None and not has_ended(point, now)
        ]
        if gone.issuperset(missing):
            return list(zip(points, documents, strict=True))
        gone.update(missing)


def nearest(terms: Terms, asked: Search) -> Steps[list[Match]]:
    """Return the nearest documents, the nearest first, as far as their texts are there."""
    wanted, count = asked.count, asked.count
    gone: set[tuple[str, str]] = set()
    while True:
        now = yield from Now()
        found = yield from Nearest(terms.index, asked.vector, wanted, now, asked.least, asked.where, asked.with_vectors)
        documents = yield from read(terms, [one.point for one in found])
        pairs = list(zip(found, documents, strict=True))
        if missing := {_putting(one.point) for one, document in pairs if document is None} - gone:
            gone |= missing  # replaced since, perhaps: then the next look finds what it was replaced by
            continue
        matches = [_match(one, document) for one, document in pairs if document is not None]
        if len(matches) >= count or len(found) < wanted:
            yield from slide(terms, [one.point for one, document in pairs if document is not None][:count], now)
            return matches[:count]
        wanted *= 2


def _match(neighbour: Neighbour, document: Document) -> Match:
    return Match(document, neighbour.similarity, neighbour.point.ends_at, neighbour.point.vector)


def has_ended(point: Point, now: Instant) -> bool:
    """True at and after the end of a point."""
    return point.ends_at is not None and now >= point.ends_at


def slide(terms: Terms, found: Sequence[Point], now: Instant) -> Steps[None]:
    """Begin the time to live of documents anew that are in the second half of it, behind the caller's back."""
    if not terms.sliding or terms.ttl is None:
        return
    half = now + terms.ttl / 2
    due = [one for one in found if one.ends_at is not None and one.ends_at < half]
    if due:
        yield from Behind(terms.key(due[0].id), lambda: _slid(terms, due, now))


def _slid(terms: Terms, due: Sequence[Point], since: Instant) -> Steps[None]:
    now = yield from Now()
    points = yield from GetPoints(terms.index, [one.id for one in due], now)
    still = [one for one, was in zip(points, due, strict=True) if one is not None and one.version == was.version]
    documents = yield from read(terms, still)
    yield from renew(
        terms,
        [
            Renewal(point.id, point, document, since, point.vector)
            for point, document in zip(still, documents, strict=True)
            if document is not None
        ],
    )


def delete(terms: Terms, ids: Sequence[str]) -> Steps[None]:
    """Delete documents; one that is not there is no error."""
    now = yield from Now()
    before = yield from GetPoints(terms.index, ids, now)
    yield from DeletePoints(terms.index, ids, now)
    yield from _drop(terms, before)


def clear(terms: Terms) -> Steps[None]:
    """Drop the whole collection."""
    yield from Clear(terms.index.space)
    yield from Clear(terms.texts)


def parts(things: Sequence[T], most: int | None) -> Iterator[Sequence[T]]:
    """Give the things so many at a time as a store takes."""
    at_once = min(_AT_ONCE, most or _AT_ONCE)
    for start in range(0, len(things), at_once):
        yield things[start : start + at_once]
