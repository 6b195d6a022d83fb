"""How documents come back that have ended: got again from where they came from, or embedded again from their kept texts.

One caller brings a document back, and others who need it wait for that. What cannot be brought back now, because its source or the
model fails, stays away and is tried again by the next: what is older than its time to live is never served.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from llmcache.errors import UsageError
from llmcache.flows.documents import Renewal, Search, Terms, has_ended, nearest, present, read, renew, slide
from llmcache.flows.once import LONGEST_WAIT
from llmcache.model.document import Document, Match
from llmcache.model.event import Event, Happening
from llmcache.model.units import Instant
from llmcache.model.vectors import Point
from llmcache.protocols.flight_ops import Await, BoardMany, LandMany
from llmcache.protocols.key_value import Put
from llmcache.protocols.local_indexes import lasts_longer
from llmcache.protocols.steps import Steps
from llmcache.protocols.vector_ops import EndedPoints, GetPoints
from llmcache.protocols.world_ops import Behind, Call, Emit, Now

_AT_ONCE: Final = 256
"""So many documents are brought back together: one call of the model."""

_MOST_LEADERS: Final = 4
"""So often a caller goes on where another was cancelled."""

_MOST_FAILURES: Final = 3
"""After so many failures in a row the source is taken to be down, and is not asked for the rest."""


def find(terms: Terms, asked: Search) -> Steps[list[Match]]:
    """Return the nearest documents; what has ended and can come back is there again before."""
    if terms.comes_back:
        yield from _bring_all_back(terms)
    return (yield from nearest(terms, asked))


def get(terms: Terms, ids: Sequence[str]) -> Steps[list[Document | None]]:
    """Return documents by their ids, None for one that is not there.

    What has ended and can come back comes back; with a loader also what was never there, or is not any more.
    """
    found = yield from present(terms, ids)
    away = {
        one: point or Point(one, b"") for one, (point, document) in zip(ids, found, strict=True) if document is None
    }
    if away and terms.comes_back:
        yield from bring_back(terms, list(away.values()))
        found = yield from present(terms, ids)
    yield from slide(terms, [point for point, document in found if point and document], (yield from Now()))
    return [document for _, document in found]


def refresh(terms: Terms) -> Steps[int]:
    """Bring back everything that has ended or will soon, and return how many documents that were."""
    done = 0
    # As things stand now: a source that needs longer than documents live would keep this going for ever.
    until = (yield from Now()) + terms.ahead
    while True:
        now = yield from Now()
        due = yield from EndedPoints(terms.index, until, now, _AT_ONCE)
        before = done
        done += yield from bring_back(terms, due)
        if len(due) < _AT_ONCE or done == before:
            return done


def _bring_all_back(terms: Terms) -> Steps[None]:
    """Bring back what has ended; and what will soon, behind the caller's back."""
    since = yield from Now()
    while True:
        now = yield from Now()
        due = yield from EndedPoints(terms.index, since + terms.ahead, now, _AT_ONCE)
        ended = [point for point in due if point.ends_at is not None and point.ends_at <= since]
        if len(ended) < len(due):
            yield from Behind(terms.index, partial(refresh, terms))
        if not ended or (yield from bring_back(terms, ended)) < _AT_ONCE:
            return


def bring_back(terms: Terms, points: Sequence[Point]) -> Steps[int]:
    """Bring documents back, or wait for who does that already; return how many the caller has dealt with.

    Args:
        points: As they are known; one without a vector is embedded.
    """
    dealt = 0
    for _ in range(_MOST_LEADERS):
        boarded = yield from BoardMany([terms.key(point.id) for point in points])
        mine = [point for point, (_, leads) in zip(points, boarded, strict=True) if leads]
        try:
            dealt += yield from _brought(terms, mine)
            yield from LandMany([Put(terms.key(point.id), b"") for point in mine])  # who waited looks for itself
        finally:
            for flight, leads in boarded:
                if leads:
                    flight.abandon()  # nothing for those that have landed
        left: list[Point] = []
        for point, (flight, leads) in zip(points, boarded, strict=True):
            if not leads and not isinstance((yield from Await(flight, LONGEST_WAIT)), bytes) and flight.is_over:
                left.append(point)
        if not left:
            break
        points = left  # who led them was cancelled
    return dealt


def _brought(terms: Terms, points: Sequence[Point]) -> Steps[int]:
    now = yield from Now()
    known = yield from GetPoints(terms.index, [point.id for point in points], now)
    kept = yield from read(terms, known)
    got: list[Renewal] = []
    failures = 0
    for point, before, text in zip(points, known, kept, strict=True):
        if failures >= _MOST_FAILURES:
            break
        # Before the source is asked: what it says may be as old as that.
        since = yield from Now()
        if before is None and point.version:
            continue  # somebody has deleted it since it was looked at
        if before is not None and text is not None and _is_back(point, before, since):
            continue
        is_known, document = yield from _source(terms, point.id, text)
        failures = 0 if is_known else failures + 1
        if is_known:
            is_same = (
                terms.load is not None and text is not None and document is not None and text.text == document.text
            )
            vector = before.vector if is_same and before is not None else b""
            got.append(Renewal(point.id, before, document, since, vector))
    whole = yield from _embedded(terms, got)
    if whole:
        yield from renew(terms, whole)
    return len(whole)


def _is_back(point: Point, present: Point, now: Instant) -> bool:
    """True where somebody else has brought it back since it was looked at."""
    return not has_ended(present, now) and (point.ends_at is None or lasts_longer(present.ends_at, point.ends_at))


def _source(terms: Terms, document_id: str, kept: Document | None) -> Steps[tuple[bool, Document | None]]:
    """Return whether the source answered, and the document as it is now; None where it is there no more."""
    if terms.load is None:
        return True, kept
    try:
        document: Document | None = yield from Call(partial(terms.load, document_id))
    except UsageError:  # such as a coroutine function where nobody awaits: no source that is away
        raise
    except Exception as error:  # noqa: BLE001 -- told by its class; the document stays away until its source answers
        yield from Emit(Event(Happening.REFRESH_FAILED, terms.key(document_id).digest, type(error).__name__))
        return False, None
    if document is not None and not isinstance(document, Document):
        raise UsageError(f"a loader returns llmcache.Document or None, found {type(document).__name__}")
    # Whatever it calls itself: it was asked for by this id.
    return True, None if document is None else Document(document_id, document.text, document.metadata)


def _embedded(terms: Terms, got: Sequence[Renewal]) -> Steps[list[Renewal]]:
    """Return those that have a vector or need none; all others are embedded in one call."""
    bare = [one for one in got if one.document is not None and not one.vector]
    vectors: list[bytes] = []
    if bare:
        texts = [one.document.text for one in bare if one.document is not None]
        try:
            vectors = yield from Call(partial(terms.embed, texts))
        except Exception as error:  # noqa: BLE001 -- as above
            yield from Emit(Event(Happening.REFRESH_FAILED, terms.index.digest, type(error).__name__))
    embedded = {one.id: vector for one, vector in zip(bare, vectors, strict=bool(vectors))}
    whole = [replace(one, vector=one.vector or embedded.get(one.id, b"")) for one in got]
    return [one for one in whole if one.document is None or one.vector]
