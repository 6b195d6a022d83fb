"""Cases of expiry in so short a time that it can be waited for: also for stores whose clock nobody can set.

That something is *gone* is asked after its time has surely passed. That it is *still there* is believed only where
the answer came before its time was over; on a machine that stands still meanwhile the case tries again.
"""

from collections.abc import Callable

from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, GetMany, LogLength, PutIfAbsent, PutMany, ReadLog, Scan
from llmcache.protocols.world_ops import Monotonic
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import Broken, expect_equal

_SHORT: Seconds = 0.3
_LONG: Seconds = 3_600.0
_TRIES = 5


def entry_expires_as_time_goes_by(bench: Bench) -> Steps[None]:
    """A short-lived entry is there at first and gone soon after its time; those that live longer stay."""
    ttl = _short(bench)

    def begin() -> Steps[list[bytes | None]]:
        keys[:] = bench.keys(4)
        lives = (ttl, None, _LONG, ttl)
        yield from PutMany([Put(key, b"body", life) for key, life in zip(keys, lives, strict=True)])
        return list((yield from GetMany(keys)))

    keys = bench.keys(4)
    yield from _while_it_lives(begin, [b"body"] * 4, ttl)
    # Written again: its first time to live means nothing any more.
    yield from PutMany((Put(keys[3], b"again"),))
    yield from bench.waiting(_over(bench, ttl))
    after = yield from GetMany(keys)

    expect_equal(
        [None, b"body", b"body", b"again"], list(after), f"{_over(bench, ttl):.2f} s after {ttl:.2f} s to live"
    )


def lease_ends_as_time_goes_by(bench: Bench) -> Steps[None]:
    """A key put if absent is taken while it lives, and free again after its time."""
    ttl = _short(bench)

    def begin() -> Steps[tuple[bool, bool]]:
        keys[:] = bench.keys(1)
        first = yield from PutIfAbsent(Put(keys[0], b"mine", ttl))
        second = yield from PutIfAbsent(Put(keys[0], b"yours", ttl))
        return first, second

    keys = bench.keys(1)
    yield from _while_it_lives(begin, (True, False), ttl)
    yield from bench.waiting(_over(bench, ttl))
    third = yield from PutIfAbsent(Put(keys[0], b"yours", _LONG))
    found = yield from GetMany(keys)

    expect_equal((True, [b"yours"]), (third, list(found)))


def log_expires_as_time_goes_by(bench: Bench) -> Steps[None]:
    """A log lives by its last append, whole, and is empty soon after its time; an append without one lets it stay."""
    ttl = _short(bench)

    def begin() -> Steps[tuple[int, int, list[bytes]]]:
        logs[:] = [bench.log(), bench.log()]
        for log in logs:
            yield from Append(log, (b"1",), ttl=ttl)
        length = yield from Append(logs[0], (b"2",), ttl=ttl)
        kept = yield from Append(logs[1], (b"2",))
        return length, kept, list((yield from ReadLog(logs[0])))

    logs = [bench.log()]
    yield from _while_it_lives(begin, (2, 2, [b"1", b"2"]), ttl)
    yield from bench.waiting(_over(bench, ttl))
    gone = yield from ReadLog(logs[0])
    length = yield from LogLength(logs[0])
    kept = yield from ReadLog(logs[1])

    expect_equal(([], 0, [b"1", b"2"]), (list(gone), length, list(kept)))


def listing_forgets_as_time_goes_by(bench: Bench) -> Steps[None]:
    """What has expired is not listed any more, and what has not still is."""
    ttl = _short(bench)
    short, long = bench.key("a"), bench.key("b")
    yield from PutMany((Put(short, b"1", ttl), Put(long, b"2", _LONG)))
    yield from bench.waiting(_over(bench, ttl))

    found = yield from Scan(bench.space())

    expect_equal([long.physical], [listed.key.physical for listed in found])


def _short(bench: Bench) -> Seconds:
    return _SHORT + bench.resolution


def _over(bench: Bench, ttl: Seconds) -> Seconds:
    """Return how long to wait until what was to live `ttl` is gone, however the clocks of two machines tick."""
    return ttl * 1.2 + bench.resolution


def _while_it_lives(begin: Callable[[], Steps[object]], expected: object, ttl: Seconds) -> Steps[None]:
    """Do `begin` and compare what it answers, if it answered within `ttl`; otherwise do it anew."""
    for _ in range(_TRIES):
        started = yield from Monotonic()
        answer = yield from begin()
        took = (yield from Monotonic()) - started
        if answer == expected or took < ttl * 0.8:
            expect_equal(expected, answer, f"after {took:.2f} s of {ttl:.2f} s to live")
            return
    raise Broken(f"a few calls took longer than {ttl:g} s, {_TRIES} times in turn; nothing can be said about expiry")


REAL_TIME = (
    Case(entry_expires_as_time_goes_by, ("KV-5", "KV-7")),
    Case(lease_ends_as_time_goes_by, ("KV-7", "KV-11")),
    Case(log_expires_as_time_goes_by, ("LOG-5", "LOG-7"), (Need.LOG,)),
    Case(listing_forgets_as_time_goes_by, ("SCAN-4",), (Need.SCAN,)),
)
