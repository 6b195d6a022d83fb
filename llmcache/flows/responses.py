"""The response cache's logic as steps: look up, judge, call, admit, keep.

An answer that was paid for is returned whatever the store does: only `get_or_call` knows the answer, so it is where
failures of keeping end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import ClosedError, UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, saving, seek
from llmcache.flows.once import share
from llmcache.flows.refreshing import UNKNOWN, or_stand_in, refresh_behind, serve_or_lead
from llmcache.flows.tags import read_marks
from llmcache.model.entry import NOTHING_KNOWN, Entry, Provenance
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.options import Coalesce
from llmcache.model.units import Plain, Seconds
from llmcache.policy.clearing import NOTHING_READ, Marks, stamps_for
from llmcache.policy.freshness import AGELESS, Aging, life
from llmcache.protocols.flight_ops import Drops, Land, Landed, WasDropped
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteMany, PutMany
from llmcache.protocols.world_ops import Behind, Call, Emit, Monotonic, Now

if TYPE_CHECKING:
    from llmcache.flows.meaning import Inquiry  # knows long lists of words, which few caches need

Admit = Callable[[Any], str | None]
"""Returns why a value is not kept, in a few words without content, or None where it is."""

Encode = Callable[[Any], Plain]
"""Turns an integration's own objects into JSON-like data; UsageError where that cannot be done."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be kept about an answer, beside the answer itself.

    Attributes:
        type: Which codec wrote the value (`Entry.type`).
        encode: Turns the value into JSON-like data; None where it is that already.
        ttl: Time to live in seconds; None means it does not expire.
        tags: Names to clear it by.
        provenance: What the call that made it was.
        aging: How it ages, beside its time to live.
        chance: From 0 to 1, drawn for this answer: how much of the jitter it takes.
        marks: Those of the tags when the answer was asked for: a clearing since then hides it. None where nobody knows when that
            was; they are read when it is kept.
        asked: What `Drops` told then: an answer that was dropped since is not kept. None where nobody knows.
    """

    type: str = "json"
    encode: Encode | None = None
    ttl: Seconds | None = None
    tags: tuple[str, ...] = ()
    provenance: Provenance = NOTHING_KNOWN
    aging: Aging = AGELESS
    chance: float = 0.0
    marks: Marks | None = None
    asked: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How one `get_or_call` goes: the options in force, resolved.

    Attributes:
        chance: From 0 to 1, drawn for this call: whether it is the one that refreshes.
        in_background: True where who refreshes does not wait for it.
        inquiry: Looks for a question that means the same where nothing is kept under the key; None where nobody does.
    """

    admit: Admit
    envelopes: Envelopes
    draft: Draft
    bypass: bool = False
    refresh: bool = False
    max_age: Seconds | None = None
    coalesce: Coalesce = "off"
    chance: float = 0.0
    in_background: bool = False
    inquiry: "Inquiry | None" = None


def keep(key: Key, value: Any, draft: Draft, envelopes: Envelopes) -> Steps[None]:
    """Keep `value` under `key`; UsageError where it is not JSON-like, StoreError where the store fails."""
    put = yield from _packed(key, value, draft, envelopes)
    yield from _put(put)


def _packed(key: Key, value: Any, draft: Draft, envelopes: Envelopes) -> Steps[Put]:
    marks = draft.marks
    if marks is None:
        marks = yield from read_marks(key.space, draft.tags, envelopes)
    now = yield from Now()
    times = life(now, draft.ttl, draft.aging, draft.chance, draft.provenance.seconds)
    entry = Entry(
        value if draft.encode is None else draft.encode(value),
        made_at=now,
        type=draft.type,
        stale_at=times.stale_at,
        expires_at=times.expires_at,
        tags=draft.tags,
        provenance=draft.provenance,
        stamps=stamps_for(draft.tags, marks),
    )
    return Put(key, envelopes.pack(entry, key), times.kept_for)


def _put(put: Put) -> Steps[bool]:
    yield from PutMany((put,))
    yield from Emit(Event(Happening.KEPT, put.key.digest))
    return True


def keep_if_possible(key: Key, value: Any, draft: Draft, admit: Admit, envelopes: Envelopes) -> Steps[bool]:
    """Keep an answer that was already paid for, and give it to all who wait for it; what prevents either is told, never raised.

    Returns whether it is kept. Those who wait get it also where it is not worth keeping, or the store fails: it is the answer to
    what they asked. Where it was dropped meanwhile they do not: those who asked behind that may be among them.
    """
    if (yield from _was_dropped(key, draft)):
        yield from Emit(Event(Happening.NOT_ADMITTED, key.digest, "cleared meanwhile"))
        return False
    reason, is_kept = _reason(value, admit), False
    if reason is not None:
        yield from Emit(Event(Happening.NOT_ADMITTED, key.digest, reason))
        body = yield from _packed_quietly(key, value, draft, envelopes)
    else:
        body, is_kept = yield from _kept(key, value, draft, envelopes)
    if body is not None:
        yield from Land(key, body)
    return is_kept


def _kept(key: Key, value: Any, draft: Draft, envelopes: Envelopes) -> Steps[tuple[bytes | None, bool]]:
    """Keep `value` if possible; return its body, which there is also where the store fails, and whether it is kept."""
    put, is_kept = None, False
    try:
        put = yield from failing_open(_packed(key, value, draft, envelopes), key, None)
        if put is not None:
            is_kept = yield from failing_open(_put_unless_dropped(put, draft), key, False)
    except UsageError as error:
        what = Happening.STORE_FAILED if isinstance(error, ClosedError) else Happening.NOT_ENCODABLE
        yield from Emit(Event(what, key.digest, type(error).__name__))
    return (None if put is None else put.body), is_kept


