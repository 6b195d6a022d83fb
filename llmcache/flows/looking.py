"""Looking up as steps: read, open, judge, and tell what came of it.

A body that cannot be read is a counted miss, whatever is wrong with it.
"""

from dataclasses import dataclass

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.flows.tags import any_cleared
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.policy.freshness import Freshness, judge
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany
from llmcache.protocols.world_ops import Emit, Now


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that may be served.

    Attributes:
        entry: What was kept. Its value may be shared: copy it before handing it to a caller.
        freshness: FRESH or STALE.
    """

    entry: Entry
    freshness: Freshness = Freshness.FRESH


@dataclass(frozen=True, slots=True)
class Sought:
    """What came of reading a key.

    Attributes:
        told: The event of it: a hit, or why there is none.
        found: The entry, where it may be served.
        body: What the store holds, where it may be served.
    """

    told: Event
    found: Found | None = None
    body: bytes = b""


def look_up(key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None) -> Steps[Found | None]:
    """Return the entry under `key` if it may be served now, and tell whether it was a hit and if not why."""
    sought = yield from seek(key, envelopes, max_age=max_age)
    yield from Emit(sought.told)
    return sought.found


def seek(key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None) -> Steps[Sought]:
    """Read `key` and judge what is there, without telling anybody."""
    (body,) = yield from GetMany((key,))
    if body is None:
        return Sought(Event(Happening.MISS, key.digest))
    try:
        entry = envelopes.unpack(body, key)
    except DataError as error:
        return Sought(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
    freshness = judge(entry, (yield from Now()), max_age)
    if freshness is Freshness.GONE:
        return Sought(Event(Happening.EXPIRED, key.digest))
    if entry.tags and (yield from any_cleared(entry, key, envelopes)):
        return Sought(Event(Happening.CLEARED, key.digest))
    return Sought(saving(Happening.HIT, entry, key), Found(entry, freshness), body)


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
