"""Saboteurs that are right as long as one client is alone, or in one colour only."""

import time
from collections.abc import Sequence

from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class WritesBehind(Prepared):
    """Acknowledges puts and writes them when it is asked next, after it has answered."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._behind: list[Put] = []

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        self._behind += puts

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        behind, self._behind = self._behind, []
        super().put_many(behind)
        return found


class LosesUpdates(MemoryStore):
    """Reads the whole space, and writes it back with what is new, over what others wrote meanwhile."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        listed = [one for space in {put.key.space for put in puts} for one in self.scan(space, count=10_000)]
        bodies = self.get_many([one.key for one in listed])
        time.sleep(0)
        held = [Put(one.key, body, one.ttl) for one, body in zip(listed, bodies, strict=True) if body is not None]
        super().put_many([*held, *puts])


class _Aside(AsyncMemoryStore):
    def _aside(self, key: Key) -> Key:
        return Key(key.space, f"{key.name[:300]}|async")


class AwaitsElsewhere(_Aside):
    """Keeps what is awaited under other names than what is called blocking."""

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return await super().get_many([self._aside(key) for key in keys])

    async def put_many(self, puts: Sequence[Put]) -> None:
        await super().put_many([Put(self._aside(put.key), put.body, put.ttl) for put in puts])


class AppendsElsewhere(_Aside):
    """Keeps conversations that are awaited apart from those that are called blocking."""

    async def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: float | None = None
    ) -> int:
        return await super().append(self._aside(log), bodies, max_length=max_length, ttl=ttl)

    async def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return await super().read_log(self._aside(log), start, stop)


RACE_SABOTEURS = (
    Saboteur(WritesBehind, ("KV-6",)),
    Saboteur(LosesUpdates, ("KV-6", "KV-10")),
    Saboteur(MemoryStore, ("KV-6",), awaiting=AwaitsElsewhere),
    Saboteur(MemoryStore, ("LOG-1",), awaiting=AppendsElsewhere),
)
