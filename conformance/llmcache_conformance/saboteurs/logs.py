"""Saboteurs of logs."""

import time
from collections.abc import Sequence

from llmcache.errors import StoreLimit, StoreRefused, UsageError
from llmcache.memory import MemoryStore
from llmcache.model.key import Key
from llmcache.model.units import Seconds
from llmcache_conformance.saboteurs.saboteur import Prepared, Saboteur


class Appending(MemoryStore):
    """Appends in a way of its own; `honest` is the right one."""

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        return self.wrong(log, bodies, max_length, ttl)

    def honest(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        """Append as a store should."""
        return super().append(log, bodies, max_length=max_length, ttl=ttl)

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        """Append as this one does."""
        raise NotImplementedError

    def is_wrong(self, log: Key, body: bytes) -> bool:
        """True where `body` must not be appended."""
        try:
            self._checked_append(log, body)
        except (UsageError, StoreLimit):
            return True
        return False

    def _checked_append(self, log: Key, body: bytes) -> None:
        self.honest(Key(log.space, "a log to try bodies on"), (body,), None, None)
        self.delete_log(Key(log.space, "a log to try bodies on"))


class AppendsBackwards(Appending):
    """Pushes the bodies of a call one before the other."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        return self.honest(log, tuple(reversed(bodies)), max_length, ttl)


class AnswersWhatItAdded(Appending):
    """Answers how many bodies it appended."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        self.honest(log, bodies, max_length, ttl)
        return len(bodies)


class AppendsOneByOne(Appending):
    """Takes a step for each body of a call."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        length = self.honest(log, (), max_length, ttl)
        for body in bodies:
            length = self.honest(log, (body,), max_length, ttl)
            time.sleep(0)
        return length


class ReadsThenWrites(Appending):
    """Reads the log, adds to what it read, and writes the whole."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        before = self.read_log(log)
        time.sleep(0)
        with self._lock:
            self.delete_log(log)
            return self.honest(log, (*before, *bodies), max_length, ttl)


class AppendsASet(Appending):
    """Keeps equal bodies of a call once."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        return self.honest(log, tuple(dict.fromkeys(map(bytes, bodies))), max_length, ttl)


class SkipsWrongBodies(Appending):
    """Appends the bodies that are right, and then refuses the others."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        right = [body for body in bodies if not self.is_wrong(log, body)]
        length = self.honest(log, right, max_length, ttl)
        return length if len(right) == len(bodies) else self.honest(log, bodies, max_length, ttl)


class TakesCapZeroForNone(Appending):
    """Takes a cap under one for no cap."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        return self.honest(log, bodies, max_length if max_length and max_length > 0 else None, ttl)


class CutsLargeMessages(Appending):
    """Keeps as much of a message as is allowed."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        limit = self.capabilities.limits.max_body_bytes
        cut = [body[:limit] if type(body) is bytes else body for body in bodies]
        return self.honest(log, cut, max_length, ttl)


class DropsTheNewest(Appending):
    """Keeps the oldest bodies under its cap."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        room = len(bodies) if max_length is None else max(0, max_length - self.log_length(log))
        return self.honest(log, bodies[:room], None, ttl)


class CapsOneTooMany(Appending):
    """Is off by one at its cap."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        return self.honest(log, bodies, None if max_length is None else max_length + 1, ttl)


class CapsAfterwards(Appending):
    """Drops what is over the cap in a second step."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        length = self.honest(log, bodies, None, ttl)
        time.sleep(0)
        return length if max_length is None or length <= max_length else self._cap(log, max_length, ttl)

    def _cap(self, log: Key, max_length: int, ttl: Seconds | None) -> int:
        with self._lock:
            last = self.read_log(log, -max_length)
            self.delete_log(log)
            return self.honest(log, last, None, ttl)


class StartsTheTimeOnce(Appending):
    """Gives a log the time to live of its first append."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        there = [listed for listed in self.scan(log.space, count=1_000) if listed.key == log]
        return self.honest(log, bodies, max_length, there[0].ttl if there else ttl)


class KeepsTheOldLimit(Appending):
    """Leaves the time to live of a log where an append brings none."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        there = [listed for listed in self.scan(log.space, count=1_000) if listed.key == log]
        return self.honest(log, bodies, max_length, there[0].ttl if there and ttl is None else ttl)


class AppendsToTheExpired(Appending):
    """Appends to a log that nobody has swept yet."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        shelf = self._contents.shelf_of(log.space)
        held = shelf.logs.get(log.physical) if shelf else None
        before = held.cut(0, None) if held else []
        length = self.honest(log, bodies, max_length, ttl)
        return length if length != len(bodies) else self.honest(log, before, max_length, ttl)


class TouchesWithNothing(Appending):
    """Starts the time anew, and caps, with an append of nothing."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        if bodies or not (before := self.read_log(log)):
            return self.honest(log, bodies, max_length, ttl)
        self.honest(log, (), max_length, ttl)
        self.delete_log(log)
        return self.honest(log, before, max_length, ttl)


class ForgetsFullStores(Appending):
    """Says that it appended where it had no room."""

    def wrong(self, log: Key, bodies: Sequence[bytes], max_length: int | None, ttl: Seconds | None) -> int:
        try:
            return self.honest(log, bodies, max_length, ttl)
        except StoreLimit:
            if any(len(body) > (self.capabilities.limits.max_body_bytes or 0) for body in bodies):
                raise
            return len(bodies)


class Reading(MemoryStore):
    """Reads logs in a way of its own; `honest` is the right one."""

    def read_log(self, log: Key, start: int = 0, stop: int | None = None) -> list[bytes]:
        return self.wrong(log, start, stop)

    def honest(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        """Read as a store should."""
        return super().read_log(log, start, stop)

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        """Read as this one does."""
        raise NotImplementedError


class ReadsToTheLast(Reading):
    """Takes the end of a slice as inside, as Redis does."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        return self.honest(log, start, None if stop is None or stop == -1 else stop + 1)


class CountsFromZero(Reading):
    """Finds nothing where a slice begins before the beginning."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        return [] if start < -self.log_length(log) else self.honest(log, start, stop)


class OverflowsItsIntegers(Reading):
    """Hands bounds to a database with integers of 64 bits."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        if max(abs(start), abs(stop or 0)) >= 1 << 63:
            raise StoreRefused("memory refused read_log: integer out of range")
        return self.honest(log, start, stop)


class SortsByText(Reading):
    """Orders the places of a log as text: the tenth before the second."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        whole = self.honest(log, 0, None)
        return [whole[place] for place in sorted(range(len(whole)), key=str)][start:stop]


class ReadsPlaceByPlace(Reading):
    """Reads the length, then each body, while others go on."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        found: list[bytes] = []
        for place in range(*slice(start, stop).indices(self.log_length(log))):
            found += self.honest(log, place, place + 1 or None)
            time.sleep(0)
        return found


class StripsMessages(Reading):
    """Gives bodies back without their blanks at the end."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        return [body.rstrip() for body in self.honest(log, start, stop)]


class FailsOnMissingLogs(Reading):
    """Takes reading a missing log for an error."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        if not self.log_length(log):
            raise StoreRefused("memory refused read_log: no such log")
        return self.honest(log, start, stop)


class CountsDropped(Prepared, Reading):
    """Counts places from the first body there ever was."""

    def prepare(self, max_bytes: int, max_entries: int) -> None:
        self._ever: dict[Key, int] = {}

    def append(
        self, log: Key, bodies: Sequence[bytes], *, max_length: int | None = None, ttl: Seconds | None = None
    ) -> int:
        length = super().append(log, bodies, max_length=max_length, ttl=ttl)
        self._ever[log] = self._ever.get(log, 0) + len(bodies)
        return length

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        dropped = max(0, self._ever.get(log, 0) - self.log_length(log))
        first, last = (bound if bound is None or bound < 0 else max(0, bound - dropped) for bound in (start, stop))
        return self.honest(log, first or 0, last)


class LengthensLogsByReading(Reading):
    """Starts the time of a log anew with every read."""

    def wrong(self, log: Key, start: int, stop: int | None) -> list[bytes]:
        with self._lock:
            held = self._open("read_log").log(log, self._clock())
            if held is not None:
                held.expires_at = max(held.expires_at, self._clock() + 4.5)
        return self.honest(log, start, stop)


class KeepsDeletedLogs(MemoryStore):
    """Deletes no log."""

    def delete_log(self, log: Key) -> None:
        self._open("delete_log")


class RefusesToDeleteNothing(MemoryStore):
    """Takes deleting a missing log for an error."""

    def delete_log(self, log: Key) -> None:
        if not self.log_length(log):
            raise StoreRefused("memory refused delete_log: no such log")
        super().delete_log(log)


class DeletesLogsOneByOne(MemoryStore):
    """Deletes a log body by body, while others read."""

    def delete_log(self, log: Key) -> None:
        while length := self.log_length(log):
            with self._lock:
                rest = self.read_log(log, 1)
                super().delete_log(log)
                self.append(log, rest)
            time.sleep(0)
            if length == 1:
                break


class MixesLogsAndEntries(MemoryStore):
    """Finds a conversation also as an entry, by its name."""

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        found = super().get_many(keys)
        for place, key in enumerate(keys):
            for use in self.spaces():
                bodies = self.read_log(Key(use.space, key.name))
                found[place] = bodies[-1] if bodies else found[place]
        return found


LOG_SABOTEURS = (
    Saboteur(AppendsBackwards, ("LOG-1",)),
    Saboteur(AnswersWhatItAdded, ("LOG-2",)),
    Saboteur(AppendsOneByOne, ("LOG-3",)),
    Saboteur(ReadsThenWrites, ("LOG-3",)),
    Saboteur(AppendsASet, ("LOG-1",)),
    Saboteur(SkipsWrongBodies, ("LOG-11",)),
    Saboteur(TakesCapZeroForNone, ("LOG-11",)),
    Saboteur(CutsLargeMessages, ("LOG-11",)),
    Saboteur(DropsTheNewest, ("LOG-4",)),
    Saboteur(CapsOneTooMany, ("LOG-4",)),
    Saboteur(CapsAfterwards, ("LOG-4",)),
    Saboteur(StartsTheTimeOnce, ("LOG-5",)),
    Saboteur(KeepsTheOldLimit, ("LOG-5",)),
    Saboteur(AppendsToTheExpired, ("LOG-5",)),
    Saboteur(TouchesWithNothing, ("LOG-10",)),
    Saboteur(ForgetsFullStores, ("LOG-3",)),
    Saboteur(ReadsToTheLast, ("LOG-6",)),
    Saboteur(CountsFromZero, ("LOG-6",)),
    Saboteur(OverflowsItsIntegers, ("LOG-6",)),
    Saboteur(SortsByText, ("LOG-6",)),
    Saboteur(ReadsPlaceByPlace, ("LOG-9",)),
    Saboteur(StripsMessages, ("LOG-6",)),
    Saboteur(FailsOnMissingLogs, ("LOG-7",)),
    Saboteur(CountsDropped, ("LOG-6",)),
    Saboteur(LengthensLogsByReading, ("LOG-5",)),
    Saboteur(KeepsDeletedLogs, ("LOG-8",)),
    Saboteur(RefusesToDeleteNothing, ("LOG-8",)),
    Saboteur(DeletesLogsOneByOne, ("LOG-8",)),
    Saboteur(MixesLogsAndEntries, ("KV-15",)),
)
