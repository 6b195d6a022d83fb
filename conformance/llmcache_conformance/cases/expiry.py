"""Cases of entries that expire, on a clock that the case sets."""

import math

from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteIfEqual, GetMany, PutIfAbsent, PutMany
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case
from llmcache_conformance.expect import expect_equal

_DAY = 86_400.0
_YEAR = 365.25 * _DAY


def entry_lives_its_time_and_no_longer(bench: Bench) -> Steps[None]:
    """An entry is there just before its time to live has passed, and gone at it plus the store's resolution."""
    margin = max(bench.resolution, 0.001)
    longest = bench.capabilities.limits.max_ttl or math.inf
    times = {min(ttl, longest) for ttl in (margin * 4, 1.0, 60.0, 7 * _DAY, 40 * _DAY)}
    for ttl in sorted(times):
        key = bench.key()
        yield from PutMany((Put(key, b"body", ttl),))

        yield from bench.passing(ttl - margin)
        before = yield from GetMany((key,))
        yield from bench.passing(margin + bench.resolution)
        after = yield from GetMany((key,))

        expect_equal([b"body", None], [*before, *after], f"just before and at the end of {ttl:g} seconds")


def each_entry_has_its_own_time(bench: Bench) -> Steps[None]:
    """The entries of one call expire one by one, each by its own time to live."""
    keys = bench.keys(4)
    yield from PutMany([Put(key, b"body", ttl) for key, ttl in zip(keys, (3.0, 1.0, None, 2.0), strict=True)])

    for still in ([b"body", None, b"body", b"body"], [b"body", None, b"body", None], [None, None, b"body", None]):
        yield from bench.passing(1.0 + bench.resolution)
        found = yield from GetMany(keys)
        expect_equal(still, list(found))


def no_time_to_live_means_for_ever(bench: Bench) -> Steps[None]:
    """An entry without a time to live, and those with the longest the store takes, are there after fifty years.

    A store that keeps nothing for ever says what no time to live means there, and that holds to the end.
    """
    limits = bench.capabilities.limits
    longest = limits.max_ttl or math.inf
    times = [None, *(ttl for ttl in (60 * _YEAR, 1e15) if ttl <= longest)]
    keys = bench.keys(len(times))
    yield from PutMany([Put(key, b"body", ttl) for key, ttl in zip(keys, times, strict=True)])

    margin = max(bench.resolution, 0.001)
    yield from bench.passing(50 * _YEAR if limits.default_ttl is None else limits.default_ttl - margin)
    found = yield from GetMany(keys)
    expect_equal([b"body"] * len(keys), list(found))

    yield from bench.passing(0.0 if limits.default_ttl is None else margin + bench.resolution)
    after = yield from GetMany(keys)
    expect_equal([b"body" if limits.default_ttl is None else None] * len(keys), list(after))


def reading_does_not_lengthen_a_life(bench: Bench) -> Steps[None]:
    """An entry that is read every second expires as if nobody had."""
    key = bench.key()
    yield from PutMany((Put(key, b"body", 4.5),))
    seen: list[bytes | None] = []
    for _ in range(5):
        seen += yield from GetMany((key,))
        yield from bench.passing(1.0)

    found = yield from GetMany((key,))

    expect_equal(([b"body"] * 5, [None]), (seen, list(found)))


def expired_entry_is_missing_for_all(bench: Bench) -> Steps[None]:
    """What reads cannot see, the conditional ops cannot see either, at the same instant."""
    absent, equal = bench.keys(2)
    yield from PutMany((Put(absent, b"old", 5.0), Put(equal, b"old", 5.0)))
    yield from bench.passing(5.0 + bench.resolution)

    deleted = yield from DeleteIfEqual(equal, b"old")
    kept = yield from PutIfAbsent(Put(absent, b"new", 5.0))
    found = yield from GetMany((absent, equal))

    expect_equal((False, True, [b"new", None]), (deleted, kept, list(found)))


def written_again_it_lives_again(bench: Bench) -> Steps[None]:
    """An entry written again before and after its end lives by the last writing, not by an older one."""
    key, other = bench.keys(2)
    yield from PutMany((Put(key, b"1", 10.0),))
    yield from bench.passing(6.0)
    yield from PutMany((Put(key, b"2", 10.0),))
    yield from bench.passing(6.0)
    yield from PutMany((Put(other, b"other"),))
    alive = yield from GetMany((key,))
    yield from bench.passing(6.0)
    gone = yield from GetMany((key,))
    yield from PutMany((Put(key, b"3", 10.0),))
    again = yield from GetMany((key,))

    expect_equal([b"2", None, b"3"], [*alive, *gone, *again])


def setting_the_clock_back_loses_nothing_for_ever(bench: Bench) -> Steps[None]:
    """After the clock is set back by an hour, entries still expire, by the time they were to expire at."""
    key = bench.key()
    yield from PutMany((Put(key, b"body", 60.0),))
    yield from bench.passing(-3_600.0)
    back = yield from GetMany((key,))
    yield from bench.passing(3_660.0 + bench.resolution)
    forward = yield from GetMany((key,))

    expect_equal([b"body", None], [*back, *forward])


EXPIRY = (
    Case(entry_lives_its_time_and_no_longer, ("KV-7",)),
    Case(each_entry_has_its_own_time, ("KV-5", "KV-7")),
    Case(no_time_to_live_means_for_ever, ("KV-7",)),
    Case(reading_does_not_lengthen_a_life, ("KV-7",)),
    Case(expired_entry_is_missing_for_all, ("KV-2", "KV-11", "KV-13")),
    Case(written_again_it_lives_again, ("KV-5", "KV-7")),
    Case(setting_the_clock_back_loses_nothing_for_ever, ("KV-7",)),
)
