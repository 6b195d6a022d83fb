"""What a store should answer, said with a dict and a list.

It shares no code with llmcache, not even keys: a name here is a tuple of texts. It is slow, keeps everything in order of
nothing, and has no bounds; whoever reads it should be able to see that it is right.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """A space: the raw parts of a namespace, and a kind."""

    namespace: tuple[str, ...]
    kind: str


class Name(NamedTuple):
    """A key: a name in a place."""

    place: Place
    name: str


class Line(NamedTuple):
    """One key in a listing: its name, size, number of bodies, and seconds left."""

    name: str
    size: int
    length: int
    left: float | None


@dataclass
class _Held:
    bodies: list[bytes]
    gone_at: float | None


class Oracle:
    """A store as it should be.

    Args:
        clock: The clock of the store it judges.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[Name, _Held] = {}
        self._logs: dict[Name, _Held] = {}

    def get(self, name: Name) -> bytes | None:
        """The body under `name`."""
        self._forget()
        return self._entries[name].bodies[0] if name in self._entries else None

    def put(self, name: Name, body: bytes, ttl: float | None) -> None:
        """Keep a body."""
        self._entries[name] = _Held([body], self._end(ttl))

    def put_if_absent(self, name: Name, body: bytes, ttl: float | None) -> bool:
        """Keep a body where nothing is."""
        is_absent = self.get(name) is None
        if is_absent:
            self.put(name, body, ttl)
        return is_absent

    def delete(self, names: Iterable[Name]) -> None:
        """Forget entries."""
        for name in names:
            self._entries.pop(name, None)

    def delete_if_equal(self, name: Name, body: bytes) -> bool:
        """Forget an entry whose body is `body`."""
        is_equal = self.get(name) == body
        if is_equal:
            self.delete([name])
        return is_equal

    def clear(self, place: Place) -> None:
        """Forget all of a place."""
        self._entries = {name: held for name, held in self._entries.items() if name.place != place}
        self._logs = {name: held for name, held in self._logs.items() if name.place != place}

    def append(self, name: Name, bodies: list[bytes], cap: int | None, ttl: float | None) -> int:
        """Add to a log."""
        before = self.log(name)
        if not bodies:
            return len(before)
        after = before + bodies
        if cap is not None:
            after = after[-cap:]
        self._logs[name] = _Held(after, self._end(ttl))
        return len(after)

    def log(self, name: Name) -> list[bytes]:
        """All of a log."""
        self._forget()
        return self._logs[name].bodies if name in self._logs else []

    def delete_log(self, name: Name) -> None:
        """Forget a log."""
        self._logs.pop(name, None)

    def listing(self, place: Place) -> list[Line]:
        """Every key of a place."""
        self._forget()
        now = self._clock()
        return [
            Line(
                name.name,
                sum(map(len, held.bodies)),
                len(held.bodies),
                None if held.gone_at is None else held.gone_at - now,
            )
            for name, held in [*self._entries.items(), *self._logs.items()]
            if name.place == place
        ]

    def places(self) -> dict[Place, tuple[int, int]]:
        """Number of keys and bytes of every place that holds something."""
        self._forget()
        found: dict[Place, tuple[int, int]] = {}
        for name, held in [*self._entries.items(), *self._logs.items()]:
            keys, size = found.get(name.place, (0, 0))
            found[name.place] = (keys + 1, size + sum(map(len, held.bodies)))
        return found

    def _end(self, ttl: float | None) -> float | None:
        return None if ttl is None else self._clock() + ttl

    def _forget(self) -> None:
        now = self._clock()
        for held in (self._entries, self._logs):
            for name in [name for name, one in held.items() if one.gone_at is not None and one.gone_at <= now]:
                del held[name]
