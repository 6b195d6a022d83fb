"""Looking up as steps: read, open, judge, and tell what came of it.

A body that cannot be read is a counted miss, whatever is wrong with it.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.flows.tags import any_cleared, mark_keys, opened_marks, read_marks
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.policy.clearing import NOTHING_READ, Marks
from llmcache.policy.freshness import Freshness, is_due, judge, may_stand_in
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Emit, Now


@dataclass(frozen=True, slots=True)
class Near:
    """How near a kept question is whose answer is given to another.

    Attributes:
        question: The kept one.
        similarity: The cosine between both.
        margin: How much more the neighbourhood speaks for this answer than for all others; see `policy.similarity`.
    """

    question: str = field(repr=False)
    similarity: float
    margin: float


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that may be served.

    Attributes:
        entry: What was kept. Its value may be shared: copy it before handing it to a caller.
        freshness: FRESH; STALE near its end; GONE where it stands in for a model that failed.
        is_due: True where who found it should ask for a new one, and has not been counted yet.
        error: What the model raised, where it stands in for it.
        near: Whose answer it is, where it was found by meaning and not under the key.
        marks: Those that were read, for the new answer where one is asked for.
    """

    entry: Entry
    freshness: Freshness = Freshness.FRESH
    is_due: bool = False
    error: Exception | None = None
    near: Near | None = None
    marks: Marks = field(default=NOTHING_READ, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Missed:
    """Nothing may be served.

    Attributes:
        marks: Those that were read, for the answer that is asked for now.
        is_unknown: True where the store failed, so that nobody knows.
    """

    marks: Marks = NOTHING_READ
    is_unknown: bool = False


PLAIN_MISS: Final = Missed()
UNKNOWN_MISS: Final = Missed(is_unknown=True)


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of reading a key.

    Attributes:
        told: The event of it: a hit, or why there is none.
        found: The entry, where it may be served.
        stand_in: The entry, where it may be served only if the model fails.
        at: When it was judged.
        body: What the store holds, where it may be served.
        marks: Those of the tags that were asked for.
    """

    told: Event
    found: Found | None = None
    stand_in: Entry | None = None
    at: Instant = 0.0
    body: bytes = field(default=b"", repr=False)
    marks: Marks = NOTHING_READ

    def is_due(self, chance: float) -> bool:
        """True where who looked should ask for a new answer; see `policy.freshness.is_due`."""
        found = self.found
        return found is not None and found.freshness is Freshness.STALE and is_due(found.entry, self.at, chance)


def look_up(key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None) -> Steps[Found | None]:
    """Return the entry under `key` if it may be served now, and tell whether it was a hit and if not why.

    Args:
        max_age: Take no entry that is older, in seconds.
    """
    sought = yield from seek(key, envelopes, max_age=max_age)
    yield from Emit(sought.told)
    return sought.found


def look_to_ask(
    key: Key, envelopes: Envelopes, *, chance: float, tags: tuple[str, ...] = (), max_age: Seconds | None = None
) -> Steps[Found | Missed]:
    """As `look_up`, for a caller that will ask the model where there is nothing, or where what there is is due.

    Args:
        chance: From 0 to 1, drawn for this look. An entry that is due is marked, and not told yet.
        tags: Those that a new answer will carry; their marks come with what is returned.
    """
    sought = yield from seek(key, envelopes, max_age=max_age, tags=tags)
    if sought.is_due(chance) and sought.found is not None:
        return replace(sought.found, is_due=True, marks=sought.marks)
    yield from Emit(sought.told)
    return sought.found or Missed(sought.marks)


def pass_by(key: Key, envelopes: Envelopes, *, tags: tuple[str, ...]) -> Steps[Missed]:
    """Tell that nothing is looked up, and read the marks of `tags` alone, for a caller that will ask the model."""
    yield from Emit(Event(Happening.BYPASSED, key.digest))
    return Missed((yield from read_marks(key.space, tags, envelopes)))


def seek(
    key: Key,
    envelopes: Envelopes,
    *,
    max_age: Seconds | None = None,
    stale_if_error: Seconds = 0.0,
    tags: tuple[str, ...] = (),
) -> Steps[Sought]:
    """Read `key` and judge what is there, without telling anybody.

    Args:
        tags: Their marks are read in the same batch.
    """
    body, marks = yield from _read(key, envelopes, tags)
    if body is None:
        return Sought(Event(Happening.MISS, key.digest), marks=marks)
    try:
        entry = envelopes.unpack(body, key)
    except DataError as error:
        return Sought(Event(Happening.UNREADABLE, key.digest, type(error).__name__), marks=marks)
    now = yield from Now()
    freshness = judge(entry, now, max_age)
    if freshness is Freshness.GONE and not (stale_if_error and may_stand_in(entry, now, max_age, stale_if_error)):
        return Sought(Event(Happening.EXPIRED, key.digest), marks=marks)
    if entry.tags and (yield from any_cleared(entry, key.space, envelopes, marks)):
        return Sought(Event(Happening.CLEARED, key.digest), marks=marks)
    if freshness is Freshness.GONE:
        return Sought(Event(Happening.EXPIRED, key.digest), stand_in=entry, at=now, marks=marks)
    return Sought(saving(Happening.HIT, entry, key), Found(entry, freshness), at=now, body=body, marks=marks)


def _read(key: Key, envelopes: Envelopes, tags: tuple[str, ...]) -> Steps[tuple[bytes | None, Marks]]:
    if not tags:
        (body,) = yield from GetMany((key,))
        return body, NOTHING_READ
    keys = mark_keys(key.space, tags, envelopes)
    body, *bodies = yield from GetMany((key, *keys))
    return body, opened_marks(tags, keys, bodies, envelopes)


def saving(what: Happening, entry: Entry, key: Key) -> Event:
    """Return the event that `entry` was served, with what that saved."""
    saved = entry.provenance
    return Event(
        what,
        key.digest,
        input_tokens=saved.input_tokens or 0,
        output_tokens=saved.output_tokens or 0,
        seconds=saved.seconds or 0.0,
    )
