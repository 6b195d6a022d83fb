"""One call per key, as steps: wait for the call that is under way, or lead one for all who ask meanwhile.

A caller waits for at most `MOST_LEADERS` calls of others. Where a model keeps failing, everybody then calls for themselves
and gets their own error soon, instead of standing in a queue of failures.
"""

from typing import Final

from llmcache.codec.envelopes import Envelopes
from llmcache.errors import DataError
from llmcache.flows.failsafe import failing_open
from llmcache.flows.looking import Found, Sought, saving, seek
from llmcache.model.event import Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.units import Seconds
from llmcache.protocols.flight_ops import Await, Board, Hold, Land, Landed, Token
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutIfAbsent
from llmcache.protocols.world_ops import Emit, Pause

MOST_LEADERS: Final = 2
LEASE: Final[Seconds] = 10.0
"""How long a process that was killed in the middle of a call can hold up others. Leases of those that live are renewed."""

FIRST_LOOK: Final[Seconds] = 0.002
RAREST_LOOK: Final[Seconds] = 0.25
"""How soon who waits for another process looks again, and how seldom after it has waited long."""


def share(
    key: Key, envelopes: Envelopes, seen: int, witness: Witness | None = None, *, across: bool = False
) -> Steps[Found | Flight | None]:
    """Return the answer of a call under way, or a flight that the caller leads from now on, or None: call alone.

    Args:
        key: Nothing is kept under it, as far as the caller knows.
        seen: What `Landed` told before the caller looked; whether to look again depends on it.
        witness: For callers that cannot promise to abandon the flight; see `Flights.board`.
        across: Share with other processes, too, by a lease in the store.
    """
    for _ in range(MOST_LEADERS):
        flight, leads = yield from Board(key, witness)
        if leads:
            return (yield from _begun(flight, envelopes, seen, across=across))
        outcome = yield from Await(flight)
        if outcome is Ending.NOT_WAITED:
            return None
        if isinstance(outcome, bytes):
            return (yield from _opened(outcome, key, envelopes))
    return None


def _begun(flight: Flight, envelopes: Envelopes, seen: int, *, across: bool) -> Steps[Found | Flight]:
    """Return the flight, or the answer that came in since the caller looked, here or from another process."""
    try:
        if across:
            sought = yield from failing_open(_from_elsewhere(flight, envelopes), flight.key, None)
        elif (yield from Landed()) == seen:
            return flight
        else:
            sought = yield from failing_open(seek(flight.key, envelopes), flight.key, None)
        if sought is None or sought.found is None:
            return flight
        yield from Land(flight.key, sought.body)
    except BaseException:
        flight.abandon()
        raise
    yield from Emit(saving(Happening.COALESCED, sought.found.entry, flight.key))
    return sought.found


def _from_elsewhere(flight: Flight, envelopes: Envelopes) -> Steps[Sought | None]:
    """Take the lease of the key and look again; where another process has it, wait for what it brings.

    Returns None where that came to nothing twice: then a lease would only hold up the next.
    """
    lease = Put(lease_key(flight.key), (yield from Token()), LEASE)
    for _ in range(MOST_LEADERS):
        taken = yield from PutIfAbsent(lease)
        if taken:
            yield from Hold(flight, lease)
        else:
            yield from _given_back(lease.key)
        sought = yield from seek(flight.key, envelopes)
        if taken or sought.found is not None:
            return sought
    return None


def take_lease(flight: Flight) -> Steps[bool]:
    """Take the lease of the flight's key without waiting; False where another process has it.

    True also where the store takes none: leading without a lease costs a call at most.
    """
    lease = Put(lease_key(flight.key), (yield from Token()), LEASE)
    taken = yield from failing_open(iter(PutIfAbsent(lease)), flight.key, None)
    if taken:
        yield from Hold(flight, lease)
    return taken is not False


def _given_back(lease: Key) -> Steps[None]:
    """Wait until nobody holds the lease."""
    pause = FIRST_LOOK
    while (yield from GetMany((lease,)))[0] is not None:
        yield from Pause(pause)
        pause = min(pause * 1.5, RAREST_LOOK)


def lease_key(key: Key) -> Key:
    """Return the key of the lease for making the answer under `key`."""
    return Key(Space(key.space.namespace, Kind.LEASE), key.name)


def _opened(body: bytes, key: Key, envelopes: Envelopes) -> Steps[Found | None]:
    """Return the answer that another caller has just been given; its own times are not judged, as they are not for the other."""
    try:
        entry = envelopes.unpack(body, key)
    except DataError:
        return None
    yield from Emit(saving(Happening.COALESCED, entry, key))
    return Found(entry)


def share_or_lead(
    key: Key, envelopes: Envelopes, seen: int, witness: Witness, *, across: bool = False
) -> Steps[Found | None]:
    """As `share`, for callers that are seen only twice: None where they lead, or call alone; their offer ends both."""
    shared = yield from share(key, envelopes, seen, witness, across=across)
    return shared if isinstance(shared, Found) else None


def nothing_shared() -> Steps[None]:
    """Share with nobody."""
    yield from ()
