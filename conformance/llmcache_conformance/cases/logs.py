"""Cases of logs: appending, reading, capping, deleting."""

from llmcache.errors import StoreLimit, UsageError
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, DeleteLog, LogLength, ReadLog
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.cases.writing import WRONG_BODIES, WRONG_TTLS
from llmcache_conformance.expect import expect_equal, refused
from llmcache_conformance.nasty import BODIES
from llmcache_conformance.ops import in_turn

# Whole numbers far beyond the ends, and beyond 64 bits: Python slices with them all.
_BOUNDS = (*range(-7, 8), 1_000_000, -1_000_000, 2**63, -(2**63) - 1, 2**70)
_LENGTHS = (0, 1, 5)


def bodies_are_added_at_the_end_in_order(bench: Bench) -> Steps[None]:
    """Appends of one and of several bodies follow each other in order, and each returns the length afterwards."""
    log, other = bench.log(), bench.log()
    yield from Append(other, (b"other",))

    appends = ((b"1",), (b"2", b"3", b"4"), (b"5",), (b"1", b"1"))
    lengths = yield from in_turn(Append(log, bodies) for bodies in appends)
    found = yield from ReadLog(log)
    length = yield from LogLength(log)

    expect_equal(([1, 4, 5, 7], 7), (lengths, length))
    expect_equal([b"1", b"2", b"3", b"4", b"5", b"1", b"1"], list(found))


def log_bodies_come_back_exactly(bench: Bench) -> Steps[None]:
    """Empty, binary, large and equal bodies come back as they were, as bytes."""
    log = bench.log()
    expected = [*BODIES, *BODIES[:3]]
    yield from Append(log, expected)

    found = yield from ReadLog(log)

    expect_equal(len(expected), len(found), "bodies")
    for before, after in zip(expected, found, strict=True):
        expect_equal(before, after, f"a body of {len(before):,} bytes")


def long_logs_keep_their_order(bench: Bench) -> Steps[None]:
    """A thousand bodies appended one by one are read in order, from either end and the middle."""
    log = bench.log()
    expected = [b"%d" % number for number in range(1_000)]
    for body in expected:
        yield from Append(log, (body,))

    whole, last, middle = yield from in_turn((ReadLog(log), ReadLog(log, -20), ReadLog(log, 495, 505)))

    expect_equal((expected, expected[-20:], expected[495:505]), (list(whole), list(last), list(middle)))


def slices_are_pythons(bench: Bench) -> Steps[None]:
    """Every pair of bounds gives what the same slice of a Python list gives."""
    for length in _LENGTHS:
        log = bench.log()
        mirror = [b"%d" % number for number in range(length)]
        yield from Append(log, mirror)
        for start in _BOUNDS:
            for stop in (None, *_BOUNDS):
                found = yield from ReadLog(log, start, stop)
                expect_equal(mirror[start:stop], list(found), f"[{start}:{stop}] of {length} bodies")


def slices_count_from_the_kept_bodies(bench: Bench) -> Steps[None]:
    """After a cap dropped the oldest, bounds count from the oldest that is left."""
    log = bench.log()
    mirror: list[bytes] = []
    for number in range(23):
        mirror = [*mirror, b"%d" % number, b"%d!" % number][-7:]
        yield from Append(log, (b"%d" % number, b"%d!" % number), max_length=7)
        for start, stop in ((0, None), (0, 2), (-3, None), (2, -2), (-9, 3), (6, 9)):
            found = yield from ReadLog(log, start, stop)
            expect_equal(mirror[start:stop], list(found), f"[{start}:{stop}] after {number + 1} capped appends")


def missing_log_is_empty(bench: Bench) -> Steps[None]:
    """A log nobody wrote is empty, of length 0, beside logs whose names look like it."""
    asked = bench.log("session")
    for name in ("Session", "session ", "sessio", "session1", "session:1", "%73ession"):
        yield from Append(bench.log(name), (b"neighbour",))

    found = yield from ReadLog(asked)
    last = yield from ReadLog(asked, -20)
    length = yield from LogLength(asked)

    expect_equal(([], [], 0), (list(found), list(last), length))


