"""Saboteurs that list wrongly."""

from dataclasses import replace

from llmcache.memory import MemoryStore
from llmcache.memory.contents import Contents
from llmcache.memory.shelf import Log, Shelf, Slot
from llmcache.model.key import Key, Space
from llmcache.model.namespace import Namespace, escape
from llmcache.protocols.scan import Listed, SpaceUse
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur

_ALL = 100_000


class _ByAge(Contents):
    def shelves(self) -> list[Shelf]:
        return list(self._shelves.values())


class ListsSpacesByAge(Prepared):
    """Lists spaces in the order they were first written."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._contents = _ByAge(self.name, max_bytes, max_entries)


class ListsOneSpaceOfTwo(MemoryStore):
    """Leaves out kinds it does not know."""

    def spaces(self) -> list[SpaceUse]:
        return [use for use in super().spaces() if use.space.kind.is_evictable]


class CountsNoBytes(MemoryStore):
    """Lists spaces without their sizes."""

    def spaces(self) -> list[SpaceUse]:
        return [replace(use, body_bytes=0) for use in super().spaces()]


class ListsEmptySpaces(Prepared):
    """Goes on listing spaces that were emptied."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._seen: set[str] = set()

    def clear(self, space: Space) -> None:
        super().clear(space)
        self._seen.add(space.prefix)

    def spaces(self) -> list[SpaceUse]:
        gone = [SpaceUse(Space.from_prefix(prefix), 0, 0) for prefix in self._seen]
        return sorted([*super().spaces(), *gone], key=lambda use: use.space.prefix)


class Scanning(MemoryStore):
    """Scans in a way of its own; `honest` is the right one."""

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return self.wrong(space, after, count)

    def honest(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        """Scan as a store should."""
        return super().scan(space, after=after, count=count)

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        """Scan as this one does."""
        raise NotImplementedError


class ScansBackwards(Scanning):
    """Gives each page from its end."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        return list(reversed(self.honest(space, after, count)))


class ScansOneMore(Scanning):
    """Gives one key more than was asked."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        return self.honest(space, after, count + 1)


class ScansFromAfter(Scanning):
    """Begins with `after`, not behind it, where that key is not the last."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        page = self.honest(space, after, count)
        if after is None or not page:
            return page
        return [listed for listed in self.honest(space, None, _ALL) if listed.key.physical >= after.physical][:count]


class ScansByPlace(Prepared, Scanning):
    """Remembers how many keys it has given, not where it was."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._given = 0

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        self._given = 0 if after is None else self._given
        page = self.honest(space, None, _ALL)[self._given : self._given + count]
        self._given += len(page)
        return page


class ScansTheSpacesBelow(Scanning):
    """Lists the keys of the namespaces below, too."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        below = [use.space for use in self.spaces() if use.space.namespace.text.startswith(space.namespace.text)]
        found = [listed for one in below for listed in self.honest(one, None, _ALL)]
        behind = "" if after is None else after.physical
        keys = sorted((listed for listed in found if listed.key.physical > behind), key=lambda one: one.key.physical)
        return keys[:count]


class ListsEscapedNames(Scanning):
    """Gives names as they stand in the store."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        page = self.honest(space, after, count)
        return [replace(listed, key=Key(space, escape(listed.key.name)[:100])) for listed in page]


class ListsTheParent(Scanning):
    """Gives keys of the namespace above."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        above = Space(Namespace(space.namespace.parts[:1]), space.kind)
        return [replace(one, key=Key(above, one.key.name)) for one in self.honest(space, after, count)]


class ListsNoTime(Scanning):
    """Does not know when a key is gone."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        return [replace(listed, ttl=None) for listed in self.honest(space, after, count)]


class TakesLogsForEntries(Scanning):
    """Gives every key the length of an entry."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        return [replace(listed, length=1) for listed in self.honest(space, after, count)]


class ListsTheExpired(Scanning):
    """Lists what nobody has swept yet."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        shelf = self._contents.shelf_of(space)
        held: dict[str, Slot | Log] = {} if shelf is None else {**shelf.entries, **shelf.logs}
        behind = "" if after is None else after.physical
        names = sorted(physical for physical in held if physical > behind)[:count]
        found = [(Key.from_physical(name), held[name]) for name in names]
        return [Listed(key, one.body_bytes, one.length, one.expires_at - self._clock()) for key, one in found]


class ScansNothing(Scanning):
    """Takes a count under one for a wish."""

    def scan(self, space: Space, *, after: Key | None = None, count: int = 100) -> list[Listed]:
        return [] if count < 1 else self.honest(space, after, count)


class ScansFromAnywhere(Scanning):
    """Begins behind a key of any space."""

    def wrong(self, space: Space, after: Key | None, count: int) -> list[Listed]:
        is_strange = after is not None and after.space != space
        return self.honest(space, None if is_strange else after, count)


LISTING_SABOTEURS = (
    Saboteur(ListsSpacesByAge, ("SCAN-1",)),
    Saboteur(ListsOneSpaceOfTwo, ("SCAN-1",)),
    Saboteur(CountsNoBytes, ("SCAN-1",)),
    Saboteur(ListsEmptySpaces, ("SCAN-1",)),
    Saboteur(ScansBackwards, ("SCAN-2",)),
    Saboteur(ScansOneMore, ("SCAN-2",)),
    Saboteur(ScansFromAfter, ("SCAN-3",)),
    Saboteur(ScansByPlace, ("SCAN-3",)),
    Saboteur(ScansTheSpacesBelow, ("SCAN-2",)),
    Saboteur(ListsEscapedNames, ("SCAN-2",)),
    Saboteur(ListsTheParent, ("SCAN-2",)),
    Saboteur(ListsNoTime, ("SCAN-2",)),
    Saboteur(TakesLogsForEntries, ("SCAN-2",)),
    Saboteur(ListsTheExpired, ("SCAN-4",)),
    Saboteur(ScansNothing, ("SCAN-5",)),
    Saboteur(ScansFromAnywhere, ("SCAN-5",)),
)
