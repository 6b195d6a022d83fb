"""A state machine: random programs of all ops, on names that are easily confused, judged by the oracle.

After every step every key that was ever touched is read again, so that a step which harms another key is seen
at once. Times to live end in a quarter of a second and the clock moves by whole ones, so no answer depends on
how a store treats the very instant of expiry.
"""

from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from llmcache.errors import UsageError
from llmcache.model.key import Key, Kind, Space
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
    Scan,
    Spaces,
)
from llmcache_conformance.bench import Bench, Handle
from llmcache_conformance.clock import Clock
from llmcache_conformance.colour import Colour, drive
from llmcache_conformance.expect import expect, expect_equal, refused
from llmcache_conformance.ops import in_turn
from llmcache_conformance.oracle import Line, Name, Oracle, Place
from llmcache_conformance.subject import Subject

R = TypeVar("R")

_PLACES = tuple(Place(parts, Kind.RESPONSE.value) for parts in (("a",), ("ab",), ("a", "b"), ("a/b",), ("A",), ("a%",)))
_TEXTS = ("a", "A", "a ", "ab", "é", "e\u0301", "a\x00b", "%61", "*", "\ud800", "x" * 400, "x" * 399 + "y")
_ENTRIES = (
    *(Name(_PLACES[0], text) for text in _TEXTS),
    *(Name(place, "a") for place in _PLACES),
    *(Name(Place(("a",), kind.value), "a") for kind in (Kind.EMBEDDING, Kind.LEASE, Kind.TAG)),
)
_LOGS = tuple(Name(Place(parts, Kind.HISTORY.value), text) for parts in (("a",), ("ab",)) for text in ("a", "A", "a "))
_BOUNDS = (-9, -3, -1, 0, 1, 2, 9)
_BODIES = (b"", b"\x00", b"a", b"ab", b"a ", b"\xff\xfe", b"x" * 300)

# Few of each come up often: a program in which no key meets itself again finds nothing.
entries = st.sampled_from((*_ENTRIES[:2], Name(_PLACES[1], "a"))) | st.sampled_from(_ENTRIES)
logs = st.sampled_from(_LOGS[:1]) | st.sampled_from(_LOGS)
places = st.sampled_from((_ENTRIES[0].place, _LOGS[0].place)) | st.sampled_from(
    sorted({name.place for name in (*_ENTRIES, *_LOGS)})
)
bodies = st.sampled_from((b"", b"a", b"ab")) | st.sampled_from(_BODIES)
times = st.sampled_from((None, 1.25, 2.25, 5.25, 60.25))
wrong_times = st.sampled_from((0.0, -1.0, float("nan"), float("inf")))
colours = st.sampled_from((Colour.BLOCKING, Colour.ASYNC))


