"""One call per key, as steps: wait for the call that is under way, or lead one for all who ask meanwhile.

A caller waits for at most `MOST_LEADERS` calls of others. Where a model keeps failing, everybody then calls for themselves
and gets their own error soon, instead of standing in a queue of failures.
"""

from typing import Final

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, saving, seek
from llmcache.model.event import Happening
from llmcache.model.key import Key
from llmcache.protocols.flight_ops import Await, Board, Land, Landed
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.steps import Steps
from llmcache.protocols.world_ops import Emit

MOST_LEADERS: Final = 2


def share(key: Key, envelopes: Envelopes, seen: int, witness: Witness | None = None) -> Steps[Found | Flight | None]:
    """Return the answer of a call under way, or a flight that the caller leads from now on, or None: call alone.

    Args:
        key: Nothing is kept under it, as far as the caller knows.
        seen: What `Landed` told before the caller looked; whether to look again depends on it.
        witness: For callers that cannot promise to abandon the flight; see `Flights.board`.
    """
    for _ in range(MOST_LEADERS):
        flight, leads = yield from Board(key, witness)
        if leads:
            return (yield from _begun(flight, envelopes, seen))
        outcome = yield from Await(flight)
        if outcome is Ending.NOT_WAITED:
            return None
        if isinstance(outcome, bytes):
            return (yield from _opened(outcome, key, envelopes))
    return None


def _begun(flight: Flight, envelopes: Envelopes, seen: int) -> Steps[Found | Flight]:
    """Return the flight, or the answer that came in between the caller's look and its boarding."""
    try:
        if (yield from Landed()) == seen:
            return flight
        sought = yield from failing_open(seek(flight.key, envelopes), flight.key, None)
        if sought is None or sought.found is None:
            return flight
        yield from Land(flight.key, sought.body)
    except BaseException:
        flight.abandon()
        raise
    yield from Emit(saving(Happening.COALESCED, sought.found.entry, flight.key))
    return sought.found


def _opened(body: bytes, key: Key, envelopes: Envelopes) -> Steps[Found | None]:
    """Return the answer that another caller has just been given; its own times are not judged, as they are not for the other."""
    try:
        entry = envelopes.unpack(body, key)
    except DataError:
        return None
    yield from Emit(saving(Happening.COALESCED, entry, key))
    return Found(entry)


def share_or_lead(key: Key, envelopes: Envelopes, seen: int, witness: Witness) -> Steps[Found | None]:
    """As `share`, for callers that are seen only twice: None where they lead, or call alone; their offer ends both."""
    shared = yield from share(key, envelopes, seen, witness)
    return shared if isinstance(shared, Found) else None


def nothing_shared() -> Steps[None]:
    """Share with nobody."""
    yield from ()
