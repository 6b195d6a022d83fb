"""The logic of a collection of documents as steps: keep, find, get, delete.

A document lies in two places: its text in an entry of its own, its vector and metadata in the index. The entry is written first and
the point deleted first, so that a search finds nothing without a text; where one is missing all the same, because a store made
room, it is passed over and the next nearest takes its place.

Nothing here fails open: an answer without documents that are there would be a wrong one.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha512
from typing import Any, Final, TypeAlias, TypeVar

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.keys.digest import utf8
from llmcache.model.document import Document, Match
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Space
from llmcache.model.units import Instant, Seconds
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Clear, DeleteMany, GetMany, PutMany
from llmcache.protocols.vector_ops import DeletePoints, Nearest, PutPoints
from llmcache.protocols.world_ops import Behind, Emit, Now

Load: TypeAlias = Callable[[str], Document | Awaitable[Document | None] | None]
"""Gets a document from where it comes from, by its id; None where it is there no more."""

Embed: TypeAlias = Callable[[list[str]], list[bytes] | Awaitable[list[bytes]]]
"""Returns the vectors of texts, as bytes of float32."""

_LONGEST_NAME: Final = 100
_AT_ONCE: Final = 250
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
        """Return where the text of a document lies: under its id, as far as that is short."""
        name = document_id
        if len(utf8(document_id)) > _LONGEST_NAME:
            # Longer than any id that stands for itself, so the two never meet.
            name = sha512(utf8(document_id)).hexdigest()
        return self.envelopes.named(Key(self.texts, name))


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
class Kept:
    """A document as it is kept.

    Attributes:
        ends_at: When it ends; None means never.
    """

    document: Document
    ends_at: Instant | None

    def has_ended(self, now: Instant) -> bool:
        """True at and after its end."""
        return self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class Renewal:
    """A document that is to take the place of what is kept under its id, if that is still what it was.

    Attributes:
        id: Its id.
        before: What was kept when it was got; None where nothing was.
        document: As it is now; None where it is there no more.
        since: When it was asked for: its time to live begins then, however long that took.
        vector: Its vector.
    """

    id: str
    before: Kept | None
    document: Document | None
    since: Instant
    vector: bytes = b""


def upsert(terms: Terms, documents: Sequence[Document], vectors: Sequence[bytes]) -> Steps[None]:
    """Keep documents, each in the place of one of the same id; the later one where an id stands twice."""
    now = yield from Now()
    yield from _kept(terms, [(document, now) for document in documents], vectors, now)


def renew(terms: Terms, renewals: Sequence[Renewal]) -> Steps[None]:
    """Keep or delete documents, but for those that somebody has upserted, deleted or cleared since they were got: theirs is newer."""
    kept = yield from read(terms, [one.id for one in renewals])
    still = [one for one, found in zip(renewals, kept, strict=True) if found == one.before]
    if gone := [one.id for one in still if one.document is None]:
        yield from delete(terms, gone)
    now = yield from Now()
    life = None if terms.ttl is None else terms.ttl + terms.remembered
    there = [
        ((one.document, one.since), one.vector)
        for one in still
        if one.document is not None and (life is None or one.since + life > now)
    ]
    if there:
        yield from _kept(terms, [one for one, _ in there], [vector for _, vector in there], now)


def _kept(
    terms: Terms, documents: Sequence[tuple[Document, Instant]], vectors: Sequence[bytes], now: Instant
) -> Steps[None]:
    """Keep documents, each with when its time to live begins."""
    puts: list[Put] = []
    points: list[Point] = []
    for (document, since), vector in zip(documents, vectors, strict=True):
        key = terms.key(document.id)
        ends_at = None if terms.ttl is None else since + terms.ttl
        kept_until = None if ends_at is None else ends_at + terms.remembered
        life = None if kept_until is None else kept_until - now
        puts.append(Put(key, terms.envelopes.pack(_entry(document, since, ends_at), key), life))
        points.append(Point(document.id, vector, ends_at, kept_until, document.metadata))
    for part in parts(puts, terms.most):
        yield from PutMany(part)
    yield from PutPoints(terms.index, points, now)


def _entry(document: Document, now: Instant, ends_at: Instant | None) -> Entry:
    value = {"id": document.id, "text": document.text, "metadata": dict(document.metadata)}
    return Entry(value, made_at=now, expires_at=ends_at, type="document")


def read(terms: Terms, ids: Sequence[str]) -> Steps[list[Kept | None]]:
    """Return what is kept of documents, ended ones that are remembered included; None for what is not there or not readable."""
    keys = [terms.key(one) for one in ids]
    found: list[Kept | None] = []
    for part in parts(keys, terms.most):
        bodies = yield from GetMany(part)
        for key, body in zip(part, bodies, strict=True):
            found.append((yield from _opened(terms, key, body)))
    return found


def _opened(terms: Terms, key: Key, body: bytes | None) -> Steps[Kept | None]:
    if body is None:
        return None
    try:
        entry = terms.envelopes.unpack(body, key)
        document = _document(entry.value)
    except DataError as error:
        yield from Emit(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
        return None
    return None if document is None else Kept(document, entry.expires_at)


def _document(value: Any) -> Document | None:
    match value:
        case {"id": str() as document_id, "text": str() as text, "metadata": dict() as metadata} if document_id:
            return Document(document_id, text, metadata)
        case _:
            return None


def nearest(terms: Terms, asked: Search) -> Steps[list[Match]]:
    """Return the nearest documents, the nearest first, as far as their texts are there."""
    wanted, count = asked.count, asked.count
    with_vectors = asked.with_vectors or terms.sliding
    while True:
        now = yield from Now()
        neighbours = yield from Nearest(terms.index, asked.vector, wanted, now, asked.least, asked.where, with_vectors)
        kept = yield from read(terms, [one.point.id for one in neighbours])
        matches = [_match(one, found) for one, found in zip(neighbours, kept, strict=True) if _fits(one, found, now)]
        if len(matches) >= count or len(neighbours) < wanted:
            yield from slide(terms, [(one.document, one.vector, one.ends_at) for one in matches[:count]], now)
            return matches[:count]
        wanted *= 2


def _fits(neighbour: Neighbour, kept: Kept | None, now: Instant) -> bool:
    return kept is not None and kept.document.id == neighbour.point.id and not kept.has_ended(now)


def _match(neighbour: Neighbour, kept: Kept | None) -> Match:
    assert kept is not None  # by `_fits`
    return Match(kept.document, neighbour.similarity, kept.ends_at, neighbour.point.vector)


def slide(terms: Terms, found: Sequence[tuple[Document, bytes, Instant | None]], now: Instant) -> Steps[None]:
    """Begin the time to live of documents anew that are in the second half of it, behind the caller's back."""
    if not terms.sliding or terms.ttl is None:
        return
    half = now + terms.ttl / 2
    due = [
        Renewal(document.id, Kept(document, ends_at), document, now, vector)
        for document, vector, ends_at in found
        if ends_at is not None and ends_at < half
    ]
    if due:
        yield from Behind(terms.key(due[0].id), lambda: renew(terms, due))


def delete(terms: Terms, ids: Sequence[str]) -> Steps[None]:
    """Delete documents; one that is not there is no error."""
    now = yield from Now()
    yield from DeletePoints(terms.index, ids, now)
    for part in parts([terms.key(one) for one in ids], terms.most):
        yield from DeleteMany(part)


def clear(terms: Terms) -> Steps[None]:
    """Drop the whole collection."""
    yield from Clear(terms.index.space)
    yield from Clear(terms.texts)


def parts(things: Sequence[T], most: int | None) -> Iterator[Sequence[T]]:
    """Give the things so many at a time as a store takes."""
    at_once = min(_AT_ONCE, most or _AT_ONCE)
    for start in range(0, len(things), at_once):
        yield things[start : start + at_once]
