"""The response cache's logic as steps: look up, judge, call, admit, keep.

A body that cannot be read is a counted miss, whatever is wrong with it. An answer that was paid for is returned
whatever the store does: only `get_or_call` knows the answer, so it is where failures of keeping end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from llmcache.codec.envelope import pack
from llmcache.errors import ClosedError, DataError, UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.model.entry import NOTHING_KNOWN, Entry, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Instant, Plain, Seconds
from llmcache.policy.freshness import Freshness, is_cleared, judge
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now

Decode = Callable[[bytes, Key], Entry]
"""Opens an envelope: `codec.envelope.unpack`, or something that remembers what it opened. Raises DataError only."""

Admit = Callable[[Any], str | None]
"""Returns why a value is not kept, in a few words without content, or None where it is."""

Encode = Callable[[Any], Plain]
"""Turns an integration's own objects into JSON-like data; UsageError where that cannot be done."""


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
class Draft:
    """What is to be kept about an answer, beside the answer itself.

    Attributes:
        type: Which codec wrote the value (`Entry.type`).
        encode: Turns the value into JSON-like data; None where it is that already.
        ttl: Time to live in seconds; None means it does not expire.
        tags: Names to clear it by.
        provenance: What the call that made it was.
    """

    type: str = "json"
    encode: Encode | None = None
    ttl: Seconds | None = None
    tags: tuple[str, ...] = ()
    provenance: Provenance = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Terms:
    """How one `get_or_call` goes: the options in force, resolved."""

    admit: Admit
    decode: Decode
    draft: Draft
    bypass: bool = False
    refresh: bool = False
    max_age: Seconds | None = None


def look_up(key: Key, decode: Decode, *, max_age: Seconds | None = None) -> Steps[Found | None]:
    """Return the entry under `key` if it may be served now, and tell whether it was a hit and if not why."""
    (body,) = yield from GetMany((key,))
    if body is None:
        yield from Emit(Event(Happening.MISS, key.digest))
        return None
    try:
        entry = decode(body, key)
    except DataError as error:
        yield from Emit(Event(Happening.UNREADABLE, key.digest, type(error).__name__))
        return None
    freshness = judge(entry, (yield from Now()), max_age)
    if freshness is Freshness.GONE:
        yield from Emit(Event(Happening.EXPIRED, key.digest))
        return None
    if entry.tags and (yield from _any_cleared(entry, key, decode)):
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


def _any_cleared(entry: Entry, key: Key, decode: Decode) -> Steps[bool]:
    """Read the marks of the entry's tags; a mark that cannot be read counts as cleared."""
    marks = [tag_key(key.space, tag) for tag in entry.tags]
    bodies = yield from GetMany(marks)
    for mark, body in zip(marks, bodies, strict=True):
        if body is None:
            continue
        try:
            cleared_at: Instant = decode(body, mark).made_at
        except DataError:
            return True
        if is_cleared(entry, cleared_at):
            return True
    return False


def tag_key(space: Space, tag: str) -> Key:
    """Return the key of the mark that says when `tag` was last cleared in the namespace of `space`."""
    return Key(Space(space.namespace, Kind.TAG), tag)


def clear_tags(space: Space, tags: tuple[str, ...], decode: Decode) -> Steps[None]:
    """Hide every entry of the namespace that carries one of `tags` and was made up to now.

    Takes one read and one write however many entries there are: a mark with the time of clearing is kept for each tag,
    and entries made up to then are misses. They are dropped when they expire or room is needed.

    A mark never goes back in time: where the clock was set back since a tag was last cleared, the later time stays,
    because an earlier one would bring back what was cleared then. A mark that cannot be read is replaced.
    """
    now = yield from Now()
    marks = [tag_key(space, tag) for tag in tags]
    bodies = yield from GetMany(marks)
    times = [_later(now, body, mark, decode) for mark, body in zip(marks, bodies, strict=True)]
    yield from PutMany([Put(mark, pack(Entry(None, made_at=at), mark)) for mark, at in zip(marks, times, strict=True)])


def _later(now: Instant, body: bytes | None, mark: Key, decode: Decode) -> Instant:
    """Return `now`, or the time of the mark in `body` where that is later."""
    if body is None:
        return now
    try:
        return max(now, decode(body, mark).made_at)
    except DataError:
        return now


def keep(key: Key, value: Any, draft: Draft) -> Steps[None]:
    """Keep `value` under `key`; UsageError where it is not JSON-like, StoreError where the store fails."""
    now = yield from Now()
    entry = Entry(
        value if draft.encode is None else draft.encode(value),
        made_at=now,
        type=draft.type,
        expires_at=None if draft.ttl is None else now + draft.ttl,
        tags=draft.tags,
        provenance=draft.provenance,
    )
    yield from PutMany((Put(key, pack(entry, key), draft.ttl),))
    yield from Emit(Event(Happening.KEPT, key.digest))


def keep_if_possible(key: Key, value: Any, draft: Draft, admit: Admit) -> Steps[None]:
    """Keep an answer that was already paid for: whatever prevents it is told, never raised."""
    reason = _reason(value, admit)
    if reason is not None:
        yield from Emit(Event(Happening.NOT_ADMITTED, key.digest, reason))
        return
    try:
        yield from failing_open(keep(key, value, draft), key, None)
    except UsageError as error:
        what = Happening.STORE_FAILED if isinstance(error, ClosedError) else Happening.NOT_ENCODABLE
        yield from Emit(Event(what, key.digest, type(error).__name__))


def _reason(value: Any, admit: Admit) -> str | None:
    try:
        return admit(value)
    except Exception as error:  # noqa: BLE001 -- judging must not lose what was paid for, whatever shape it has
        return type(error).__name__


def get_or_call(key: Key, call: Callable[[], Plain | Awaitable[Plain]], terms: Terms) -> Steps[Found | Plain]:
    """Return what is kept under `key` as `Found`, or else the answer of `call` itself.

    The call's exceptions pass unchanged and nothing is kept then.
    """
    if terms.bypass:
        yield from Emit(Event(Happening.BYPASSED, key.digest))
        return (yield from Call(call))
    if not terms.refresh:
        found = yield from failing_open(look_up(key, terms.decode, max_age=terms.max_age), key, None)
        if found is not None:
            return found
    began = yield from Monotonic()
    answer = yield from Call(call)
    draft = terms.draft
    if draft.provenance.seconds is None:
        draft = _timed(draft, (yield from Monotonic()) - began)
    yield from keep_if_possible(key, answer, draft, terms.admit)
    return answer


def _timed(draft: Draft, seconds: Seconds) -> Draft:
    return replace(draft, provenance=replace(draft.provenance, seconds=seconds))
