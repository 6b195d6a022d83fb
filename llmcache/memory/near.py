"""The near tier: copies of a store's entries in this process, and when one of them may be kept.

What must never happen: that a copy brings back what was deleted, cleared, overwritten or told to have changed, while the copy was
on its way from the store. Therefore

- each key belongs to one of some thousand *slots*, with a version that every change in it raises, when it begins and when it ends;
- who reads from the store takes the versions first, and what was read is kept only where they are still the same and no change is
  going on;
- of two changes of one slot that meet, neither leaves a copy, because nobody knows which of them the store did last;
- after a change that failed, or was given up, nothing of its slots is kept for one near time to live: it may yet be
  done, by a server or a thread that nobody waits for any more.

How old a copy may be is counted from before the store was asked, on a clock that never jumps.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from llmcache.memory.copies import Copies
from llmcache.memory.forking import call_in_child, lock_across_forks
from llmcache.model.event import Event, Happening, Told
from llmcache.model.key import Key, Space
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Deaf, News

_SLOTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Since:
    """The state of some slots at a moment.

    Attributes:
        at: The moment.
        versions: One for each key that was asked about.
    """

    at: float
    versions: tuple[int, ...]


class NearTier:
    """Keeps copies; obeys `layers.tiered.Near`. Safe for several threads; a child process begins with an empty one.

    Args:
        max_bytes: Bound of what all copies weigh.
        ttl: Longest that a copy is used, in seconds.
        clock: Tells seconds on a clock that never jumps.
        tell: Hears of what others have changed.
    """

    def __init__(
        self, *, max_bytes: int, ttl: Seconds, clock: Callable[[], float], tell: Callable[[Told], None]
    ) -> None:
        self.ttl = ttl
        self._clock = clock
        self._tell = tell
        self._copies = Copies(max_bytes)
        self._lock = lock_across_forks()
        self._is_closed = False
        self._begin()
        call_in_child(self._renew)

    def _begin(self) -> None:
        self._is_watching = False
        self._versions = [0] * _SLOTS
        self._changing = [0] * _SLOTS
        self._doubtful_until = [float("-inf")] * _SLOTS
        # A change of a whole space concerns every slot.
        self._version = self._clearing = 0
        self._all_doubtful_until = float("-inf")

    def _renew(self) -> None:
        """Begin anew in a child process: what the parent's changes and watching came to is not heard of here."""
        self._copies.drop_all()
        self._begin()

    def look(self, key: Key) -> bytes | None:
        """Return the copy under `key`, or None. Takes no lock."""
        return self._copies.get(key, self._clock())

    @property
    def used_bytes(self) -> int:
        """What the copies weigh."""
        return self._copies.used_bytes

    def begins_to_watch(self) -> bool:
        """True for the first who asks in this process."""
        with self._lock:
            is_first, self._is_watching = not self._is_watching, True
        return is_first

    def reading(self, keys: Sequence[Key]) -> Since:
        """Take note that `keys` are about to be read from the store."""
        at = self._clock()
        with self._lock:
            return Since(at, tuple(self._version + self._versions[_slot(key)] for key in keys))

    def fill(self, keys: Sequence[Key], bodies: Iterable[bytes | None], since: Since) -> None:
        """Keep what was read, where nothing has changed since."""
        until = since.at + self.ttl
        with self._lock:
            for key, body, version in zip(keys, bodies, since.versions, strict=True):
                slot = _slot(key)
                is_unchanged = self._version + self._versions[slot] == version
                if body is not None and is_unchanged and self._is_calm(slot):
                    self._copies.keep(key, body, until, since.at)

    def changing(self, keys: Sequence[Key]) -> Since:
        """Drop the copies of `keys`, which are about to change in the store."""
        at = self._clock()
        with self._lock:
            for key in keys:
                self._changing[_slot(key)] += 1
            self._drop(keys)
            return Since(at, tuple(self._version + self._versions[_slot(key)] for key in keys))

    def changed(self, keys: Sequence[Key]) -> None:
        """Take note that a change of `keys` was done."""
        with self._lock:
            self._end(keys)

    def written(self, puts: Sequence[Put], since: Since) -> None:
        """Keep copies of what was written, where nobody else changed it meanwhile."""
        slots = [_slot(put.key) for put in puts]
        own = Counter(slots)
        with self._lock:
            alone = {
                put.key.physical: put
                for put, slot, version in zip(puts, slots, since.versions, strict=True)
                if self._changing[slot] == own[slot] and self._version + self._versions[slot] == version
            }
            self._end([put.key for put in puts])
            for put in alone.values():
                if self._is_calm(_slot(put.key)):
                    ttl = self.ttl if put.ttl is None else min(put.ttl, self.ttl)
                    self._copies.keep(put.key, put.body, since.at + ttl, since.at)

    def doubtful(self, keys: Sequence[Key]) -> None:
        """Take note that a change of `keys` failed, and may yet be done."""
        until = self._clock() + self.ttl
        with self._lock:
            self._end(keys)
            for key in keys:
                self._doubtful_until[_slot(key)] = until

    def clearing(self, space: Space) -> None:
        """Drop all copies of a space that is about to be cleared."""
        with self._lock:
            self._clearing += 1
            self._drop((), (space,))

    def cleared(self, space: Space) -> None:
        """Take note that a space was cleared."""
        with self._lock:
            self._clearing -= 1
            self._drop((), (space,))

    def clearing_failed(self, space: Space) -> None:
        """Take note that a space may yet be cleared."""
        self.cleared(space)
        self._all_doubtful_until = self._clock() + self.ttl

    def hear(self, news: News) -> None:
        """Drop what others have changed; everything, where it is not known what that was."""
        with self._lock:
            if isinstance(news, Changed):
                dropped = self._drop(news.keys, news.spaces)
            else:
                self._version += 1
                self._copies.drop_all()
                dropped = False
        if dropped:
            self._tell(Event(Happening.NEAR_DROPPED))
        if isinstance(news, Deaf):
            self._tell(Event(Happening.NEAR_DEAF, detail=news.reason))

    def close(self) -> None:
        """Drop everything and keep nothing from now on."""
        with self._lock:
            self._is_closed = True
            self._copies.drop_all()

    def _end(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self._changing[_slot(key)] -= 1
        self._drop(keys)

    def _drop(self, keys: Sequence[Key], spaces: Sequence[Space] = ()) -> bool:
        """Drop copies and raise versions; return whether there were any."""
        dropped = False
        for key in keys:
            self._versions[_slot(key)] += 1
            dropped = self._copies.drop(key) or dropped
        for space in spaces:
            self._version += 1
            dropped = self._copies.drop_space(space) or dropped
        return dropped

    def _is_calm(self, slot: int) -> bool:
        """True where nothing is changing, and nothing may yet change that was given up."""
        if self._changing[slot] or self._clearing or self._is_closed:
            return False
        return max(self._doubtful_until[slot], self._all_doubtful_until) <= self._clock()


def _slot(key: Key) -> int:
    return hash(key.physical) % _SLOTS
