"""Saboteurs that read or write wrongly."""

import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from llmcache.errors import StoreLimit, StoreUnavailable
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.memory.contents import Contents
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Watcher
from llmcache_conformance.saboteurs.saboteur import Prepared, Rewriting, Saboteur

if TYPE_CHECKING:
    from _thread import RLock


class DropsMisses(MemoryStore):
    """Answers only the keys that are there."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [body for body in super().get_many(keys) if body is not None]


class SortsAnswers(MemoryStore):
    """Answers in the order of its index, not of the keys."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return super().get_many(sorted(keys, key=lambda key: key.physical))


class AnswersAThousand(MemoryStore):
    """Reads no more than a thousand keys in one call."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return super().get_many(keys[:1_000]) + [None] * len(keys[1_000:])


class AnswersDuplicatesOnce(MemoryStore):
    """Reads the set of the keys."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return super().get_many(list(dict.fromkeys(keys)))


class FailsOnNothing(MemoryStore):
    """Sends an empty query, which its server does not understand."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        if not keys:
            raise StoreUnavailable("memory refused get_many: wrong number of arguments")
        return super().get_many(keys)


class TakesEmptyForMissing(MemoryStore):
    """Tests a body for truth."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [body or None for body in super().get_many(keys)]


class StripsBodies(Rewriting):
    """Cuts trailing blanks and NULs off."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, body=put.body.rstrip(b" \n\x00")) if isinstance(put.body, bytes) else put


class DecodesBodies(Rewriting):
    """Keeps bodies as text."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, body=put.body.decode("utf-8", "replace").encode()) if type(put.body) is bytes else put


class CutsBodies(Rewriting):
    """Keeps the first 65,535 bytes."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, body=put.body[:65_535]) if type(put.body) is bytes else put


class AnswersBytearrays(MemoryStore):
    """Gives its buffer away."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [None if body is None else cast(bytes, bytearray(body)) for body in super().get_many(keys)]


class KeepsTheFirst(MemoryStore):
    """Never replaces a body."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        found = self.get_many([put.key for put in puts])
        super().put_many([put for put, body in zip(puts, found, strict=True) if body is None])


class EarlierPutHolds(MemoryStore):
    """Of two puts of one key keeps the earlier."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(list(reversed(puts)))


class ChecksAsItWrites(MemoryStore):
    """Finds a wrong put only after it has written those before it."""

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(())
        for put in puts:
            super().put_many((put,))


class WritesWhatIsRight(MemoryStore):
    """Finds a wrong put, writes the others, and then says so."""

    def put_many(self, puts: Sequence[Put]) -> None:
        wrong: list[Put] = []
        for put in puts:
            try:
                self._checked((put,), "put_many")
            except (ValueError, StoreLimit):
                wrong.append(put)
        super().put_many([put for put in puts if not any(put is one for one in wrong)])
        super().put_many(wrong)


