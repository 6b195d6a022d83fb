"""Saboteurs that close, or are cancelled, wrongly."""

import asyncio
from collections.abc import Sequence

from llmcache.errors import ClosedError, StoreUnavailable
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.checks import check_puts
from llmcache.protocols.key_value import Put
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_conformance.saboteurs.bodies import SharedMemory
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class OpensAgain(MemoryStore):
    """Goes on after it was closed."""

    def close(self) -> None:
        """Do nothing."""


class MissesWhenClosed(MemoryStore):
    """Answers misses after it was closed."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [None for _ in keys] if self._is_closed else super().get_many(keys)


class AnswersNothingWhenClosed(MemoryStore):
    """Answers calls that ask nothing before it looks whether it is closed."""

    def put_many(self, puts: Sequence[Put]) -> None:
        if puts:
            super().put_many(puts)


class ClosesOnce(MemoryStore):
    """Fails when it is closed a second time."""

    def close(self) -> None:
        if self._is_closed:
            raise StoreUnavailable("memory refused close: no connection")
        super().close()


class ReadsClosedLogs(MemoryStore):
    """Finds logs empty after it was closed."""

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return [] if self._is_closed else super().read_log(log, start, stop)


class ListsWhenClosed(MemoryStore):
    """Lists nothing after it was closed."""

    def spaces(self) -> list[SpaceUse]:
        return [] if self._is_closed else super().spaces()

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return [] if self._is_closed else super().scan(space, after=after, count=count)


class TakesItAlong(SharedMemory):
    """Drops what it holds when one of its handles is closed."""

    def close(self) -> None:
        if not self._is_closed:
            for use in self.spaces():
                self.clear(use.space)
        super().close()


class ClosesOneColour(AsyncMemoryStore):
    """Leaves the blocking colour open when the async one is closed, and the other way round."""

    __slots__ = ("_closed",)

    def __init__(self, blocking: MemoryStore) -> None:
        super().__init__(blocking)
        self._closed = False

    async def close(self) -> None:
        self._closed = True

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        if self._closed:
            raise ClosedError("memory refused get_many: the store is closed")
        return await super().get_many(keys)


class AppendsWithPauses(AsyncMemoryStore):
    """Lets the event loop go round between the bodies of an append."""

    __slots__ = ()

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        length = await super().append(log, (), max_length=max_length, ttl=ttl)
        for body in bodies:
            length = await super().append(log, (body,), max_length=max_length, ttl=ttl)
            await asyncio.sleep(0)
        return length


class DeletesThenPuts(AsyncMemoryStore):
    """Drops the old entry, lets the event loop go round, and writes the new one."""

    __slots__ = ()

    async def put_many(self, puts: Sequence[Put]) -> None:
        check_puts(puts, self.capabilities.limits, self.name)
        await super().delete_many([put.key for put in puts])
        await asyncio.sleep(0)
        await super().put_many(puts)


class ReservesThenPuts(AsyncMemoryStore):
    """Keeps an empty body in the place, lets the event loop go round, and writes the right one."""

    __slots__ = ()

    async def put_if_absent(self, put: Put) -> bool:
        check_puts((put,), self.capabilities.limits, self.name, "put_if_absent")
        is_kept = await super().put_if_absent(Put(put.key, b"", put.ttl))
        await asyncio.sleep(0)
        if is_kept:
            await super().put_many((put,))
        return is_kept


class LeavesAnswersBehind(AsyncMemoryStore):
    """Reads from a connection on which a cancelled call left its answer."""

    __slots__ = ("_line",)

    def __init__(self, blocking: MemoryStore) -> None:
        super().__init__(blocking)
        self._line: list[list[bytes | None]] = []

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        self._line.append(await super().get_many(keys))
        await asyncio.sleep(0)
        return self._line.pop(0)


class ForgetsToFree(Prepared):
    """Keeps the lease of one who gave it back."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._freed = 0

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        is_deleted = super().delete_if_equal(key, body)
        self._freed += is_deleted
        if is_deleted and self._freed == 1:
            super().put_many((Put(key, body),))
        return is_deleted


ENDING_SABOTEURS = (
    Saboteur(OpensAgain, ("KV-18",)),
    Saboteur(MissesWhenClosed, ("KV-18",)),
    Saboteur(AnswersNothingWhenClosed, ("KV-18",)),
    Saboteur(ClosesOnce, ("KV-18",)),
    Saboteur(ReadsClosedLogs, ("KV-18",)),
    Saboteur(ListsWhenClosed, ("KV-18",)),
    Saboteur(MemoryStore, ("KV-22",), ClosesOneColour),
    Saboteur(TakesItAlong, ("KV-21",), opens_same=True),
    Saboteur(MemoryStore, ("KV-20",), AppendsWithPauses),
    Saboteur(MemoryStore, ("KV-20",), DeletesThenPuts),
    Saboteur(MemoryStore, ("KV-20",), ReservesThenPuts),
    Saboteur(MemoryStore, ("KV-20",), LeavesAnswersBehind),
    Saboteur(ForgetsToFree, ("KV-13",)),
)
