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


def look_up(key: Key, envelopes: Envelopes, *, max_age: Seconds | None = None) -> Steps[Found | None]:
    """Return the entry under `key` if it may be served now, and tell whether it was a hit and if not why."""
    (body,) = yield from GetMany((key,))
    if body is None:
        yield from Emit(Event(Happening.MISS, key.digest))
        return None
    try:
        entry = envelopes.unpack(body, key)
    except DataError as error:
        yield from Emit(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
        return None
    freshness = judge(entry, (yield from Now()), max_age)
    if freshness is Freshness.GONE:
        yield from Emit(Event(Happening.EXPIRED, key.digest))
        return None
    if entry.tags and (yield from any_cleared(entry, key, envelopes)):
        yield from Emit(Event(Happening.CLEARED, key.digest))
        return None
    yield from Emit(hit(entry, key))
    return Found(entry, freshness)


def hit(entry: Entry, key: Key) -> Event:
    """Return the event of a hit on `entry`, with what it saved."""
    saved = entry.provenance
    return Event(
        Happening.HIT,
        key.digest,
        input_tokens=saved.input_tokens or 0,
        output_tokens=saved.output_tokens or 0,
        seconds=saved.seconds or 0.0,
    )
