"""One call per key: what flows ask of those who keep the flights.

The first caller that misses a key leads a *flight*; the others wait until it lands with an envelope, which each of them
opens for itself, so that no two share an object. A flight whose leader failed, was cancelled or died is abandoned, and
one of those who waited leads the next (docs/decisions/0013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore, Put


class Ending(Enum):
    """How a wait ended without an answer."""

    ABANDONED = "the leader failed, was cancelled or died"
    NOT_WAITED = "the leader waits for the one who asks, so that waiting would never end"


@dataclass(frozen=True, slots=True)
class Witness:
    """By what is known that a call has ended, of which only the beginning is seen.

    Attributes:
        lives: Something that can be referred to weakly and that the call alone holds.
        frame: The address, by `id`, of a frame of the call that is there until it ends.
    """

    lives: object
    frame: int


class Flight(Protocol):
    """One call to a model that is under way for one key."""

    @property
    def key(self) -> Key:
        """Of the answer that is being asked for."""
        ...

    @property
    def is_over(self) -> bool:
        """True once it has landed or was abandoned."""
        ...

    def abandon(self) -> None:
        """Tell all who wait that no answer comes; nothing where the flight is over.

        A plain call and no op, because whoever was given up in the middle (a coroutine that is collected) does no more ops.
        """
        ...

    def wait(self, longest: Seconds, /) -> bytes | Ending:
        """Wait, blocking, until it is over, and return how; at once where its leader waits for the caller.

        Args:
            longest: Seconds after which the wait ends as where waiting would never end.
        """
        ...

    async def wait_async(self, longest: Seconds, /) -> bytes | Ending:
        """As `wait`, awaited; cancelling it ends this wait and no other."""
        ...

    def hold(self, lease: Put, store: KeyValueStore, /) -> None:
        """Have `lease`, which is in `store` or about to be, renewed until the flight is over, and then given back."""
        ...

    def hold_async(self, lease: Put, store: AsyncKeyValueStore, /) -> None:
        """As `hold`, by a task of the running loop."""
        ...


class Flights(Protocol):
    """The flights of one open cache, for callers in any thread, task and event loop."""

    @property
    def landed(self) -> int:
        """How many flights have landed so far: where it did not change, no answer came in meanwhile."""
        ...

    @property
    def drops(self) -> int:
        """How often something was dropped so far; see `drop`."""
        ...

    def is_leading(self, *, blocking: bool) -> bool:
        """True where the caller leads a flight of any cache; or, if it blocks, anybody does whom its thread stops."""
        ...

    def token(self) -> bytes:
        """Return bytes that nobody else has, to know one's own lease by."""
        ...

    def board(self, key: Key, witness: Witness | None = None, /) -> tuple[Flight, bool]:
        """Return the flight of `key` that is under way, or begin one; and whether it was begun, so that the caller leads.

        Who leads must land or abandon it.

        Args:
            witness: Where the leader cannot promise to abandon the flight: it is abandoned when the witness is gone.
        """
        ...

    def board_many(self, keys: Sequence[Key], /) -> list[tuple[Flight, bool]]:
        """As `board` for each of different `keys`, in one step: nobody else boards any of them in between."""
        ...

    def leave(self) -> None:
        """Abandon what the caller leads without a witness, in any cache: whoever interrupts a program does so between any two lines."""
        ...

    def land(self, key: Key, body: bytes, /) -> None:
        """Give `body` to all who wait for `key`; nothing where nobody leads."""
        ...

    def land_many(self, puts: Sequence[Put], /) -> None:
        """As `land` for the key and body of each of `puts`."""
        ...

    def drop(self, space: Space, key: Key | None, /) -> None:
        """Remember that all of `space`, or `key` alone, is about to be dropped: what is asked for now is not to be kept any more."""
        ...

    def was_dropped(self, key: Key, since: int, /) -> bool:
        """True where `key` was dropped, by itself or with its space, after `drops` was `since`; or where nobody remembers that."""
        ...

    def forget(self, space: Space, key: Key | None, /) -> None:
        """Let nobody join a flight of `space`, or that of `key`, any more; who waits already goes on waiting."""
        ...