def cap_drops_the_oldest(bench: Bench) -> Steps[None]:
    """With a cap only the newest bodies stay, of one append too; the length returned is the length afterwards."""
    log = bench.log()
    lengths = yield from in_turn(
        (
            Append(log, (b"1", b"2", b"3"), max_length=4),
            Append(log, (b"4", b"5"), max_length=4),
            Append(log, (b"6",)),
            Append(log, (b"7",), max_length=2),
            Append(log, (b"8", b"9", b"10"), max_length=1),
            Append(log, (b"11",), max_length=10),
        )
    )
    found = yield from ReadLog(log)
    new = bench.log()
    at_once = yield from Append(new, [b"%d" % number for number in range(10)], max_length=3)
    newest = yield from ReadLog(new)

    expect_equal(([3, 4, 5, 2, 1, 2], [b"10", b"11"]), (lengths, list(found)))
    expect_equal((3, [b"7", b"8", b"9"]), (at_once, list(newest)))


def each_append_starts_the_time_anew(bench: Bench) -> Steps[None]:
    """A log that is appended to lives on as a whole, and is gone as a whole when nobody did for its time to live."""
    log, other = bench.log(), bench.log()
    yield from Append(other, (b"other",), ttl=12.0)
    seen = []
    for number in range(4):
        seen.append((yield from Append(log, (b"%d" % number,), ttl=5.0)))
        yield from bench.passing(4.0)
    alive = yield from ReadLog(log)
    gone = yield from ReadLog(other)
    yield from bench.passing(1.0 + bench.resolution)
    after = yield from ReadLog(log)
    length = yield from LogLength(log)

    expect_equal([1, 2, 3, 4], seen)
    expect_equal(([b"0", b"1", b"2", b"3"], [], [], 0), (list(alive), list(gone), list(after), length))


def last_append_decides_when_a_log_is_gone(bench: Bench) -> Steps[None]:
    """An append without a time to live makes a log last, one with a shorter time makes it go sooner."""
    lasting, sooner = bench.log(), bench.log()
    yield from Append(lasting, (b"1",), ttl=5.0)
    yield from Append(lasting, (b"2",))
    yield from Append(sooner, (b"1",), ttl=100.0)
    yield from Append(sooner, (b"2",), ttl=5.0)

    yield from bench.passing(6.0)
    found = yield from ReadLog(lasting)
    gone = yield from ReadLog(sooner)

    expect_equal(([b"1", b"2"], []), (list(found), list(gone)))


def expired_log_begins_anew(bench: Bench) -> Steps[None]:
    """An append to an expired log begins a new one, without what had gone and with its own time."""
    log = bench.log()
    yield from Append(log, (b"1", b"2"), ttl=5.0)
    yield from bench.passing(5.0 + bench.resolution)

    nothing = yield from Append(log, ())
    length = yield from Append(log, (b"3",))
    yield from bench.passing(1_000.0)
    found = yield from ReadLog(log)

    expect_equal((0, 1, [b"3"]), (nothing, length, list(found)))


def reading_does_not_lengthen_the_life_of_a_log(bench: Bench) -> Steps[None]:
    """A log that is read every second expires as if nobody had."""
    log = bench.log()
    yield from Append(log, (b"1",), ttl=4.5)
    for _ in range(5):
        yield from ReadLog(log, -1)
        yield from LogLength(log)
        yield from bench.passing(1.0)

    found = yield from ReadLog(log)

    expect_equal([], list(found))


