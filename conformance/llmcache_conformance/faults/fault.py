"""What may go wrong on a wire, as values.

A fault says what becomes of each chunk of bytes that arrives in the direction it is about; the other direction is
untouched. It knows no socket and no clock, so that what it does can be read here and tested without either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from llmcache.model.units import Seconds


class Towards(Enum):
    """A direction on the wire."""

    SERVER = "requests"
    CLIENT = "replies"


@dataclass(frozen=True, slots=True)
class Carry:
    """Pass these bytes on."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass before what follows."""

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep these bytes until the fault is lifted, and pass them on then, as a network that comes back does."""

    body: bytes


@dataclass(frozen=True, slots=True)
class End:
    """End the connection on both sides.

    Attributes:
        reset: By RST, as a crash does; otherwise by FIN, as an orderly close does.
    """

    reset: bool


Act: TypeAlias = Carry | Wait | Hold | End


class Fault(Protocol):
    """One thing that goes wrong."""

    @property
    def towards(self) -> Towards:
        """Which direction it is about."""
        ...

    @property
    def refuses(self) -> bool:
        """True where new connections are ended at once."""
        ...

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Return what becomes of `chunk`.

        Args:
            chunk: Bytes that arrived, at least one.
            before: How many bytes of this connection and direction arrived since the fault began, before these.
        """
        ...


@dataclass(frozen=True, slots=True)
class Delay:
    """Every chunk comes late."""

    seconds: Seconds
    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Wait, then carry."""
        return (Wait(self.seconds), Carry(chunk))


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes come in small pieces, with a pause before each, so that no read sees a whole message."""

    size: int = 1
    pause: Seconds = 0.0
    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Carry piece by piece."""
        pieces = [chunk[at : at + self.size] for at in range(0, len(chunk), self.size)]
        return [act for piece in pieces for act in (Wait(self.pause), Carry(piece))]


@dataclass(frozen=True, slots=True)
class Cut:
    """After so many bytes the connection is gone, as when a process is killed; 0 means at the first byte."""

    after: int = 0
    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Carry what is left to carry, then reset."""
        return _up_to(self.after - before, chunk, End(reset=True))


@dataclass(frozen=True, slots=True)
class Truncate:
    """After so many bytes the connection is closed in good order, as if that had been all."""

    after: int = 0
    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Carry what is left to carry, then close."""
        return _up_to(self.after - before, chunk, End(reset=False))


@dataclass(frozen=True, slots=True)
class BlackHole:
    """Nothing arrives, and nobody is told; what was sent arrives when the fault is lifted."""

    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Hold."""
        return (Hold(chunk),)


@dataclass(frozen=True, slots=True)
class LostReply:
    """The server gets the request and does it; when its reply comes back, the connection is gone."""

    towards: Towards = Towards.CLIENT
    refuses: bool = False

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Reset in place of the reply."""
        return (End(reset=True),)


@dataclass(frozen=True, slots=True)
class Down:
    """The server is gone: open connections end at their next request, new ones at once."""

    towards: Towards = Towards.SERVER
    refuses: bool = True

    def acts(self, chunk: bytes, before: int) -> Sequence[Act]:
        """Reset in place of the request."""
        return (End(reset=True),)


def _up_to(left: int, chunk: bytes, end: End) -> Sequence[Act]:
    if len(chunk) < left:
        return (Carry(chunk),)
    return (Carry(chunk[:left]), end) if left > 0 else (end,)