class WritesInHalves(MemoryStore):
    """Lets readers see the first half of a body."""

    def put_many(self, puts: Sequence[Put]) -> None:
        self._checked(puts, "put_many")
        super().put_many([replace(put, body=put.body[: len(put.body) // 2]) for put in puts])
        time.sleep(0)
        super().put_many(puts)


class TakesBytearrays(Rewriting):
    """Keeps whatever can be made into bytes."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, body=bytes(put.body)) if isinstance(put.body, bytearray | memoryview | bytes) else put


class ComparesBytearrays(MemoryStore):
    """Deletes by whatever equals bytes."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        return super().delete_if_equal(key, bytes(body))


class CutsLargeBodies(Rewriting):
    """Keeps as much of a body as is allowed."""

    def rewrite(self, put: Put) -> Put:
        return replace(put, body=put.body[: self.capabilities.limits.max_body_bytes]) if put.body else put


class DropsLargeBodies(MemoryStore):
    """Forgets bodies that are too large, and says nothing."""

    def put_many(self, puts: Sequence[Put]) -> None:
        limit = self.capabilities.limits.max_body_bytes or 0
        super().put_many([put for put in puts if type(put.body) is not bytes or len(put.body) <= limit])


class TakesOneByteMore(Rewriting):
    """Is off by one at its limit."""

    def rewrite(self, put: Put) -> Put:
        limit = self.capabilities.limits.max_body_bytes or 0
        return replace(put, body=put.body[:limit]) if type(put.body) is bytes and len(put.body) == limit + 1 else put


class RemembersReads(AsyncMemoryStore):
    """The async colour keeps what it has read once."""

    __slots__ = ("_read",)

    def __init__(self, blocking: MemoryStore) -> None:
        super().__init__(blocking)
        self._read: dict[Key, bytes | None] = {}

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        for key, body in zip(keys, await super().get_many(keys), strict=True):
            self._read.setdefault(key, body)
        return [self._read[key] for key in keys]


class HoldsItsOwn(AsyncMemoryStore):
    """The async colour does not see what the blocking one holds; its clock is the machine's."""

    __slots__ = ()

    def __init__(self, blocking: MemoryStore) -> None:
        super().__init__(MemoryStore())


class SharedMemory(Prepared):
    """All handles that have one clock share what they hold. Not broken: the ground for broken handles."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        own = (self._contents, self._lock, self._watchers)
        self._contents, self._lock, self._watchers = _shared.setdefault(self._clock, own)
        self._own: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        super().watch(watcher)
        self._own.append(watcher)

    def close(self) -> None:
        for watcher in self._own:
            self._watchers.remove(watcher)
        self._own.clear()
        super().close()


_Shared = tuple[Contents, "RLock", list[Watcher]]
_shared: "weakref.WeakKeyDictionary[Callable[[], Instant], _Shared]" = weakref.WeakKeyDictionary()


class HandlesRemember(SharedMemory):
    """A handle answers what it has read once, until it writes itself."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        super().prepare(max_bytes, max_entries)
        self._read: dict[Key, bytes | None] = {}

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        return [self._read.setdefault(key, body) for key, body in zip(keys, super().get_many(keys), strict=True)]

    def put_many(self, puts: Sequence[Put]) -> None:
        super().put_many(puts)
        self._read.clear()


BODY_SABOTEURS = (
    Saboteur(DropsMisses, ("KV-1",)),
    Saboteur(SortsAnswers, ("KV-1",)),
    Saboteur(AnswersAThousand, ("KV-1",)),
    Saboteur(AnswersDuplicatesOnce, ("KV-3",)),
    Saboteur(FailsOnNothing, ("KV-3",)),
    Saboteur(TakesEmptyForMissing, ("KV-2",)),
    Saboteur(StripsBodies, ("KV-4",)),
    Saboteur(DecodesBodies, ("KV-4",)),
    Saboteur(CutsBodies, ("KV-4",)),
    Saboteur(AnswersBytearrays, ("KV-4",)),
    Saboteur(KeepsTheFirst, ("KV-5",)),
    Saboteur(EarlierPutHolds, ("KV-10",)),
    Saboteur(ChecksAsItWrites, ("KV-9",)),
    Saboteur(WritesWhatIsRight, ("KV-9",)),
    Saboteur(WritesInHalves, ("KV-10",)),
    Saboteur(TakesBytearrays, ("KV-17",)),
    Saboteur(ComparesBytearrays, ("KV-25",)),
    Saboteur(CutsLargeBodies, ("KV-16",)),
    Saboteur(DropsLargeBodies, ("KV-16",)),
    Saboteur(TakesOneByteMore, ("KV-16",)),
    Saboteur(MemoryStore, ("KV-6",), RemembersReads),
    Saboteur(MemoryStore, ("KV-6",), HoldsItsOwn),
    Saboteur(HandlesRemember, ("KV-6",), opens_same=True),
)
