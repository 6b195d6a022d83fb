"""Ops on vector indexes; each is one method of `VectorStore`, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.model.where import Where
from llmcache.protocols.steps import Op
from llmcache.protocols.vectors import async_vector_store, vector_store
from llmcache.protocols.world import AsyncWorld, World


@dataclass(frozen=True, slots=True)
class PutPoints(Op[None]):
    """Add or replace points."""

    index: Key
    points: Sequence[Point]
    at: Instant
    over: Sequence[str | None] | None = None

    def on(self, world: World, /) -> None:
        vector_store(world.store).put_points(self.index, self.points, at=self.at, over=self.over)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await async_vector_store(world.store).put_points(self.index, self.points, at=self.at, over=self.over)


@dataclass(frozen=True, slots=True)
class DeletePoints(Op[None]):
    """Make points missing."""

    index: Key
    ids: Sequence[str]
    at: Instant
    over: Sequence[str] | None = None

    def on(self, world: World, /) -> None:
        vector_store(world.store).delete_points(self.index, self.ids, at=self.at, over=self.over)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await async_vector_store(world.store).delete_points(self.index, self.ids, at=self.at, over=self.over)


@dataclass(frozen=True, slots=True)
class GetPoints(Op[Sequence[Point | None]]):
    """Read points by their ids."""

    index: Key
    ids: Sequence[str]
    at: Instant

    def on(self, world: World, /) -> Sequence[Point | None]:
        return vector_store(world.store).get_points(self.index, self.ids, at=self.at)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[Point | None]:
        return await async_vector_store(world.store).get_points(self.index, self.ids, at=self.at)


@dataclass(frozen=True, slots=True)
class Nearest(Op[Sequence[Neighbour]]):
    """Search by direction."""

    index: Key
    vector: bytes = field(repr=False)
    count: int
    at: Instant
    least: float = -1.0
    where: Where | None = None
    with_vectors: bool = False

    def on(self, world: World, /) -> Sequence[Neighbour]:
        return vector_store(world.store).nearest(self.index, self.vector, self.count, **self._how)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[Neighbour]:
        return await async_vector_store(world.store).nearest(self.index, self.vector, self.count, **self._how)

    @property
    def _how(self) -> dict[str, Any]:
        return {"at": self.at, "least": self.least, "where": self.where, "with_vectors": self.with_vectors}


@dataclass(frozen=True, slots=True)
class EndedPoints(Op[Sequence[Point]]):
    """List points that have ended, or will soon."""

    index: Key
    until: Instant
    at: Instant
    count: int

    def on(self, world: World, /) -> Sequence[Point]:
        return vector_store(world.store).ended_points(self.index, self.until, at=self.at, count=self.count)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[Point]:
        return await async_vector_store(world.store).ended_points(self.index, self.until, at=self.at, count=self.count)
