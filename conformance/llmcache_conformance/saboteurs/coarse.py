"""Saboteurs that are too coarse: one thing stands for many, or what is meant for one hits all."""

import zlib
from collections.abc import Sequence
from dataclasses import replace

from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Space
from llmcache.model.namespace import escape
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.names import Rekeying
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class HashesToAByte(Rekeying):
    """Files entries under so short a hash of their names that two of them meet."""

    def rekey(self, key: Key) -> Key:
        if key.space.kind.is_log:
            return key
        return Key(key.space, f"{zlib.crc32(escape(key.name).encode()) & 0xFF:02x}")


class OneLogForAll(Rekeying):
    """Keeps one conversation in a space, whatever its name."""

    def rekey(self, key: Key) -> Key:
        return Key(key.space, "log") if key.space.kind.is_log else key


class HoldsOneEntry(MemoryStore):
    """Holds the entry of a space that was put last."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        for put in puts:
            super().clear(put.key.space)
            super().put_many((put,))


class DeletesTheSpace(MemoryStore):
    """Deletes all of a space with each of its keys."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        super().delete_many(keys)
        for key in keys:
            super().clear(key.space)


class BringsBackTheDeleted(Prepared):
    """Marks what is deleted, and forgets the marks with the next put."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._marked: set[Key] = set()

    def delete_many(self, keys: Sequence[Key]) -> None:
        self._open("delete_many")
        self._marked.update(keys)

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        self._marked.clear()

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        return [None if key in self._marked else body for key, body in zip(keys, found, strict=True)]


class OneTimeForTheSpace(MemoryStore):
    """Gives every entry of a space the time to live that was put last."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        for space in {put.key.space for put in puts}:
            last = [put.ttl for put in puts if put.key.space == space][-1]
            super().put_many([replace(put, ttl=last) for put in self._held(space)])

    def _held(self, space: Space) -> list[Put]:
        keys = [listed.key for listed in self.scan(space, count=100_000)]
        return [Put(key, body) for key, body in zip(keys, self.get_many(keys), strict=True) if body is not None]


COARSE_SABOTEURS = (
    Saboteur(HashesToAByte, ("KV-15",)),
    Saboteur(OneLogForAll, ("KV-15",)),
    Saboteur(HoldsOneEntry, ("KV-5", "KV-15")),
    Saboteur(DeletesTheSpace, ("KV-12",)),
    Saboteur(BringsBackTheDeleted, ("KV-12",)),
    Saboteur(OneTimeForTheSpace, ("KV-5", "KV-7")),
)
