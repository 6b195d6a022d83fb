"""Cases of the limits that a store declares: as much is taken, more is refused, and what is not limited is taken."""

from llmcache.errors import StoreLimit
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, DeleteMany, GetMany, LogLength, PutIfAbsent, PutMany
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect_equal, refused

_MANY = 1_000
_MOST_REFUSED = 100_000
_YEARS = 20 * 365.25 * 86_400


def batch_to_the_limit_is_done(bench: Bench) -> Steps[None]:
    """As many keys as the store takes in one call, or a thousand where it takes more, are put, read and deleted."""
    limit = bench.capabilities.limits.max_batch
    keys = bench.keys(_MANY if limit is None else min(limit, _MANY))

    yield from PutMany([Put(key, b"body") for key in keys])
    found = yield from GetMany(keys)
    yield from DeleteMany(keys)
    left = yield from GetMany(keys)

    expect_equal(([b"body"] * len(keys), [None] * len(keys)), (list(found), list(left)))


def batch_over_the_limit_is_refused(bench: Bench) -> Steps[None]:
    """One key more than the store declares to take is refused by every method that takes several; nothing is done."""
    limit = bench.capabilities.limits.max_batch
    first = bench.key()
    yield from PutMany((Put(first, b"old"),))

    if limit is not None and limit < _MOST_REFUSED:
        keys = [first, *bench.keys(limit)]
        yield from refused(PutMany([Put(key, b"new") for key in keys]), StoreLimit)
        yield from refused(GetMany(keys), StoreLimit)
        yield from refused(DeleteMany(keys), StoreLimit)
    found = yield from GetMany((first,))

    expect_equal([b"old"], list(found))


def time_to_live_to_the_limit_is_taken(bench: Bench) -> Steps[None]:
    """The longest time to live that the store declares is taken, or twenty years where it declares none."""
    longest = bench.capabilities.limits.max_ttl or _YEARS
    put, absent = bench.keys(2)
    yield from PutMany((Put(put, b"1", longest),))
    is_kept = yield from PutIfAbsent(Put(absent, b"2", longest))
    found = yield from GetMany((put, absent))

    expect_equal((True, [b"1", b"2"]), (is_kept, list(found)))


def time_to_live_over_the_limit_is_refused(bench: Bench) -> Steps[None]:
    """A longer time to live than the store declares is refused, and what was there stays."""
    limit = bench.capabilities.limits.max_ttl
    old, new = bench.keys(2)
    yield from PutMany((Put(old, b"old"),))

    if limit is not None:
        over = limit * 1.01 + 1.0
        yield from refused(PutMany((Put(new, b"new"), Put(old, b"new", over))), StoreLimit)
        yield from refused(PutIfAbsent(Put(new, b"new", over)), StoreLimit)
    found = yield from GetMany((old, new))

    expect_equal([b"old", None], list(found))


def log_keeps_to_the_limit_of_time(bench: Bench) -> Steps[None]:
    """A log takes the longest time to live that is declared, and refuses a longer one with nothing appended."""
    limit = bench.capabilities.limits.max_ttl
    log = bench.log()
    yield from Append(log, (b"1",), ttl=limit or _YEARS)

    if limit is not None:
        yield from refused(Append(log, (b"2",), ttl=limit * 1.01 + 1.0), StoreLimit)
    length = yield from LogLength(log)

    expect_equal(1, length)


LIMITS = (
    Case(batch_to_the_limit_is_done, ("KV-23",)),
    Case(batch_over_the_limit_is_refused, ("KV-23",)),
    Case(time_to_live_to_the_limit_is_taken, ("KV-24",)),
    Case(time_to_live_over_the_limit_is_refused, ("KV-24",)),
    Case(log_keeps_to_the_limit_of_time, ("KV-24",), (Need.LOG,)),
)
