"""Looking up as steps: read, open, judge, and tell what came of it.

A body that cannot be read is a counted miss, whatever is wrong with it.
"""

from dataclasses import dataclass, field, replace

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.flows.tags import any_cleared
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Instant, Seconds
from llmcache.policy.freshness import Freshness, is_due, judge, may_stand_in
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Emit, Now


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that may be served.

    Attributes:
        entry: What was kept. Its value may be shared: copy it before handing it to a caller.
        freshness: FRESH; STALE near its end; GONE where it stands in for a model that failed.
        is_due: True where who found it should ask for a new one, and has not been counted yet.
        error: What the model raised, where it stands in for it.
    """

    entry: Entry
    freshness: Freshness = Freshness.FRESH
    is_due: bool = False
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of reading a key.

    Attributes:
        told: The event of it: a hit, or why there is none.
        found: The entry, where it may be served.
        stand_in: The entry, where it may be served only if the model fails.
        at: When it was judged.
        body: What the store holds, where it may be served.
    """

    told: Event
    found: Found | None = None
    stand_in: Entry | None = None
    at: Instant = 0.0
    body: bytes = field(default=b"", repr=False)

    def is_due(self, chance: float) -> bool:
        """True where who looked should ask for a new answer; see `policy.freshness.is_due`."""
        found = self.found
        return found is not None and found.freshness is Freshness.STALE and is_due(found.entry, self.at, chance)


def look_up(
    key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None, chance: float | None = None
) -> Steps[Found | None]:
    """Return the entry under `key` if it may be served now, and tell whether it was a hit and if not why.

    Args:
        max_age: Take no entry that is older, in seconds.
        chance: From 0 to 1, where the caller may refresh: an entry that is due is marked, and not told yet.
    """
    sought = yield from seek(key, envelopes, max_age=max_age)
    if chance is not None and sought.is_due(chance) and sought.found is not None:
        return replace(sought.found, is_due=True)
    yield from Emit(sought.told)
    return sought.found


def seek(
    key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None, stale_if_error: Seconds = 0.0
) -> Steps[Sought]:
    """Read `key` and judge what is there, without telling anybody."""
    (body,) = yield from GetMany((key,))
    if body is None:
        return Sought(Event(Happening.MISS, key.digest))
    try:
        entry = envelopes.unpack(body, key)
    except DataError as error:
        return Sought(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
    now = yield from Now()
    freshness = judge(entry, now, max_age)
    if freshness is Freshness.GONE and not (stale_if_error and may_stand_in(entry, now, max_age, stale_if_error)):
        return Sought(Event(Happening.EXPIRED, key.digest))
    if entry.tags and (yield from any_cleared(entry, key, envelopes)):
        return Sought(Event(Happening.CLEARED, key.digest))
    if freshness is Freshness.GONE:
        return Sought(Event(Happening.EXPIRED, key.digest), stand_in=entry, at=now)
    return Sought(saving(Happening.HIT, entry, key), Found(entry, freshness), at=now, body=body)


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