def deleted_log_is_missing(bench: Bench) -> Steps[None]:
    """A deleted log is empty and begins anew; deleting a missing one, or a neighbour, does nothing."""
    log, other = bench.log("a"), bench.log("ab")
    yield from Append(log, (b"1", b"2"), ttl=5.0)
    yield from Append(other, (b"3",))

    yield from DeleteLog(log)
    yield from DeleteLog(log)
    yield from DeleteLog(bench.log("abc"))
    gone = yield from ReadLog(log)
    length = yield from Append(log, (b"4",))
    yield from bench.passing(6.0)
    found, untouched = yield from in_turn((ReadLog(log), ReadLog(other)))

    expect_equal(([], 1, [b"4"], [b"3"]), (list(gone), length, list(found), list(untouched)))


def append_of_nothing_changes_nothing(bench: Bench) -> Steps[None]:
    """An append of no bodies returns the length and neither caps, nor starts the time anew, nor makes a log."""
    log, missing = bench.log(), bench.log()
    yield from Append(log, (b"1", b"2"), ttl=5.0)
    yield from bench.passing(3.0)

    lengths = yield from in_turn(
        (Append(log, (), max_length=1, ttl=100.0), Append(log, ()), Append(missing, (), ttl=100.0))
    )
    found = yield from ReadLog(log)
    yield from bench.passing(2.0 + bench.resolution)
    after = yield from ReadLog(log)

    expect_equal(([2, 2, 0], [b"1", b"2"], []), (lengths, list(found), list(after)))


def wrong_append_is_refused(bench: Bench) -> Steps[None]:
    """A wrong body among right ones, a wrong time to live or cap: refused, nothing appended, the time not started."""
    log = bench.log()
    yield from Append(log, (b"1",), ttl=5.0)

    for body in WRONG_BODIES:
        for bodies in ((body, b"2"), (b"2", body), (body,)):
            yield from refused(Append(log, bodies), UsageError)
    for ttl in WRONG_TTLS:
        yield from refused(Append(log, (b"2",), ttl=ttl), UsageError)
        yield from refused(Append(log, (), ttl=ttl), UsageError)
    for max_length in (0, -1, -(2**70)):
        yield from refused(Append(log, (b"2",), max_length=max_length), UsageError)
    found = yield from ReadLog(log)
    yield from bench.passing(5.0 + bench.resolution)
    after = yield from ReadLog(log)

    expect_equal(([b"1"], []), (list(found), list(after)))


def append_over_the_limit_is_refused(bench: Bench) -> Steps[None]:
    """A body as large as the limit is appended whole; one byte more among others, and nothing is appended."""
    log = bench.log()
    largest = b"y" * (bench.capabilities.limits.max_body_bytes or 0)
    yield from Append(log, (largest,))

    yield from refused(Append(log, (b"2", largest + b"y")), StoreLimit)
    found = yield from ReadLog(log)

    expect_equal([largest], list(found))


LOGS = tuple(
    Case(steps, clauses, (Need.LOG, *needs))
    for steps, clauses, *needs in (
        (bodies_are_added_at_the_end_in_order, ("LOG-1", "LOG-2")),
        (log_bodies_come_back_exactly, ("LOG-1", "LOG-6")),
        (long_logs_keep_their_order, ("LOG-1", "LOG-6")),
        (slices_are_pythons, ("LOG-6",)),
        (slices_count_from_the_kept_bodies, ("LOG-4", "LOG-6")),
        (missing_log_is_empty, ("LOG-7",)),
        (cap_drops_the_oldest, ("LOG-2", "LOG-4")),
        (each_append_starts_the_time_anew, ("LOG-5", "LOG-7")),
        (last_append_decides_when_a_log_is_gone, ("LOG-5",)),
        (expired_log_begins_anew, ("LOG-5", "LOG-7")),
        (reading_does_not_lengthen_the_life_of_a_log, ("LOG-5",)),
        (deleted_log_is_missing, ("LOG-8",)),
        (append_of_nothing_changes_nothing, ("LOG-10",)),
        (wrong_append_is_refused, ("LOG-11",)),
        (append_over_the_limit_is_refused, ("LOG-11",), Need.BODY_LIMIT),
    )
)
