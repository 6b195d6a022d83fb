"""Cases of calls that are cancelled: the store is before or after them, never half-way.

A blocking call cannot be cancelled; there these cases show only that the ops do what they do.
"""

from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteMany,
    GetMany,
    PutIfAbsent,
    PutMany,
    ReadLog,
)
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal
from llmcache_conformance.ops import CancelAfter

# The event loop goes round so often before the call is cancelled: before it began, and at each of its first awaits.
_TURNS = range(8)
_BODIES = tuple(b"%d" % number * 1_000 for number in range(5))


def cancelled_append_leaves_all_or_nothing(bench: Bench) -> Steps[None]:
    """After an append was cancelled, wherever it was, the log has all of its bodies or none."""
    for turns in _TURNS:
        log = bench.log()
        yield from Append(log, (b"first",))
        yield from CancelAfter(Append(log, _BODIES), turns)
        found = list((yield from ReadLog(log)))
        expect(found in ([b"first"], [b"first", *_BODIES]), f"after {turns} turns: {len(found)} bodies of 1 or 6")


def cancelled_put_leaves_the_old_or_the_new(bench: Bench) -> Steps[None]:
    """After a put was cancelled the entry has the old body or the new one."""
    for turns in _TURNS:
        key = bench.key()
        yield from PutMany((Put(key, b"old"),))
        yield from CancelAfter(PutMany((Put(key, b"new"),)), turns)
        found = list((yield from GetMany((key,))))
        expect(found in ([b"old"], [b"new"]), f"after {turns} turns: neither the old body nor the new one")


def cancelled_conditions_hold_or_did_nothing(bench: Bench) -> Steps[None]:
    """After a conditional call was cancelled, it was done whole or not at all."""
    for turns in _TURNS:
        absent, mine = bench.keys(2)
        yield from PutMany((Put(mine, b"mine"),))
        yield from CancelAfter(PutIfAbsent(Put(absent, b"new")), turns)
        yield from CancelAfter(DeleteIfEqual(mine, b"mine"), turns)
        found = list((yield from GetMany((absent, mine))))
        whole = [[put, left] for put in (None, b"new") for left in (None, b"mine")]
        expect(found in whole, f"after {turns} turns: half done")


def store_answers_after_a_cancelled_call(bench: Bench) -> Steps[None]:
    """The calls after a cancelled one get their own answers."""
    first, second = bench.keys(2)
    yield from PutMany((Put(first, b"1"), Put(second, b"2")))

    for turns in _TURNS:
        yield from CancelAfter(GetMany((first,)), turns)
        found = yield from GetMany((second,))
        expect_equal([b"2"], list(found), f"after {turns} turns")
        yield from CancelAfter(DeleteMany((bench.key(),)), turns)
        yield from CancelAfter(Clear(bench.space("nothing")), turns)
        both = yield from GetMany((first, second))
        expect_equal([b"1", b"2"], list(both), f"after {turns} turns")


CANCELLING = (
    Case(cancelled_append_leaves_all_or_nothing, ("KV-20", "LOG-1"), (Need.LOG,)),
    Case(cancelled_put_leaves_the_old_or_the_new, ("KV-20",)),
    Case(cancelled_conditions_hold_or_did_nothing, ("KV-20",)),
    Case(store_answers_after_a_cancelled_call, ("KV-20", "KV-1")),
)