class StoreMachine(RuleBasedStateMachine):
    """Runs one program on a store and on the oracle; see `machine_for`."""

    subject: Subject

    def __init__(self) -> None:
        super().__init__()
        self._clock = Clock()
        self._handle = Handle(self.subject.open(self._clock), self._clock)
        self._bench = Bench(self._handle, self._clock, None)
        self._oracle = Oracle(self._clock)

    def teardown(self) -> None:
        """Leave nothing behind: the next program may use the same data."""
        for place in {name.place for name in (*_ENTRIES, *_LOGS)}:
            self._do(Clear(self._space(place)), Colour.BLOCKING)
        self._handle.close()

    @rule(puts=st.lists(st.tuples(entries, bodies, times), max_size=4), colour=colours)
    def put(self, puts: list[tuple[Name, bytes, float | None]], colour: Colour) -> None:
        """Put several, some of them twice."""
        self._do(PutMany([Put(self._key(name), body, ttl) for name, body, ttl in puts]), colour)
        for put in puts:
            self._oracle.put(*put)

    @rule(puts=st.lists(st.tuples(entries, bodies, times), max_size=3), wrong=wrong_times, colour=colours)
    def put_wrongly(self, puts: list[tuple[Name, bytes, float | None]], wrong: float, colour: Colour) -> None:
        """Put several, the last with a wrong time to live: nothing is written."""
        right = [Put(self._key(name), body, ttl) for name, body, ttl in puts]
        self._run(refused(PutMany([*right, Put(self._key(_ENTRIES[0]), b"", wrong)]), UsageError), colour)

    @rule(name=entries, body=bodies, ttl=times, colour=colours)
    def put_if_absent(self, name: Name, body: bytes, ttl: float | None, colour: Colour) -> None:
        """Put where nothing is."""
        kept = self._do(PutIfAbsent(Put(self._key(name), body, ttl)), colour)
        expect_equal(self._oracle.put_if_absent(name, body, ttl), kept, "put_if_absent")

    @rule(names=st.lists(entries, max_size=3), colour=colours)
    def delete(self, names: list[Name], colour: Colour) -> None:
        """Delete several, some of them missing."""
        self._do(DeleteMany([self._key(name) for name in names]), colour)
        self._oracle.delete(names)

    @rule(name=entries, body=bodies, colour=colours)
    def delete_if_equal(self, name: Name, body: bytes, colour: Colour) -> None:
        """Delete what is perhaps one's own."""
        deleted = self._do(DeleteIfEqual(self._key(name), body), colour)
        expect_equal(self._oracle.delete_if_equal(name, body), deleted, "delete_if_equal")

    @rule(place=places, colour=colours)
    def clear(self, place: Place, colour: Colour) -> None:
        """Clear a space."""
        self._do(Clear(self._space(place)), colour)
        self._oracle.clear(place)

    @rule(
        name=logs,
        added=st.lists(bodies, max_size=4),
        cap=st.none() | st.integers(1, 5),
        ttl=times,
        colour=colours,
    )
    def append(self, name: Name, added: list[bytes], cap: int | None, ttl: float | None, colour: Colour) -> None:
        """Append to a log."""
        length = self._do(Append(self._key(name), added, cap, ttl), colour)
        expect_equal(self._oracle.append(name, added, cap, ttl), length, "append")

    @rule(name=logs, colour=colours)
    def read_slices(self, name: Name, colour: Colour) -> None:
        """Read all small parts of a log."""
        slices = [(start, stop) for start in _BOUNDS for stop in (None, *_BOUNDS)]
        found = self._run(in_turn(ReadLog(self._key(name), start, stop) for start, stop in slices), colour)
        whole = self._oracle.log(name)
        expect_equal([whole[start:stop] for start, stop in slices], [list(part) for part in found], "slices")

    @rule(name=logs, colour=colours)
    def delete_log(self, name: Name, colour: Colour) -> None:
        """Delete a log."""
        self._do(DeleteLog(self._key(name)), colour)
        self._oracle.delete_log(name)

    @rule(place=places, count=st.integers(1, 5), colour=colours)
    def scan(self, place: Place, count: int, colour: Colour) -> None:
        """List a space page by page."""
        if not self._handle.capabilities.scan:
            return
        found: list[Line] = []
        last: Key | None = None
        while page := self._do(Scan(self._space(place), last, count), colour):
            expect(len(page) <= count, f"a page of {len(page)} keys, asked for {count}")
            expect(len(found) < len(_ENTRIES) + len(_LOGS), "a scan that does not end")
            found += [Line(one.key.name, one.body_bytes, one.length, _whole(one.ttl)) for one in page]
            last = page[-1].key
        expected = [line._replace(left=_whole(line.left)) for line in self._oracle.listing(place)]
        expect_equal(sorted(expected, key=str), sorted(found, key=str), "the listing")

    @rule(colour=colours)
    def list_spaces(self, colour: Colour) -> None:
        """List the spaces of this program."""
        if not self._handle.capabilities.scan:
            return
        own = len(self._bench.root.parts)
        uses = [use for use in self._do(Spaces(), colour) if use.space.namespace.parts[:own] == self._bench.root.parts]
        found = {
            Place(use.space.namespace.parts[own:], use.space.kind.value): (use.entries, use.body_bytes) for use in uses
        }
        expect_equal(self._oracle.places(), found, "spaces")
        expect_equal(len(found), len(uses), "spaces listed once")

    @rule(seconds=st.sampled_from((1.0, 2.0, 5.0)))
    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._clock.advance(seconds)

    @rule()
    def reopen(self) -> None:
        """Close the store and open it again, where it keeps what it holds."""
        if self.subject.opens_same and self._handle.capabilities.persistent:
            self._handle.close()
            self._handle = Handle(self.subject.open(self._clock), self._clock)

    @invariant()
    def every_entry_is_as_it_should_be(self) -> None:
        """Every key of the pool answers what the oracle answers."""
        found = self._do(GetMany([self._key(name) for name in _ENTRIES]), Colour.BLOCKING)
        expect_equal([self._oracle.get(name) for name in _ENTRIES], list(found), "all entries")

    @invariant()
    def every_log_is_as_it_should_be(self) -> None:
        """Every log of the pool has the bodies and the length that the oracle says."""
        for name in _LOGS if self._handle.capabilities.log else ():
            found = self._do(ReadLog(self._key(name)), Colour.BLOCKING)
            length = self._do(LogLength(self._key(name)), Colour.BLOCKING)
            expected = self._oracle.log(name)
            expect_equal((expected, len(expected)), (list(found), length), f"the log {name}")

    def _space(self, place: Place) -> Space:
        return self._bench.space(*place.namespace, kind=Kind(place.kind))

    def _key(self, name: Name) -> Key:
        return Key(self._space(name.place), name.name)

    def _do(self, op: Op[R], colour: Colour) -> R:
        return self._run(_one(op), colour)

    def _run(self, steps: Steps[R], colour: Colour) -> R:
        return drive(steps, self._handle, colour)


def _one(op: Op[R]) -> Steps[R]:
    return (yield from op)


def _whole(left: float | None) -> float | None:
    """Return seconds without what the store's resolution may add."""
    return None if left is None else round(left, 1)


def machine_for(given: Subject) -> type[StoreMachine]:
    """Return the machine that checks `given`, to be run by `hypothesis.stateful.run_state_machine_as_test`."""
    return type(f"MachineOf{given.name.title()}", (StoreMachine,), {"subject": given})
