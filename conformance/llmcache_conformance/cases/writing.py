"""Cases of writing entries."""

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from llmcache.errors import StoreLimit, UsageError
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutIfAbsent, PutMany
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect_equal, refused
from llmcache_conformance.ops import Pause, Together


class _Bytes(bytes):
    """Bytes of a type of one's own, which no store can give back."""


# Made by a cast, because a type checker would refuse them, and a caller may have none.
WRONG_BODIES = cast(Sequence[bytes], (bytearray(b"body"), memoryview(b"body"), "body", None, 7, _Bytes(b"body")))
WRONG_TTLS = cast(
    Sequence[float], (0, 0.0, -0.0, -1, -0.001, float("nan"), float("inf"), float("-inf"), True, "60", 10**400)
)


def put_replaces_the_body(bench: Bench) -> Steps[None]:
    """A later body replaces an earlier one, whether it is shorter, longer or empty."""
    key, other = bench.keys(2)
    yield from PutMany((Put(other, b"other"),))

    for body in (b"a long body to begin with", b"short", b"a longer body than before", b""):
        yield from PutMany((Put(key, body),))
        found = yield from GetMany((key, other))
        expect_equal([body, b"other"], list(found))


def put_replaces_the_time_to_live(bench: Bench) -> Steps[None]:
    """What was written last decides when an entry is gone: never, later, or sooner than it was."""
    forever, later, sooner = bench.keys(3)
    yield from PutMany((Put(forever, b"1", 5.0), Put(later, b"1", 5.0), Put(sooner, b"1", 100.0)))
    yield from PutMany((Put(forever, b"2"), Put(later, b"2", 50.0), Put(sooner, b"2", 5.0)))

    yield from bench.passing(6.0)
    found = yield from GetMany((forever, later, sooner))

    expect_equal([b"2", b"2", None], list(found))


def another_handle_reads_what_was_put(bench: Bench) -> Steps[None]:
    """A second handle on the store, opened before, reads a new body, its replacement, and its absence."""
    key = bench.key()
    nothing = yield from bench.elsewhere(GetMany((key,)))
    yield from PutMany((Put(key, b"1"),))
    first = yield from bench.elsewhere(GetMany((key,)))
    yield from bench.elsewhere(PutMany((Put(key, b"2"),)))
    second = yield from GetMany((key,))
    third = yield from bench.elsewhere(GetMany((key,)))

    expect_equal([None, b"1", b"2", b"2"], [*nothing, *first, *second, *third])


def later_put_of_a_key_holds(bench: Bench) -> Steps[None]:
    """Of two puts of one key in a call the later one holds, in body and in time to live."""
    key, other = bench.keys(2)
    yield from PutMany((Put(key, b"1", 5.0), Put(other, b"o"), Put(key, b"2")))

    yield from bench.passing(6.0)
    found = yield from GetMany((key, other))

    expect_equal([b"2", b"o"], list(found))


def wrong_put_stops_all_puts(bench: Bench) -> Steps[None]:
    """One wrong put, wherever it stands among right ones, and nothing is written: what was there is there."""
    old, new = bench.keys(2)
    yield from PutMany((Put(old, b"old"),))
    right = [Put(old, b"changed"), Put(new, b"new")]

    for wrong in (Put(bench.key(), b"", 0.0), Put(bench.key(), WRONG_BODIES[0])):
        for place in range(len(right) + 1):
            yield from refused(PutMany([*right[:place], wrong, *right[place:]]), UsageError)
            found = yield from GetMany((old, new))
            expect_equal([b"old", None], list(found), f"with the wrong put in place {place}")


def wrong_time_to_live_is_refused(bench: Bench) -> Steps[None]:
    """Zero, negative, infinite, NaN, a truth value, text: each is refused, and the old entry stays."""
    old, new = bench.keys(2)
    yield from PutMany((Put(old, b"old"),))

    for ttl in WRONG_TTLS:
        yield from refused(PutMany((Put(old, b"new", ttl),)), UsageError)
        yield from refused(PutIfAbsent(Put(new, b"new", ttl)), UsageError)
    found = yield from GetMany((old, new))

    expect_equal([b"old", None], list(found))


def body_of_another_type_is_refused(bench: Bench) -> Steps[None]:
    """What is not exactly bytes is refused, and the old entry stays."""
    old, new = bench.keys(2)
    yield from PutMany((Put(old, b"old"),))

    for body in WRONG_BODIES:
        yield from refused(PutMany((Put(old, body),)), UsageError)
        yield from refused(PutIfAbsent(Put(new, body)), UsageError)
    found = yield from GetMany((old, new))

    expect_equal([b"old", None], list(found))


def body_over_the_limit_is_refused(bench: Bench) -> Steps[None]:
    """A body as large as the limit is kept whole; one byte more is refused, and nothing is written."""
    key, other = bench.keys(2)
    limit = bench.capabilities.limits.max_body_bytes or 0
    largest = b"0123456789abcdef" * (limit // 16) + b"x" * (limit % 16)
    yield from PutMany((Put(key, largest),))
    found = yield from GetMany((key,))
    expect_equal([largest], list(found))

    yield from refused(PutMany((Put(other, b"other"), Put(key, largest + b"x"))), StoreLimit)
    yield from refused(PutIfAbsent(Put(other, largest + b"x")), StoreLimit)
    after = yield from GetMany((key, other))

    expect_equal([largest, None], list(after))


def readers_see_whole_bodies(bench: Bench) -> Steps[None]:
    """While several write one key, every reader sees one body of one writer, never a mixture."""
    key = bench.key()
    bodies = [bytes([letter]) * 20_000 for letter in b"abcd"]
    yield from PutMany((Put(key, bodies[0]),))

    def write(body: bytes) -> Steps[Any]:
        for _ in range(10):
            yield from PutMany((Put(key, body),))
            yield from Pause()
        return set()

    def read() -> Steps[Any]:
        seen: set[bytes | None] = set()
        for _ in range(20):
            seen.update((yield from GetMany((key,))))
            yield from Pause()
        return seen

    answers = yield from Together([*[partial(write, body) for body in bodies], read, read])

    strange = set().union(*answers).difference(bodies)
    expect_equal(0, len(strange), "bodies that nobody wrote")


WRITING = (
    Case(put_replaces_the_body, ("KV-5", "KV-6")),
    Case(put_replaces_the_time_to_live, ("KV-5",)),
    Case(another_handle_reads_what_was_put, ("KV-6",), (Need.SECOND,)),
    Case(later_put_of_a_key_holds, ("KV-10",)),
    Case(wrong_put_stops_all_puts, ("KV-9",)),
    Case(wrong_time_to_live_is_refused, ("KV-8",)),
    Case(body_of_another_type_is_refused, ("KV-17",)),
    Case(body_over_the_limit_is_refused, ("KV-16",), (Need.BODY_LIMIT,)),
    Case(readers_see_whole_bodies, ("KV-10",)),
)
