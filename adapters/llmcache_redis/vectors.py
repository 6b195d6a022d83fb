"""What the methods for vectors send, for both colours: indexes in vector sets of the server.

Searching by the graph of a vector set is approximate, and slow where few points fit a filter. So small indexes are searched one by
one, and so is one in which a search has found fewer than it wants. Facts that no filter can say are judged here, of more points than are
wanted, until there are enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from llmcache.errors import StoreRefused, UnsupportedError, UsageError
from llmcache.model.embedder import figure
from llmcache.model.key import Key, Kind
from llmcache.model.units import Instant
from llmcache.model.vectors import Neighbour, Point
from llmcache.policy.where import fits
from llmcache.protocols.deed import Deed
from llmcache.protocols.vector_ops import Nearest
from llmcache_redis import vector_scripts as scripts
from llmcache_redis.commands import Command, Reply, Wire, Word, call
from llmcache_redis.errors import NAME
from llmcache_redis.filters import filter_of
from llmcache_redis.layout import Layout
from llmcache_redis.points import FLOAT_BYTES, checked, encoded_ids, point_of, unit_vector
from llmcache_redis.replies import misread, number, slots
from llmcache_redis.scripts import Script
from llmcache_redis.sending import Sender
from llmcache_redis.settings import Settings
from llmcache_redis.values import fresh_stamp, shown_time

_QUANTISED: Final = {"native": "NOQUANT", "native-int8": "Q8"}

INDEX_KINDS: Final = frozenset({Kind.VECTORS, Kind.QUESTION})

_AT_ONCE: Final = 16
"""Points that one script puts: each costs the server up to a millisecond in which it does nothing else."""
_READ_AT_ONCE: Final = 500
_SLOWER: Final = 200
"""For so many points a call may take as long again."""

_ALL: Final = 10**12
"""More points than any index has."""

_LEAST_EF: Final = 100
_MORE: Final = 5
"""So many times as many points are asked for where some may not fit, and again where they did not."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What one round of a search brought.

    Attributes:
        is_all: No point that is not among them could be.
    """

    neighbours: list[Neighbour]
    is_all: bool


class Vectors:
    """Makes the steps of the methods for vectors."""

    def __init__(self, sender: Sender, layout: Layout, settings: Settings) -> None:
        self._sender = sender
        self._layout = layout
        self._settings = settings

    def put(self, index: Key, points: Sequence[Point], at: Instant, over: Sequence[str | None] | None) -> Wire[None]:
        """Add or replace points."""
        self._check_declared()
        dimensions, checked_words = checked(points)
        needs = ["*"] * len(points) if over is None else list(map(_needed, over))
        # The later of two of one id, so that it does not matter which script comes last.
        words = list({five[0]: (*five, needed) for five, needed in zip(checked_words, needs, strict=True)}.values())
        if over is not None and len(words) < len(points):
            raise UsageError("points that are put over others have different ids")
        kind = _QUANTISED[self._settings.vectors]
        head = (fresh_stamp(), shown_time(at), dimensions, kind, scripts.FORGOTTEN_AT_ONCE, scripts.GRACE)
        parts = [words[first : first + _AT_ONCE] for first in range(0, len(words), _AT_ONCE)]
        deed = Deed("put_points", index, changes=True)
        commands = [self._call(scripts.PUT_POINTS, index, (*head, *chain.from_iterable(part))) for part in parts]
        for reply in (yield from self._sent(commands, deed, len(words))):
            _check_here(reply, deed)
            if type(reply) is bytes:
                raise StoreRefused(
                    f"{NAME} did not do {deed}: the index was begun with another word for `vectors`; open the store with "
                    "that, or clear the index"
                )
            _check_dimensions(reply, dimensions, deed)

    def delete(self, index: Key, ids: Sequence[str], at: Instant, over: Sequence[str] | None) -> Wire[None]:
        """Make points missing."""
        self._check_declared()
        words = list(zip(encoded_ids(ids), ["*"] * len(ids) if over is None else map(_needed, over), strict=True))
        parts = [words[first : first + _READ_AT_ONCE] for first in range(0, len(words), _READ_AT_ONCE)]
        commands = [
            self._call(scripts.DELETE_POINTS, index, (shown_time(at), *chain.from_iterable(part))) for part in parts
        ]
        yield from self._sent(commands, Deed("delete_points", index, changes=True), len(words))

    def get(self, index: Key, ids: Sequence[str], at: Instant) -> Wire[list[Point | None]]:
        """Read points."""
        self._check_declared()
        words, deed = encoded_ids(ids), Deed("get_points", index)
        parts = [words[first : first + _READ_AT_ONCE] for first in range(0, len(words), _READ_AT_ONCE)]
        commands = [self._call(scripts.GET_POINTS, index, part) for part in parts]
        found: list[Point | None] = []
        for part, reply in zip(parts, (yield from self._sent(commands, deed, len(words))), strict=True):
            _check_here(reply, deed)
            rows = slots(reply, len(part), deed) if reply else [None] * len(part)
            found += [_kept(point_of(row, deed)[0], at) if row else None for row in rows]
        return found

    def nearest(self, asked: Nearest) -> Wire[list[Neighbour]]:
        """Search, wider and wider until there are enough, or all were looked at."""
        self._check_declared()
        count = asked.count
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise UsageError(f"a search is for {figure(count)} points; allowed are whole numbers from 1")
        asked, wanted, one_by_one = replace(asked, vector=unit_vector(asked.vector)), count, scripts.EXACT_BELOW
        if asked.where is not None:
            wanted, one_by_one = _MORE * count, scripts.EXACT_BELOW_FILTERED
        while True:
            found = yield from self._searched(asked, wanted, one_by_one)
            fitting = [one for one in found.neighbours if _is_sought(one, asked)]
            if found.is_all or len(fitting) >= count:
                return fitting[:count]
            if len(found.neighbours) < wanted:
                one_by_one = _ALL
            else:
                wanted *= _MORE

    def _searched(self, asked: Nearest, wanted: int, one_by_one: int) -> Wire[_Found]:
        """Search for so many, by the graph where there are more points than `one_by_one`."""
        deed, dimensions = Deed("nearest", asked.index), len(asked.vector) // FLOAT_BYTES
        said, breadth = filter_of(asked.where, asked.at), max(_LEAST_EF, 2 * wanted)
        words = (dimensions, asked.vector, wanted, breadth, said, one_by_one, int(asked.with_vectors))
        command = self._call(scripts.NEAREST, asked.index, words)
        (reply,) = yield from self._sent((command,), deed, min(wanted, _READ_AT_ONCE))
        _check_here(reply, deed)
        if type(reply) is int:
            _check_dimensions(reply, dimensions, deed)
            return _Found([], is_all=True)
        is_exact, size, rows = slots(reply, 3, deed)
        if type(rows) is not list:
            raise misread(deed)
        found = [Neighbour(*point_of(row, deed)) for row in rows]
        is_far = bool(found) and found[-1].similarity < asked.least
        is_whole = is_exact == 1 and len(found) < wanted
        return _Found(found, is_far or is_whole or number(size, deed) <= len(found))

    def ended(self, index: Key, until: Instant, at: Instant, count: int) -> Wire[list[Point]]:
        """List what has ended."""
        self._check_declared()
        deed = Deed("ended_points", index)
        words = (shown_time(until), shown_time(at), count)
        (reply,) = yield from self._sent([self._call(scripts.ENDED_POINTS, index, words)], deed, count)
        _check_here(reply, deed)
        if type(reply) is not list:
            raise misread(deed)
        return [point_of(row, deed)[0] for row in reply]

    def sweeping(self, names: Sequence[str]) -> list[Command]:
        """Return the commands that give back the indexes among `names` that were cleared."""
        heads = [entry_of(name) for name in names if entry_of(name) != name]
        keys = [key for key in map(self._layout.key_of, heads) if key is not None]
        return [self._call(scripts.SWEEP_INDEX, key, ()) for key in keys]

    def describing(self, indexes: Sequence[Key]) -> list[Command]:
        """Return the commands that say of each index how many points it has, or nothing."""
        return [self._call(scripts.DESCRIBE_INDEX, index, (scripts.GRACE,)) for index in indexes]

    def _check_declared(self) -> None:
        if not self._settings.vectors:
            raise UnsupportedError(f"{NAME} was opened without `vectors=native`: it keeps no vectors by itself")

    def _call(self, script: Script, index: Key, words: Sequence[Word]) -> Command:
        entry = self._layout.entry(index)
        names = (
            self._layout.stamp(index),
            *(f"{entry}{suffix}" for suffix in scripts.SUFFIXES),
            self._log(index, entry),
        )
        return call(script, names, words, self._layout.slot(index))

    @staticmethod
    def _log(index: Key, entry: str) -> str:
        # Questions are learned again: an index of them that lies elsewhere is no loss, and hinders nobody.
        return entry if index.space.kind is Kind.VECTORS else f"{entry}:-"

    def _sent(self, commands: Sequence[Command], deed: Deed, many: int) -> Wire[list[Reply]]:
        if not commands:
            return []
        timeout = self._settings.log_timeout * (1 + many // _SLOWER)
        return (yield from self._sender.send(commands, deed, timeout))


def entry_of(name: str) -> str:
    """Return the name of the entry that the first key of an index stands beside; other names as they are."""
    return name.removesuffix(scripts.SUFFIXES[0])


def _check_here(reply: Reply, deed: Deed) -> None:
    if reply == scripts.LOGS_INSTEAD:
        raise StoreRefused(
            f"{NAME} did not do {deed}: these vectors were kept without `vectors=native`; open the store without it, or clear the "
            "collection and fill it again"
        )


def _needed(over: str | None) -> Word:
    return "-" if over is None else encoded_ids((f"={over}",))[0]


def _kept(point: Point, at: Instant) -> Point | None:
    return None if point.kept_until is not None and point.kept_until <= at else point


def _is_sought(found: Neighbour, asked: Nearest) -> bool:
    # The end once more: the server compares what it has read from text.
    ends = found.point.ends_at
    is_there = ends is None or ends > asked.at
    return (
        is_there and found.similarity >= asked.least and (asked.where is None or fits(found.point.facts, asked.where))
    )


def _check_dimensions(reply: Reply, dimensions: int, deed: Deed) -> None:
    if type(reply) is not int:
        raise misread(deed)
    if reply < 0:
        raise UsageError(
            f"a vector has {dimensions} dimensions where the index has {-reply}; vectors of another model need an index of "
            "their own: give it another name, or clear this one"
        )
