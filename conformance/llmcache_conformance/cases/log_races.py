"""Cases of several who append to and read one log at once."""

from functools import partial
from typing import Any

from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, DeleteLog, LogLength, ReadLog
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal
from llmcache_conformance.ops import Pause, Together

_WRITERS = 6
_CALLS = 12
_PER_CALL = 3


def appends_stay_whole_and_in_order(bench: Bench) -> Steps[None]:
    """Of several writers none loses a body, the bodies of a call stay adjacent, and each writer's calls keep order."""
    log = bench.log()

    def write(writer: int) -> Steps[Any]:
        for call in range(_CALLS):
            yield from Append(log, _message(writer, call))
            yield from Pause()
        return None

    yield from Together([partial(write, writer) for writer in range(_WRITERS)])
    found = list((yield from ReadLog(log)))
    length = yield from LogLength(log)

    expect_equal((_WRITERS * _CALLS * _PER_CALL,) * 2, (len(found), length))
    calls = _calls_of(found)
    for writer in range(_WRITERS):
        mine = [call for by, call in calls if by == writer]
        expect_equal(list(range(_CALLS)), mine, f"the calls of writer {writer}")


def readers_see_whole_appends(bench: Bench) -> Steps[None]:
    """While others append, what a reader sees is made of whole calls and begins with all that it saw before."""
    log = bench.log()

    def write(writer: int) -> Steps[Any]:
        for call in range(_CALLS):
            yield from Append(log, _message(writer, call))
            yield from Pause()
        return None

    def read() -> Steps[Any]:
        before: list[bytes] = []
        for _ in range(_CALLS * 2):
            seen = list((yield from ReadLog(log)))
            _calls_of(seen)
            expect_equal(before, seen[: len(before)], "the beginning that was read before")
            before = seen
            yield from Pause()
        return None

    writers = [partial(write, writer) for writer in range(_WRITERS)]
    yield from Together([*writers, read, read])


def no_reader_sees_more_than_the_cap(bench: Bench) -> Steps[None]:
    """While others append with a cap, no read, no length and no answer of an append is over it."""
    log, cap = bench.log(), 5

    def write(writer: int) -> Steps[Any]:
        most = 0
        for call in range(_CALLS):
            most = max(most, (yield from Append(log, _message(writer, call), max_length=cap)))
            yield from Pause()
        return most

    def read() -> Steps[Any]:
        most = 0
        for _ in range(_CALLS * 2):
            most = max(most, len((yield from ReadLog(log))), (yield from LogLength(log)))
            yield from Pause()
        return most

    writers = [partial(write, writer) for writer in range(_WRITERS)]
    most = yield from Together([*writers, read, read])

    expect(max(most) <= cap, f"a log capped at {cap} was seen with {max(most)} bodies")


def deleting_never_leaves_a_part(bench: Bench) -> Steps[None]:
    """While some append and one deletes, what a reader sees is made of whole calls."""
    log = bench.log()

    def write(writer: int) -> Steps[Any]:
        for call in range(_CALLS):
            yield from Append(log, _message(writer, call))
            yield from Pause()
        return None

    def delete() -> Steps[Any]:
        for _ in range(_CALLS):
            yield from DeleteLog(log)
            yield from Pause()
        return None

    def read() -> Steps[Any]:
        for _ in range(_CALLS * 2):
            _calls_of(list((yield from ReadLog(log))))
            yield from Pause()
        return None

    writers = [partial(write, writer) for writer in range(_WRITERS)]
    yield from Together([*writers, delete, read])


def _message(writer: int, call: int) -> list[bytes]:
    return [b"%d %d %d" % (writer, call, part) for part in range(_PER_CALL)]


def _calls_of(bodies: list[bytes]) -> list[tuple[int, int]]:
    """Return writer and call of each group of adjacent bodies, and check that each group is one whole call."""
    calls = []
    for first in range(0, len(bodies), _PER_CALL):
        writer, call = (int(number) for number in bodies[first].split()[:2])
        expect_equal(_message(writer, call), bodies[first : first + _PER_CALL], "adjacent bodies")
        calls.append((writer, call))
    return calls


LOG_RACES = (
    Case(appends_stay_whole_and_in_order, ("LOG-1", "LOG-3"), (Need.LOG,)),
    Case(readers_see_whole_appends, ("LOG-1", "LOG-3", "LOG-9"), (Need.LOG,)),
    Case(no_reader_sees_more_than_the_cap, ("LOG-4",), (Need.LOG,)),
    Case(deleting_never_leaves_a_part, ("LOG-8", "LOG-9"), (Need.LOG,)),
)
