"""Ops for one call per key."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.flights import Ending, Flight, Witness
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op
from llmcache.protocols.world import AsyncWorld, World


@dataclass(frozen=True, slots=True)
class Landed(Op[int]):
    """Tell how many flights have landed so far."""

    def on(self, world: World, /) -> int:
        return world.flights.landed

    async def on_async(self, world: AsyncWorld, /) -> int:
        return world.flights.landed


@dataclass(frozen=True, slots=True)
class Board(Op[tuple[Flight, bool]]):
    """Lead the flight of a key, or get the one that is under way; see `Flights.board`."""

    key: Key
    witness: Witness | None = None

    def on(self, world: World, /) -> tuple[Flight, bool]:
        return world.flights.board(self.key, self.witness)

    async def on_async(self, world: AsyncWorld, /) -> tuple[Flight, bool]:
        return world.flights.board(self.key, self.witness)


@dataclass(frozen=True, slots=True)
class BoardMany(Op[list[tuple[Flight, bool]]]):
    """Lead the flights of keys, or get those that are under way; see `Flights.board_many`."""

    keys: Sequence[Key]

    def on(self, world: World, /) -> list[tuple[Flight, bool]]:
        return world.flights.board_many(self.keys)

    async def on_async(self, world: AsyncWorld, /) -> list[tuple[Flight, bool]]:
        return world.flights.board_many(self.keys)


@dataclass(frozen=True, slots=True)
class Await(Op[bytes | Ending]):
    """Wait until a flight is over, for so many seconds at most."""

    flight: Flight
    longest: Seconds

    def on(self, world: World, /) -> bytes | Ending:
        return self.flight.wait(self.longest)

    async def on_async(self, world: AsyncWorld, /) -> bytes | Ending:
        return await self.flight.wait_async(self.longest)


@dataclass(frozen=True, slots=True)
class Leading(Op[bool]):
    """Tell whether the caller leads something already, so that others may wait for it."""

    def on(self, world: World, /) -> bool:
        return world.flights.is_leading(blocking=True)

    async def on_async(self, world: AsyncWorld, /) -> bool:
        return world.flights.is_leading(blocking=False)


@dataclass(frozen=True, slots=True)
class Land(Op[None]):
    """Give an envelope to all who wait for a key."""

    key: Key
    body: bytes = field(repr=False)

    def on(self, world: World, /) -> None:
        world.flights.land(self.key, self.body)

    async def on_async(self, world: AsyncWorld, /) -> None:
        world.flights.land(self.key, self.body)


@dataclass(frozen=True, slots=True)
class LandMany(Op[None]):
    """Give bodies to all who wait for their keys."""

    puts: Sequence[Put]

    def on(self, world: World, /) -> None:
        world.flights.land_many(self.puts)

    async def on_async(self, world: AsyncWorld, /) -> None:
        world.flights.land_many(self.puts)


@dataclass(frozen=True, slots=True)
class Token(Op[bytes]):
    """Make bytes that nobody else has, for a lease."""

    def on(self, world: World, /) -> bytes:
        return world.flights.token()

    async def on_async(self, world: AsyncWorld, /) -> bytes:
        return world.flights.token()


@dataclass(frozen=True, slots=True)
class Hold(Op[None]):
    """Keep a lease for as long as a flight is under way, if it is, or will be, in the store."""

    flight: Flight
    lease: Put

    def on(self, world: World, /) -> None:
        self.flight.hold(self.lease, world.store)

    async def on_async(self, world: AsyncWorld, /) -> None:
        self.flight.hold_async(self.lease, world.store)


@dataclass(frozen=True, slots=True)
class Drops(Op[int]):
    """Tell how often something was dropped so far, to ask `WasDropped` by."""

    def on(self, world: World, /) -> int:
        return world.flights.drops

    async def on_async(self, world: AsyncWorld, /) -> int:
        return world.flights.drops


@dataclass(frozen=True, slots=True)
class WasDropped(Op[bool]):
    """Tell whether a key was dropped, by itself or with its space, since `Drops` told `since`."""

    key: Key
    since: int

    def on(self, world: World, /) -> bool:
        return world.flights.was_dropped(self.key, self.since)

    async def on_async(self, world: AsyncWorld, /) -> bool:
        return world.flights.was_dropped(self.key, self.since)


@dataclass(frozen=True, slots=True)
class Drop(Op[None]):
    """Let what is being asked for now not be kept, of the space or for the one key."""

    space: Space
    key: Key | None = None

    def on(self, world: World, /) -> None:
        world.flights.drop(self.space, self.key)

    async def on_async(self, world: AsyncWorld, /) -> None:
        world.flights.drop(self.space, self.key)


@dataclass(frozen=True, slots=True)
class Forget(Op[None]):
    """Let nobody who asks from now on share a call that is under way for a key of the space, or for the one key."""

    space: Space
    key: Key | None = None

    def on(self, world: World, /) -> None:
        world.flights.forget(self.space, self.key)

    async def on_async(self, world: AsyncWorld, /) -> None:
        world.flights.forget(self.space, self.key)
