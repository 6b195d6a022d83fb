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
from llmcache.model.units import Seconds, Share
from llmcache.policy.clearing import NOTHING_READ, Marks, is_hidden
from llmcache.policy.freshness import is_too_old
from llmcache.protocols.flight_ops import Await, Board, Drop, Forget, Hold, Land, Landed, Leading, Token
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutIfAbsent
from llmcache.protocols.world_ops import Emit, Now, Pause

MOST_LEADERS: Final = 2
LEASE: Final[Seconds] = 10.0
"""How long a process that was killed in the middle of a call can hold up others. Leases of those that live are renewed."""

FIRST_LOOK: Final[Seconds] = 0.005
RAREST_LOOK: Final[Seconds] = 0.25
LATEST: Final[Share] = 0.15
"""How soon who waits for another process looks again, how seldom after it has waited long, and how late it may be meanwhile, as a
share of what it has waited."""

LONGEST_WAIT: Final[Seconds] = 120.0
"""After this a waiter calls for itself, whatever keeps the leader: somebody may need the waiter who cannot say so."""


def share(
    key: Key,
    envelopes: Envelopes,
    seen: int,
    witness: Witness | None = None,
    *,
    across: bool = False,
    max_age: Seconds | None = None,
    marks: Marks = NOTHING_READ,
) -> Steps[Found | Flight | None]:
    """Return the answer of a call under way, or a flight that the caller leads from now on, or None: call alone.

    Args:
        key: Nothing is kept under it, as far as the caller knows.
        seen: What `Landed` told before the caller looked; whether to look again depends on it.
        witness: For callers that cannot promise to abandon the flight; see `Flights.board`.
        across: Share with other processes, too, by a lease in the store. Who leads something already waits for nobody then: two
            processes do not see that each waits for what the other holds.
        max_age: Take no answer that is older, in seconds.
        marks: Those that the caller has read: a call that was begun before one of these clearings is not shared. Clearings by this
            process end the flights themselves (`dropping`); these are others'.
    """
    is_busy = across and (yield from Leading())
    for _ in range(MOST_LEADERS):
        flight, leads = yield from Board(key, witness)
        if leads:
            looking = _look_again(flight, envelopes, seen, max_age, across=across, waits=not is_busy)
            return (yield from _begun(flight, looking))
        outcome = Ending.NOT_WAITED if is_busy else (yield from Await(flight, LONGEST_WAIT))
        if outcome is Ending.NOT_WAITED:
            return None
        if isinstance(outcome, bytes):
            return (yield from _opened(outcome, key, envelopes, max_age, marks))
    return None


def _look_again(
    flight: Flight, envelopes: Envelopes, seen: int, max_age: Seconds | None, *, across: bool, waits: bool
) -> Steps[Sought | None]:
    """Return what is kept by now, where something may have come in since the caller looked."""
    if not across and (yield from Landed()) == seen:
        return None
    if across and waits:
        return (yield from _from_elsewhere(flight, envelopes, max_age))
    if across and not (yield from take_lease(flight)):
        return None
    return (yield from seek(flight.key, envelopes, max_age=max_age))


def _begun(flight: Flight, looking: Steps[Sought | None]) -> Steps[Found | Flight]:
    """Return the flight, or the answer that is found by looking again; then it is given to all who wait here, too."""
    try:
        sought = yield from failing_open(looking, flight.key, None)
        if sought is None or sought.found is None:
            return flight
        yield from Land(flight.key, sought.body)
    except BaseException:
        flight.abandon()
        raise
    yield from Emit(saving(Happening.COALESCED, sought.found.entry, flight.key))
    return sought.found


def _from_elsewhere(flight: Flight, envelopes: Envelopes, max_age: Seconds | None) -> Steps[Sought | None]:
    """Take the lease of the key and look again; where another process has it, wait for what it brings.

    Returns None where that came to nothing twice: then a lease would only hold up the next.
    """
    lease = Put(lease_key(flight.key), (yield from Token()), LEASE)
    for _ in range(MOST_LEADERS):
        taken = yield from _taken(flight, lease)
        if not taken:
            yield from _given_back(lease.key, flight.key)
        sought = yield from seek(flight.key, envelopes, max_age=max_age)
        if taken or sought.found is not None:
            return sought
    return None


def take_lease(flight: Flight) -> Steps[bool]:
    """Take the lease of the flight's key without waiting; False where another process has it.

    True also where the store takes none: leading without a lease costs a call at most.
    """
    lease = Put(lease_key(flight.key), (yield from Token()), LEASE)
    taken = yield from failing_open(_taken(flight, lease), flight.key, None)
    return taken is not False


def _taken(flight: Flight, lease: Put) -> Steps[bool]:
    """Take the lease if nobody has it.

    It is held before it is put: one whose answer was lost, or that was cancelled on the way, is given back, too. Where another has
    it, that does nothing, because only an own lease is given back.
    """
    yield from Hold(flight, lease)
    return (yield from PutIfAbsent(lease))


def _given_back(lease: Key, key: Key) -> Steps[None]:
    """Wait until nobody holds the lease, or something new is kept under `key`: its holder may end without giving it back."""
    _, before = yield from GetMany((lease, key))
    pause, waited = FIRST_LOOK, 0.0
    while waited < LONGEST_WAIT:
        held, body = yield from GetMany((lease, key))
        if held is None or (body is not None and body != before):
            return
        yield from Pause(pause)
        waited += pause
        pause = min(max(FIRST_LOOK, waited * LATEST), RAREST_LOOK)


def lease_key(key: Key) -> Key:
    """Return the key of the lease for making the answer under `key`."""
    return Key(Space(key.space.namespace, Kind.LEASE), key.name)


def _opened(body: bytes, key: Key, envelopes: Envelopes, max_age: Seconds | None, marks: Marks) -> Steps[Found | None]:
    """Return the answer that another caller has just been given; only its age is judged, for the other may take any, and its tags."""
    try:
        entry = envelopes.unpack(body, key)
    except DataError:
        return None
    if is_hidden(entry, marks):
        return None
    if max_age is not None and is_too_old(entry, (yield from Now()), max_age):
        return None
    yield from Emit(saving(Happening.COALESCED, entry, key))
    return Found(entry)


def share_or_lead(
    key: Key,
    envelopes: Envelopes,
    seen: int,
    witness: Witness,
    *,
    across: bool = False,
    max_age: Seconds | None = None,
    marks: Marks = NOTHING_READ,
) -> Steps[Found | None]:
    """As `share`, for callers that are seen only twice: None where they lead, or call alone; their offer ends both."""
    shared = yield from share(key, envelopes, seen, witness, across=across, max_age=max_age, marks=marks)
    return shared if isinstance(shared, Found) else None


def nothing_shared() -> Steps[None]:
    """Share with nobody."""
    yield from ()


def dropping(steps: Steps[None], space: Space, key: Key | None = None) -> Steps[None]:
    """Do `steps`, which drop answers; what this process is asking for meanwhile is not kept, nor shared by who asks afterwards.

    Args:
        space: What is dropped is in it.
        key: The only one that is dropped; None means any.
    """
    # Before: an answer that comes behind the dropping is known for an old one, and one that comes earlier is dropped.
    yield from Drop(space, key)
    yield from unshared_after(steps, space, key)


def unshared_after(steps: Steps[None], space: Space, key: Key | None = None) -> Steps[None]:
    """Do `steps`, which hide answers by themselves; who asks afterwards shares no call that was begun before."""
    yield from steps
    yield from Forget(space, key)