def _put_unless_dropped(put: Put, draft: Draft) -> Steps[bool]:
    """Keep it, and look again: what was dropped while it was written may have been written behind that."""
    yield from _put(put)
    if (yield from _was_dropped(put.key, draft)):
        yield from DeleteMany((put.key,))
        return False
    return True


def _was_dropped(key: Key, draft: Draft) -> Steps[bool]:
    return draft.asked is not None and (yield from WasDropped(key, draft.asked))


def _packed_quietly(key: Key, value: Any, draft: Draft, envelopes: Envelopes) -> Steps[bytes | None]:
    """Return the body of an answer that is not kept; None where it has none, of which nothing more is to be told."""
    try:
        return (yield from _packed(key, value, draft, envelopes)).body
    except Exception:  # noqa: BLE001 -- it was told already why it is not kept, and its shape may be any
        return None


def _reason(value: Any, admit: Admit) -> str | None:
    try:
        return admit(value)
    except Exception as error:  # noqa: BLE001 -- judging must not lose what was paid for, whatever shape it has
        return type(error).__name__


def get_or_call(key: Key, call: Callable[[], Plain | Awaitable[Plain]], terms: Terms) -> Steps[Found | Plain]:
    """Return what is kept under `key` as `Found`, or the answer of another caller's call, or else that of `call` itself.

    The call's exceptions pass unchanged and nothing is kept then, unless an old answer stands in.
    """
    if terms.bypass:
        yield from Emit(Event(Happening.BYPASSED, key.digest))
        return (yield from Call(call))
    tags = terms.draft.tags
    if terms.refresh:
        marks = yield from failing_open(read_marks(key.space, tags, terms.envelopes), key, NOTHING_READ)
        return (yield from _called(key, call, _asked_with(terms, marks)))
    grace = terms.draft.aging.stale_if_error
    seen = UNKNOWN if terms.coalesce == "off" else (yield from Landed())
    steps = seek(key, terms.envelopes, max_age=terms.max_age, stale_if_error=grace, tags=tags)
    sought = yield from failing_open(steps, key, None)
    terms = _asked_with(terms, NOTHING_READ if sought is None else sought.marks)
    if sought is None:
        return (yield from _called_once(key, call, terms, seen))
    if sought.found is not None and sought.is_due(terms.chance):
        return (yield from _refreshed(key, call, terms, sought.found, seen))
    yield from Emit(sought.told)
    if sought.found is not None:
        return sought.found
    if terms.inquiry is not None and (near := (yield from terms.inquiry.look(key, max_age=terms.max_age))) is not None:
        return near
    asking = _called_once(key, call, terms, seen)
    if sought.stand_in is None:
        return (yield from asking)
    return (yield from or_stand_in(asking, sought.stand_in, key, max_age=terms.max_age, stale_if_error=grace))


def _asked_with(terms: Terms, marks: Marks) -> Terms:
    """Return `terms` for a call that begins now, behind the reading of `marks`."""
    return replace(terms, draft=replace(terms.draft, marks=marks)) if terms.draft.tags else terms


def _refreshed(
    key: Key, call: Callable[[], Plain | Awaitable[Plain]], terms: Terms, found: Found, seen: int
) -> Steps[Found | Plain]:
    """Return what is kept, or a new answer where this caller is the one that asks for it and waits."""
    across = terms.coalesce == "shared"
    if terms.in_background:
        yield from Emit(saving(Happening.HIT, found.entry, key))
        asked = partial(refresh_behind, key, terms.envelopes, _called(key, call, terms), seen, across=across)
        yield from Behind(key, asked)
        return found
    leading = yield from serve_or_lead(key, terms.envelopes, found, seen, across=across)
    if isinstance(leading, Found):
        return leading
    try:
        asking, aging = _called(key, call, terms), terms.draft.aging
        return (
            yield from or_stand_in(asking, found.entry, key, max_age=terms.max_age, stale_if_error=aging.stale_if_error)
        )
    finally:
        leading.abandon()


def _called_once(
    key: Key, call: Callable[[], Plain | Awaitable[Plain]], terms: Terms, seen: int
) -> Steps[Found | Plain]:
    if terms.coalesce == "off":
        return (yield from _called(key, call, terms))
    across, marks = terms.coalesce == "shared", terms.draft.marks or NOTHING_READ
    shared = yield from share(key, terms.envelopes, seen, across=across, max_age=terms.max_age, marks=marks)
    if isinstance(shared, Found):
        return shared
    try:
        return (yield from _called(key, call, terms))
    finally:
        if shared is not None:
            shared.abandon()


def _called(key: Key, call: Callable[[], Plain | Awaitable[Plain]], terms: Terms) -> Steps[Plain]:
    """Call, keep what comes if possible, and return it."""
    draft = replace(terms.draft, asked=(yield from Drops()))
    began = yield from Monotonic()
    answer = yield from Call(call)
    if draft.provenance.seconds is None:
        draft = _timed(draft, (yield from Monotonic()) - began)
    is_kept = yield from keep_if_possible(key, answer, draft, terms.admit, terms.envelopes)
    if is_kept and terms.inquiry is not None:
        yield from terms.inquiry.learn(key, answer, draft.ttl)
    return answer


def _timed(draft: Draft, seconds: Seconds) -> Draft:
    return replace(draft, provenance=replace(draft.provenance, seconds=seconds))
