"""The async colour: the same rounds, awaited."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmcache.drivers.reads import Reads
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_append, check_body, check_keys, check_puts
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_momento import entries, logs
from llmcache_momento.budget import Budget
from llmcache_momento.errors import NAME, Failure, translated
from llmcache_momento.link import Link
from llmcache_momento.rounds import R, Rounds

if TYPE_CHECKING:
    from llmcache_momento.async_wire import AsyncWire


class AsyncMomentoStore:
    """The same store, awaited; obeys `AsyncKeyValueStore` and `AsyncLogStore`. Made by `open_pair`.

    Each event loop has connections of its own. A call that is cancelled may be done by the service all the same, whole.
    """

    __slots__ = ("_link", "_reads")

    def __init__(self, link: Link) -> None:
        self._link = link
        self._reads = Reads(self._read)

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> Capabilities:
        return self._link.capabilities

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        keys = tuple(keys)
        check_keys(keys, self.capabilities.limits, NAME, "get_many")
        self._link.check_open("get_many")
        return await self._reads.get(keys) if keys else []

    async def put_many(self, puts: Sequence[Put]) -> None:
        puts = tuple(puts)
        check_puts(puts, self.capabilities.limits, NAME)
        deed = Deed("put_many", puts[0].key if puts else None, changes=True)
        await self._done(deed, lambda: entries.put_many(self._link.generations, puts))

    async def put_if_absent(self, put: Put) -> bool:
        check_puts((put,), self.capabilities.limits, NAME, "put_if_absent")
        deed = Deed("put_if_absent", put.key, changes=True)
        return await self._done(deed, lambda: entries.put_if_absent(self._link.generations, put))

    async def delete_many(self, keys: Sequence[Key]) -> None:
        keys = tuple(keys)
        check_keys(keys, self.capabilities.limits, NAME, "delete_many")
        deed = Deed("delete_many", keys[0] if keys else None, changes=True)
        await self._done(deed, lambda: entries.delete_many(self._link.generations, keys))

    async def delete_if_equal(self, key: Key, body: bytes) -> bool:
        check_body(key, body, NAME, "delete_if_equal")
        deed = Deed("delete_if_equal", key, changes=True)
        return await self._done(deed, lambda: entries.delete_if_equal(self._link.generations, key, body))

    async def clear(self, space: Space) -> None:
        await self._done(Deed("clear", changes=True), lambda: entries.clear(self._link.generations, space))

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        bodies, link = tuple(bodies), self._link
        check_append(log, bodies, max_length=max_length, ttl=ttl, limits=self.capabilities.limits, store=NAME)
        if not bodies:
            return await self._done(Deed("append", log), lambda: logs.log_length(link.generations, log))

        def rounds() -> Rounds[int]:
            return logs.append(link.generations, link.outside, log, bodies, max_length=max_length, ttl=ttl)

        return await self._done(Deed("append", log, changes=True), rounds)

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return await self._done(Deed("read_log", log), lambda: logs.read_log(self._link.generations, log, start, stop))

    async def log_length(self, log: Key) -> int:
        return await self._done(Deed("log_length", log), lambda: logs.log_length(self._link.generations, log))

    async def delete_log(self, log: Key) -> None:
        link = self._link
        deed = Deed("delete_log", log, changes=True)
        await self._done(deed, lambda: logs.delete_log(link.generations, link.outside, log))

    async def close(self) -> None:
        await self._link.close_async()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._link.settings.cache!r})"

    def __reduce__(self) -> str:
        raise TypeError("a store cannot be pickled; open the same cache in the other process")

    async def _read(self, keys: Sequence[Key]) -> list[bytes | None]:
        return await self._done(Deed("get_many", keys[0]), lambda: entries.get_many(self._link.generations, keys))

    async def _done(self, deed: Deed, rounds: Callable[[], Rounds[R]]) -> R:
        budget = Budget(self._link.settings.timeout)
        try:
            try:
                return await self._tried(deed, rounds, budget)
            except Failure as failure:
                if not failure.is_for_another_wire:
                    raise
            return await self._tried(deed, rounds, budget)
        except Failure as failure:
            self._link.check_open(deed.op)
            link = self._link
            raise translated(failure, deed, link.settings.cache, link.account.target) from failure.__cause__

    async def _tried(self, deed: Deed, rounds: Callable[[], Rounds[R]], budget: Budget) -> R:
        """Do it once, and again where only the cache was missing and could be created."""
        link = self._link
        async with link.in_use_async(deed.op) as wire:
            try:
                try:
                    return await self._run(wire, rounds, budget)
                except Failure as failure:
                    if not (failure.is_missing_cache and link.settings.create):
                        raise
                async with wire.creating:
                    if not link.is_created:
                        await wire.create_cache(budget)
                        link.is_created = True
                return await self._run(wire, rounds, budget)
            except Failure as failure:
                if failure.is_of_the_wire:
                    failure.is_for_another_wire = failure.is_certainly_not_done and wire.has_answered
                    link.retire(wire)
                raise

    async def _run(self, wire: "AsyncWire", rounds: Callable[[], Rounds[R]], budget: Budget) -> R:
        return await wire.run(rounds(), budget)
