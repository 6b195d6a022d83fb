"""Refreshing as steps: one caller asks anew before an answer ends, and an old answer stands in for a model that fails.

Who refreshes leads the flight of the key (decision 0013), so that there is one in a process at a time, or with a lease one in all; the others get what
is kept and wait for nobody. Where the call is behind the caller's back, nobody hears what it raises: it is told as an event,
and the next caller may try again.
"""

from dataclasses import replace
from typing import Final

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import UsageError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, saving, seek
from llmcache.flows.once import take_lease
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache.policy.freshness import Freshness, judge, may_stand_in
from llmcache.protocols.flight_ops import Board, Landed
from llmcache.protocols.flights import Flight, Witness
from llmcache.protocols.steps import R, Steps
from llmcache.protocols.world_ops import Emit, Now

UNKNOWN: Final = -1
"""Stands for what `Landed` told where nobody asked it: who leads a refresh then looks again."""


def serve_or_lead(
    key: Key,
    envelopes: Envelopes,
    found: Found,
    seen: int,
    witness: Witness | None = None,
    *,
    across: bool = False,
) -> Steps[Found | Flight]:
    """Return the flight of a refresh that the caller leads from now on, or the entry that it gets instead.

    Args:
        found: What is kept; due for a refresh and not told yet.
        seen: What `Landed` told before the caller looked.
        witness: For callers that cannot promise to abandon the flight; see `Flights.board`.
        across: One of all processes refreshes, and not one of each.
    """
    flight, leads = yield from Board(key, witness)
    renewed = None
    if leads:
        try:
            leads, renewed = yield from _begun(flight, envelopes, seen, across=across)
        except BaseException:
            flight.abandon()
            raise
        if leads:
            yield from Emit(Event(Happening.REFRESHED_EARLY, key.digest))
            return flight
        flight.abandon()
    served = replace(found if renewed is None else renewed, is_due=False)
    yield from Emit(saving(Happening.HIT, served.entry, key))
    return served


def found_or_lead(
    key: Key, envelopes: Envelopes, found: Found, seen: int, witness: Witness | None, *, across: bool = False
) -> Steps[Found | None]:
    """As `serve_or_lead`, for callers that are seen only twice: None where they lead; their offer ends it.

    Without a witness the caller does not lead: whether it asks the model, nobody would ever know.
    """
    if witness is None:
        yield from Emit(saving(Happening.HIT, found.entry, key))
        return replace(found, is_due=False)
    leading = yield from serve_or_lead(key, envelopes, found, seen, witness, across=across)
    return leading if isinstance(leading, Found) else None


def refresh_behind(
    key: Key, envelopes: Envelopes, asking: Steps[object], seen: int, *, across: bool = False
) -> Steps[None]:
    """Ask anew, unless somebody does so already or has done since `seen`; what it raises is told and goes no further."""
    flight, leads = yield from Board(key)
    if not leads:
        return
    try:
        leads, _ = yield from _begun(flight, envelopes, seen, across=across)
        if not leads:
            return
        yield from Emit(Event(Happening.REFRESHED_BEHIND, key.digest))
        yield from asking
    except Exception as error:  # noqa: BLE001 -- there is no caller to raise it to
        yield from Emit(Event(Happening.REFRESH_FAILED, key.digest, type(error).__name__))
    finally:
        flight.abandon()


def _begun(flight: Flight, envelopes: Envelopes, seen: int, *, across: bool) -> Steps[tuple[bool, Found | None]]:
    """Return whether the caller is to ask the model, and else the fresh entry that is there by now, if it is."""
    if across and not (yield from take_lease(flight)):
        return False, None
    renewed = yield from renewed_since(flight.key, envelopes, UNKNOWN if across else seen)
    return renewed is None, renewed


def renewed_since(key: Key, envelopes: Envelopes, seen: int) -> Steps[Found | None]:
    """Return the fresh entry that somebody has kept since `seen`, or None."""
    if (yield from Landed()) == seen:
        return None
    sought = yield from failing_open(seek(key, envelopes), key, None)
    if sought is None or sought.found is None or sought.found.freshness is not Freshness.FRESH:
        return None
    return sought.found


def or_stand_in(
    asking: Steps[R], entry: Entry, key: Key, *, max_age: Seconds | None, stale_if_error: Seconds
) -> Steps[R | Found]:
    """Return what `asking` comes to or, where the model fails, `entry` with what it raised.

    Nothing stands in for a wrong call (UsageError), for a cancellation, or beyond `max_age`.
    """
    try:
        return (yield from asking)
    except UsageError:
        raise
    except Exception as error:
        now = yield from Now()
        if not may_stand_in(entry, now, max_age, stale_if_error):
            raise
        yield from Emit(Event(Happening.SERVED_STALE, key.digest, type(error).__name__))
        return Found(entry, judge(entry, now), error=error)
