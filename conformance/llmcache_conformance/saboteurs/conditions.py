"""Saboteurs of the conditional ops, of deleting and of clearing."""

import time
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from llmcache.errors import StoreRefused
from llmcache.memory import MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class PutsAnyway(MemoryStore):
    """Answers rightly whether the key was there, and writes in either case."""

    def put_if_absent(self, put: Put) -> bool:
        is_absent = super().put_if_absent(put)
        super().put_many((put,))
        return is_absent


class SaysItKept(MemoryStore):
    """Answers True in either case."""

    def put_if_absent(self, put: Put) -> bool:
        super().put_if_absent(put)
        return True


class LengthensWhatIsThere(MemoryStore):
    """Leaves the body that is there, and gives it the time to live of the one it refuses."""

    def put_if_absent(self, put: Put) -> bool:
        is_absent = super().put_if_absent(put)
        if not is_absent:
            (body,) = self.get_many((put.key,))
            super().put_many((replace(put, body=body or b""),))
        return is_absent


class TakesEmptyForAbsent(MemoryStore):
    """Tests the body that is there for truth."""

    def put_if_absent(self, put: Put) -> bool:
        self._checked((put,), "put_if_absent")
        self.delete_if_equal(put.key, b"")
        return super().put_if_absent(put)


class LooksThenPuts(MemoryStore):
    """Asks whether the key is there, and writes in a second step."""

    def put_if_absent(self, put: Put) -> bool:
        self._checked((put,), "put_if_absent")
        if self.get_many((put.key,))[0] is not None:
            return False
        time.sleep(0)
        super().put_many((put,))
        return True


class RemembersTheDeleted(Prepared):
    """Never again keeps by `put_if_absent` what was deleted once."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._deleted: set[Key] = set()

    def delete_many(self, keys: Sequence[Key]) -> None:
        super().delete_many(keys)
        self._deleted.update(keys)

    def put_if_absent(self, put: Put) -> bool:
        return put.key not in self._deleted and super().put_if_absent(put)


class ExpiredStillCounts(MemoryStore):
    """Does not look at the time where it looks whether a key is there."""

    def put_if_absent(self, put: Put) -> bool:
        shelf = self._contents.shelf_of(put.key.space)
        return not (shelf and put.key.physical in shelf.entries) and super().put_if_absent(put)


class DeletesWhatExpired(MemoryStore):
    """Answers that it deleted what was gone already."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        shelf = self._contents.shelf_of(key.space)
        slot = shelf.entries.get(key.physical) if shelf else None
        is_there = slot is not None and slot.body == body
        return super().delete_if_equal(key, body) or is_there


class DeletesWhatBegins(MemoryStore):
    """Compares as far as the body that is given goes."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        (found,) = self.get_many((key,))
        return found is not None and found.startswith(body) and super().delete_if_equal(key, found)


class DeletesAnything(MemoryStore):
    """Deletes the lease of another, too."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        self._open("delete_if_equal")
        (found,) = self.get_many((key,))
        return found is not None and super().delete_if_equal(key, found)


class LooksThenDeletes(MemoryStore):
    """Compares, and deletes in a second step."""

    def delete_if_equal(self, key: Key, body: bytes) -> bool:
        if self.get_many((key,))[0] != body:
            return False
        time.sleep(0)
        super().delete_many((key,))
        return True


class RefusesTheMissing(MemoryStore):
    """Takes deleting a missing key for an error."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        for key in keys:
            if self.get_many((key,)) == [None]:
                raise StoreRefused(f"memory refused delete_many of {key.digest}: no such key")
            super().delete_many((key,))


class DeletesTheFirst(MemoryStore):
    """Deletes one key a call."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        super().delete_many(keys[:1])


class DeletesByPattern(MemoryStore):
    """Takes a name for a glob."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        for key in keys:
            there = [listed.key for listed in self.scan(key.space, count=10_000)]
            super().delete_many([one for one in there if fnmatchcase(one.name, key.name)])


class DeletesByBeginning(MemoryStore):
    """Deletes every key that begins like the one given."""

    def delete_many(self, keys: Sequence[Key]) -> None:
        for key in keys:
            there = [listed.key for listed in self.scan(key.space, count=10_000)]
            super().delete_many([one for one in there if one.name.startswith(key.name)])


class ClearsNothing(MemoryStore):
    """Leaves everything."""

    def clear(self, space: Space) -> None:
        self._open("clear")


class ClearsByBeginning(MemoryStore):
    """Clears every namespace that begins like the one given, of the same kind."""

    def clear(self, space: Space) -> None:
        self._open("clear")
        for use in self.spaces():
            if use.space.kind is space.kind and use.space.namespace.text.startswith(space.namespace.text):
                super().clear(use.space)


class ClearsAllKinds(MemoryStore):
    """Clears conversations and leases with the answers."""

    def clear(self, space: Space) -> None:
        for kind in Kind:
            super().clear(Space(space.namespace, kind))


class ClearsAPage(MemoryStore):
    """Clears the first hundred keys that a scan finds."""

    def clear(self, space: Space) -> None:
        for listed in self.scan(space, count=100):
            super().delete_many((listed.key,))
            super().delete_log(listed.key)


class ClearsEntriesOnly(MemoryStore):
    """Leaves logs."""

    def clear(self, space: Space) -> None:
        self._open("clear")
        for listed in self.scan(space, count=10_000):
            super().delete_many((listed.key,))


class ClearsForEver(Prepared):
    """Answers nothing from a space that was cleared, whenever it was written."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._cleared: set[Space] = set()

    def clear(self, space: Space) -> None:
        super().clear(space)
        self._cleared.add(space)

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        return [None if key.space in self._cleared else body for key, body in zip(keys, found, strict=True)]


CONDITION_SABOTEURS = (
    Saboteur(PutsAnyway, ("KV-11",)),
    Saboteur(SaysItKept, ("KV-11",)),
    Saboteur(LengthensWhatIsThere, ("KV-11",)),
    Saboteur(TakesEmptyForAbsent, ("KV-11",)),
    Saboteur(LooksThenPuts, ("KV-11",)),
    Saboteur(RemembersTheDeleted, ("KV-11",)),
    Saboteur(ExpiredStillCounts, ("KV-11",)),
    Saboteur(DeletesWhatExpired, ("KV-13",)),
    Saboteur(DeletesWhatBegins, ("KV-13",)),
    Saboteur(DeletesAnything, ("KV-13",)),
    Saboteur(LooksThenDeletes, ("KV-13",)),
    Saboteur(RefusesTheMissing, ("KV-12",)),
    Saboteur(DeletesTheFirst, ("KV-12",)),
    Saboteur(DeletesByPattern, ("KV-12",)),
    Saboteur(DeletesByBeginning, ("KV-12",)),
    Saboteur(ClearsNothing, ("KV-14",)),
    Saboteur(ClearsByBeginning, ("KV-14",)),
    Saboteur(ClearsAllKinds, ("KV-14",)),
    Saboteur(ClearsAPage, ("KV-14",)),
    Saboteur(ClearsEntriesOnly, ("KV-14",)),
    Saboteur(ClearsForEver, ("KV-14",)),
)
