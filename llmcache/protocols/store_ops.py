"""Ops that a store obeys; each is one method of `KeyValueStore`, `LogStore`, `ScanStore` or `NewsStore`, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Watcher, news_store
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache.protocols.steps import Op
from llmcache.protocols.world import AsyncWorld, World


@dataclass(frozen=True, slots=True)
class GetMany(Op[Sequence[bytes | None]]):
    """Read one slot per key."""

    keys: Sequence[Key]

    def on(self, world: World, /) -> Sequence[bytes | None]:
        return world.store.get_many(self.keys)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[bytes | None]:
        return await world.store.get_many(self.keys)


@dataclass(frozen=True, slots=True)
class PutMany(Op[None]):
    """Keep bodies."""

    puts: Sequence[Put]

    def on(self, world: World, /) -> None:
        world.store.put_many(self.puts)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.store.put_many(self.puts)


@dataclass(frozen=True, slots=True)
class PutIfAbsent(Op[bool]):
    """Keep a body where nothing is."""

    put: Put

    def on(self, world: World, /) -> bool:
        return world.store.put_if_absent(self.put)

    async def on_async(self, world: AsyncWorld, /) -> bool:
        return await world.store.put_if_absent(self.put)


@dataclass(frozen=True, slots=True)
class DeleteMany(Op[None]):
    """Make keys missing."""

    keys: Sequence[Key]

    def on(self, world: World, /) -> None:
        world.store.delete_many(self.keys)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.store.delete_many(self.keys)


@dataclass(frozen=True, slots=True)
class DeleteIfEqual(Op[bool]):
    """Delete what is one's own."""

    key: Key
    body: bytes = field(repr=False)

    def on(self, world: World, /) -> bool:
        return world.store.delete_if_equal(self.key, self.body)

    async def on_async(self, world: AsyncWorld, /) -> bool:
        return await world.store.delete_if_equal(self.key, self.body)


@dataclass(frozen=True, slots=True)
class Clear(Op[None]):
    """Empty one space."""

    space: Space

    def on(self, world: World, /) -> None:
        world.store.clear(self.space)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.store.clear(self.space)


@dataclass(frozen=True, slots=True)
class Append(Op[int]):
    """Add bodies to a log, all or none; the reply is its length."""

    log: Key
    bodies: Sequence[bytes] = field(repr=False)
    max_length: int | None = None
    ttl: Seconds | None = None

    def on(self, world: World, /) -> int:
        return world.log_store.append(self.log, self.bodies, max_length=self.max_length, ttl=self.ttl)

    async def on_async(self, world: AsyncWorld, /) -> int:
        return await world.log_store.append(self.log, self.bodies, max_length=self.max_length, ttl=self.ttl)


@dataclass(frozen=True, slots=True)
class ReadLog(Op[Sequence[bytes]]):
    """Read a slice of a log."""

    log: Key
    start: int = 0
    stop: int | None = None

    def on(self, world: World, /) -> Sequence[bytes]:
        return world.log_store.read_log(self.log, self.start, self.stop)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[bytes]:
        return await world.log_store.read_log(self.log, self.start, self.stop)


@dataclass(frozen=True, slots=True)
class LogLength(Op[int]):
    """Count the bodies of a log."""

    log: Key

    def on(self, world: World, /) -> int:
        return world.log_store.log_length(self.log)

    async def on_async(self, world: AsyncWorld, /) -> int:
        return await world.log_store.log_length(self.log)


@dataclass(frozen=True, slots=True)
class DeleteLog(Op[None]):
    """Drop a log."""

    log: Key

    def on(self, world: World, /) -> None:
        world.log_store.delete_log(self.log)

    async def on_async(self, world: AsyncWorld, /) -> None:
        await world.log_store.delete_log(self.log)


@dataclass(frozen=True, slots=True)
class Spaces(Op[Sequence[SpaceUse]]):
    """List the spaces that hold something."""

    def on(self, world: World, /) -> Sequence[SpaceUse]:
        return world.scan_store.spaces()

    async def on_async(self, world: AsyncWorld, /) -> Sequence[SpaceUse]:
        return await world.scan_store.spaces()


@dataclass(frozen=True, slots=True)
class Scan(Op[Sequence[Listed]]):
    """List keys of a space."""

    space: Space
    after: Key | None = None
    count: int = 100

    def on(self, world: World, /) -> Sequence[Listed]:
        return world.scan_store.scan(self.space, after=self.after, count=self.count)

    async def on_async(self, world: AsyncWorld, /) -> Sequence[Listed]:
        return await world.scan_store.scan(self.space, after=self.after, count=self.count)


@dataclass(frozen=True, slots=True)
class Watch(Op[None]):
    """Have somebody told of changes of entries."""

    watcher: Watcher

    def on(self, world: World, /) -> None:
        news_store(world.store).watch(self.watcher)

    async def on_async(self, world: AsyncWorld, /) -> None:
        news_store(world.store).watch(self.watcher)


ENTRY_OPS = frozenset({GetMany, PutMany, PutIfAbsent, DeleteMany, DeleteIfEqual, Clear})
"""The ops of `KeyValueStore`; the others are about logs and listing."""


def digest_of(op: Op[Any]) -> str:
    """Return the digest of the first key that an op on entries is about; "" where it is about none."""
    if isinstance(op, GetMany | DeleteMany):
        keys: Sequence[Key] = op.keys[:1]
    elif isinstance(op, PutMany):
        keys = [put.key for put in op.puts[:1]]
    elif isinstance(op, PutIfAbsent):
        keys = [op.put.key]
    else:
        keys = [op.key] if isinstance(op, DeleteIfEqual) else []
    return keys[0].digest if keys else ""


def said(op: Op[Any]) -> str:
    """Name an op in a message: with the digest of its first key, and nothing that was said."""
    digest = digest_of(op)
    return f"{type(op).__name__} of {digest}" if digest else type(op).__name__
