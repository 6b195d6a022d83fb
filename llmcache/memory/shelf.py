"""What lies in one space of the memory store: entries and logs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from llmcache.model.key import Space
from llmcache.model.units import Instant


@dataclass(slots=True)
class Slot:
    """One entry. Replaced whole, never changed in place."""

    body: bytes
    expires_at: Instant

    @property
    def length(self) -> int:
        """How many bodies."""
        return 1

    @property
    def body_bytes(self) -> int:
        """Size of the body."""
        return len(self.body)


@dataclass(slots=True)
class Log:
    """One log: a list whose first `_dropped` places are empty.

    Deleting from the front of a list moves all that is behind. Here dropped places are only emptied, and
    cut off when they are the larger half, so that an append to a capped log costs by what it adds.
    """

    expires_at: Instant
    body_bytes: int = 0
    _bodies: list[bytes] = field(default_factory=list)
    _dropped: int = 0

    @property
    def length(self) -> int:
        """How many bodies."""
        return len(self._bodies) - self._dropped

    def append(self, bodies: Sequence[bytes], max_length: int | None) -> None:
        """Add at the end, then drop the oldest beyond `max_length`."""
        self._bodies.extend(bodies)
        self.body_bytes += sum(map(len, bodies))
        if max_length is not None and self.length > max_length:
            self._drop_oldest(self.length - max_length)

    def weight_of_oldest(self, count: int) -> int:
        """Return the size of the first `count` bodies together."""
        return sum(map(len, self._bodies[self._dropped : self._dropped + count]))

    def cut(self, start: int, stop: int | None) -> list[bytes]:
        """Return the slice `[start:stop]`, as a list of its own."""
        first, last, _ = slice(start, stop).indices(self.length)
        return self._bodies[self._dropped + first : self._dropped + max(first, last)]

    def _drop_oldest(self, count: int) -> None:
        self.body_bytes -= self.weight_of_oldest(count)
        end = self._dropped + count
        self._bodies[self._dropped : end] = [b""] * count
        self._dropped = end
        if self._dropped * 2 > len(self._bodies):
            del self._bodies[: self._dropped]
            self._dropped = 0


@dataclass(slots=True, eq=False)
class Shelf:
    """Entries and logs of one space, by physical key. An entry and a log of one key do not meet."""

    space: Space
    is_evictable: bool = field(init=False)
    entries: dict[str, Slot] = field(default_factory=dict)
    logs: dict[str, Log] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.is_evictable = self.space.kind.is_evictable
