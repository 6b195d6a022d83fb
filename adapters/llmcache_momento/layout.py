"""How entries and logs lie in a Momento cache (docs/decisions/0010).

Everything of one `Space` begins with the space's prefix. Names are escaped by the core, so the marks used here (`!` and
the colon behind a generation) stand in no name, and no two of these keys can be equal:

    <prefix>!                       the generation: a random token; a new one clears the space
    <prefix><generation>:<name>     an entry, or the list of a log
    <prefix><name>!                 says that the log may have bodies outside its list
    <prefix>!<id>                   a body too large for an element of a list

The value of an entry begins with one byte, so that a deletion by condition, which Momento has not, can be written as a
value; an element of a list begins with one byte and an id, which tells a caller whose answer was lost that the append arrived.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llmcache.model.key import Key
from llmcache.model.units import Seconds

MAX_TTL: Final[Seconds] = 86_400.0
"""Momento's longest time to live without provisioned storage."""
RENEWAL: Final[Seconds] = 900.0
"""So long a process trusts that a generation lives as long as what it writes under it, before it lengthens its life again."""
DEFAULT_TTL: Final[Seconds] = MAX_TTL - RENEWAL
"""What no time to live means: as long as can be kept without lengthening the generation's life at every write."""

LEASE: Final[Seconds] = 0.1
"""So long a process uses a generation without asking again (see `generations`). All who share a cache must go by the same:
whoever changes it changes the layout."""

MAX_BODY_BYTES: Final = 4_900_000
"""Below Momento's 5 MB for key and value, whichever megabytes are meant."""
MAX_INLINE_BYTES: Final = 120_000
"""Largest body inside an element of a list: below Momento's 128 KB, whichever kilobytes are meant."""

TOMBSTONE: Final = b"-"
TOMBSTONE_TTL: Final[Seconds] = 1.0
_ENTRY: Final = b"+"
_INSIDE: Final = b"+"
_OUTSIDE: Final = b"*"
_ID_END: Final = b":"


def generation_key(prefix: str) -> bytes:
    """Return where the generation of a space is."""
    return f"{prefix}!".encode()


def new_token() -> bytes:
    """Return a generation that never was: random, because a counter that expires would begin anew and revive what was cleared."""
    return secrets.token_hex(8).encode()


def item_key(key: Key, token: bytes) -> bytes:
    """Return where an entry or the list of a log is, in one generation of its space."""
    prefix = key.space.prefix
    return b"%b%b:%b" % (prefix.encode(), token, key.physical[len(prefix) :].encode())


def mark_key(log: Key) -> bytes:
    """Return where it is written that a log may have bodies outside its list."""
    return f"{log.physical}!".encode()


def value_of(body: bytes) -> bytes:
    """Return an entry's value."""
    return _ENTRY + body


def body_in(value: bytes | None) -> bytes | None:
    """Return the body of an entry's value; None for a missing one, a deleted one, and what is not ours."""
    return value[1:] if value is not None and value[:1] == _ENTRY else None


def milliseconds(ttl: Seconds) -> int:
    """Return a time to live as the wire wants it: rounded up, so that nothing goes early, but not for the noise of floats."""
    return max(1, -int(-(ttl * 1000 - 1e-6) // 1))


@dataclass(frozen=True, slots=True)
class Outside:
    """A body beside a list.

    Attributes:
        key: Where it is.
        body: What it is.
    """

    key: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Framed:
    """The bodies of one append.

    Attributes:
        elements: For the list, one for each body.
        outside: Bodies that are too large for it.
    """

    elements: tuple[bytes, ...]
    outside: tuple[Outside, ...]


def framed(log: Key, bodies: Sequence[bytes]) -> Framed:
    """Give every body of an append an id that no other has, and choose where it lies."""
    call, elements, outside = secrets.token_hex(8).encode(), list[bytes](), list[Outside]()
    for number, body in enumerate(bodies):
        ident = b"%b.%d" % (call, number)
        if len(body) <= MAX_INLINE_BYTES:
            elements.append(b"%b%b%b%b" % (_INSIDE, ident, _ID_END, body))
        else:
            elements.append(_OUTSIDE + ident + _ID_END)
            outside.append(Outside(_outside_key(log, ident), body))
    return Framed(tuple(elements), tuple(outside))


def unframed(log: Key, elements: Sequence[bytes]) -> list[bytes | Outside]:
    """Return the bodies in elements of a list, in order; one that lies outside as its place, without its body.

    An element that came twice, because something between us and the service repeated a call, counts once.

    Raises:
        ValueError: An element is not ours.
    """
    found: dict[bytes, bytes | Outside] = {}
    for element in elements:
        end = element.index(_ID_END)
        where, ident = element[:1], element[1:end]
        if where not in {_INSIDE, _OUTSIDE}:
            raise ValueError("an element of another form")
        found[ident] = element[end + 1 :] if where == _INSIDE else Outside(_outside_key(log, ident), b"")
    return list(found.values())


def _outside_key(log: Key, ident: bytes) -> bytes:
    return b"%b!%b" % (log.space.prefix.encode(), ident)
