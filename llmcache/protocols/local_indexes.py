"""What a process knows of a vector index that lies in the logs of its store; see `layers.indexed` for how it lies there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from llmcache.codec.points import Stamped
from llmcache.model.key import Key
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.protocols.vector_ops import Nearest


@dataclass(frozen=True, slots=True, order=True)
class Generation:
    """One log of blocks.

    Attributes:
        number: Counts up; the greatest one is written to.
        token: Tells two of one number apart.
    """

    number: int
    token: str

    @property
    def name(self) -> str:
        """As it stands in the directory and in the key of the log."""
        return f"{self.number}.{self.token}"


@dataclass(frozen=True, slots=True)
class Entered:
    """One element of a directory.

    Attributes:
        until: Until when the directory lives, by the wish of who wrote this; None means for ever.
    """

    generation: Generation
    until: Instant | None

    def pack(self) -> bytes:
        """Return the body of the element."""
        return f"{self.generation.name} {'-' if self.until is None else repr(self.until)}".encode()

    @classmethod
    def unpack(cls, body: bytes) -> "Entered | None":
        """Return the element that was packed into `body`; None for any other bytes."""
        try:
            name, until = body.decode("ascii").split(" ")
            number, token = name.split(".")
            return cls(Generation(int(number), token), None if until == "-" else float(until))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of a generation, planned.

    Attributes:
        start: Where it begins: with the last element that is known, or 0.
        last: What that element was; None where nothing is known.
    """

    generation: Generation
    start: int
    last: bytes | None


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What came of a reading.

    Attributes:
        goes_on: True where there may be more to read.
        damaged: How many bodies could not be read.
    """

    goes_on: bool
    damaged: int = 0


def entered_in(bodies: Sequence[bytes]) -> list[Entered]:
    """Return what the bodies of a directory say; those that cannot be read are passed over."""
    return [one for one in map(Entered.unpack, bodies) if one is not None]


def lasts_longer(one: Instant | None, other: Instant | None) -> bool:
    """True where `one` is later than `other`; None is later than everything."""
    return other is not None and (one is None or one > other)


class KnownIndex(Protocol):
    """What is known of an index in one life of it. Safe for several threads, none of which waits for another's reading.

    An index that was cleared, or made anew, is another one from then on: who holds this one may still search what it held.
    """

    @property
    def current(self) -> Generation | None:
        """The generation to write to; None where none is known."""
        ...

    @property
    def is_lost(self) -> bool:
        """True where a log was not what was read of it before: then the index must be followed again."""
        ...

    @property
    def has_begun(self) -> bool:
        """True where something was read of the current generation, or there is none."""
        ...

    @property
    def alive(self) -> tuple[Generation, ...]:
        """The generations that are not gone, the oldest first."""
        ...

    @property
    def directory_until(self) -> Instant | None:
        """Until when the directory lives; None means for ever."""
        ...

    @property
    def dimensions(self) -> int | None:
        """Of its vectors; None where it has none yet."""
        ...

    @property
    def size(self) -> int:
        """How many points are known."""
        ...

    @property
    def wasted(self) -> int:
        """How many rows of the current generation hold what was replaced, deleted or forgotten."""
        ...

    @property
    def length(self) -> int:
        """How many elements of the current generation were read."""
        ...

    def take_note(self, named: Iterable[Generation], until: Instant | None) -> None:
        """Take note of generations that the directory names, and of how long it lives."""
        ...

    def reading(self, generation: Generation) -> Reading:
        """Plan to read on in a generation."""
        ...

    def absorb(self, reading: Reading, bodies: Sequence[bytes], page: int) -> Absorbed:
        """Take up what was read, at most `page` bodies; what another thread has taken up meanwhile is passed over."""
        ...

    def next_stamp(self, ids: Iterable[str], at: Instant, token: bytes) -> int:
        """Return a stamp greater than those of `ids`, by the time of day where it goes forward.

        Its last bits are drawn, so that two processes that write one id in the same microsecond agree on who was later.
        """
        ...

    def stamped_over(
        self, points: Sequence[Point], over: Mapping[str, str | None], at: Instant, token: bytes
    ) -> list[Stamped]:
        """Return those of the points, each of another id, that replace what `over` says, with stamps less than any later one's.

        Args:
            over: For each id a version, or None where nothing may be.
        """
        ...

    def removed_over(self, over: Mapping[str, str], done: Mapping[str, int]) -> list[tuple[str, int]]:
        """Return ids that are of those versions, with stamps of their deletion less than any later one's.

        Args:
            done: What was returned before, of which that comes again which is known as deleted by it.
        """
        ...

    def has_later(self, stamps: Mapping[str, int]) -> bool:
        """True where something later is known of an id than its stamp."""
        ...

    def unit(self, points: Sequence[Point]) -> list[Point]:
        """Return the points with vectors at length 1; UsageError where one cannot be in this index."""
        ...

    def direction(self, vector: bytes) -> bytes:
        """Return a vector to ask for at length 1; UsageError where it cannot be asked for here."""
        ...

    def is_lasting(self, until: Instant | None) -> bool:
        """True where the current generation lives until then at least, by the wish of who wrote to it last."""
        ...

    def kept_until(self) -> Instant | None:
        """Return until when the last point is kept; None means for ever, minus infinity that there is none."""
        ...

    def forget(self, at: Instant) -> None:
        """Forget what is no longer kept."""
        ...

    def get(self, ids: Sequence[str], at: Instant) -> list[Point | None]:
        """Return the points of these ids."""
        ...

    def stamped(self, at: Instant) -> list[Stamped]:
        """Return all points that are kept, with their stamps."""
        ...

    def removed(self) -> list[tuple[str, int]]:
        """Return what was deleted in its generations, with stamps."""
        ...

    def ended(self, until: Instant, at: Instant, count: int) -> list[Point]:
        """Return points that end at or before `until` and are kept, the first to end first."""
        ...

    @property
    def wants_cells(self) -> bool:
        """True where searches may leave something out, and would be quicker with what `make_cells` makes."""
        ...

    def make_cells(self) -> None:
        """Sort the vectors by direction; takes a second or more, and nobody waits for it."""
        ...

    def nearest(self, vector: bytes, asked: Nearest) -> list[Neighbour]:
        """Return the points nearest to `vector`, which is that of `asked` at length 1; see `protocols.vectors.VectorStore.nearest`."""
        ...


class LocalIndex(Protocol):
    """One index as this process knows it."""

    @property
    def key(self) -> Key:
        """Of the index."""
        ...

    def log(self, generation: Generation) -> Key:
        """Return the key of the log of a generation."""
        ...

    def follow(self, bodies: Sequence[bytes]) -> KnownIndex:
        """Take note of what the directory says, and return what is known of the index that it names."""
        ...


class LocalIndexes(Protocol):
    """The indexes that a process has at hand."""

    def of(self, key: Key) -> LocalIndex:
        """Return the index of `key`, empty where it is new here."""
        ...
