"""Saboteurs that break the limits they declare, or limits that they do not."""

from collections.abc import Sequence
from dataclasses import replace

from llmcache.errors import StoreLimit
from llmcache.memory import MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.saboteur import Rewriting, Saboteur


class TakesAnyBatch(MemoryStore):
    """Declares to take few keys in one call, and takes more."""

    @property
    def capabilities(self) -> Capabilities:
        own = super().capabilities
        return replace(own, limits=replace(own.limits, max_batch=8))


class CutsBatches(MemoryStore):
    """Declares no limit, and writes the first few hundred of a call."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts[:500])


class TakesOneLess(TakesAnyBatch):
    """Refuses as many keys as it declares to take."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        if len(keys) >= 8:
            raise StoreLimit(f"memory refused get_many: {len(keys)} keys in one call, limit 8")
        return super().get_many(keys)


class TakesAnyTime(MemoryStore):
    """Declares a longest time to live, and takes a longer one."""

    @property
    def capabilities(self) -> Capabilities:
        own = super().capabilities
        return replace(own, limits=replace(own.limits, max_ttl=3_600.0))


class CountsTimeInAWord(Rewriting):
    """Keeps milliseconds in 32 bits, so that a long time to live comes out short."""

    def rewrite(self, put: Put) -> Put:
        return put if put.ttl is None else replace(put, ttl=1e-9 if put.ttl * 1e3 > 2**31 else put.ttl)

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        # What would end at once is gone by the time it is read, on a clock that stands still, too.
        ending = {listed.key for key in keys for listed in self.scan(key.space) if (listed.ttl or 1.0) < 1e-6}
        found = super().get_many(keys)
        return [None if key in ending else body for key, body in zip(keys, found, strict=True)]


LIMIT_SABOTEURS = (
    Saboteur(TakesAnyBatch, ("KV-23",)),
    Saboteur(CutsBatches, ("KV-23",)),
    Saboteur(TakesOneLess, ("KV-23",)),
    Saboteur(TakesAnyTime, ("KV-24",)),
    Saboteur(CountsTimeInAWord, ("KV-24",)),
)
