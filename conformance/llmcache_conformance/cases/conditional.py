"""Cases of writing where nothing is, and deleting what is one's own."""

from functools import partial
from typing import Any, cast

from llmcache.errors import UsageError
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteIfEqual, DeleteMany, GetMany, PutIfAbsent, PutMany
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case
from llmcache_conformance.expect import expect_equal, refused
from llmcache_conformance.ops import Pause, Together, in_turn

_RIVALS = 8
_ROUNDS = 10


def put_if_absent_keeps_only_the_first(bench: Bench) -> Steps[None]:
    """The first put of a missing key is kept, the second is not and changes neither body nor time to live."""
    key = bench.key()
    first = yield from PutIfAbsent(Put(key, b"first", 10.0))
    yield from bench.passing(6.0)
    second = yield from PutIfAbsent(Put(key, b"second", 100.0))
    third = yield from PutIfAbsent(Put(key, b"third"))
    found = yield from GetMany((key,))
    yield from bench.passing(4.0 + bench.resolution)
    after = yield from GetMany((key,))

    expect_equal((True, False, False, b"first", None), (first, second, third, *found, *after))


def put_if_absent_sees_an_empty_body(bench: Bench) -> Steps[None]:
    """A key with an empty body is not missing."""
    key = bench.key()
    yield from PutMany((Put(key, b""),))

    kept = yield from PutIfAbsent(Put(key, b"body"))
    found = yield from GetMany((key,))

    expect_equal((False, b""), (kept, *found))


def put_if_absent_keeps_where_a_key_went_missing(bench: Bench) -> Steps[None]:
    """After a delete the key is missing again, and what is kept then has its own time to live."""
    key = bench.key()
    yield from PutMany((Put(key, b"old", 2.0),))
    yield from DeleteMany((key,))

    kept = yield from PutIfAbsent(Put(key, b"new", 10.0))
    yield from bench.passing(5.0)
    found = yield from GetMany((key,))

    expect_equal((True, b"new"), (kept, *found))


def put_if_absent_has_one_winner(bench: Bench) -> Steps[None]:
    """Of several that put one missing key at once exactly one is told that it did, and its body is there."""
    for _ in range(_ROUNDS):
        key = bench.key()
        ops = [PutIfAbsent(Put(key, b"%d" % rival)) for rival in range(_RIVALS)]
        answers = yield from Together([partial(iter, op) for op in ops])
        found = yield from GetMany((key,))
        winners = [b"%d" % rival for rival, kept in enumerate(answers) if kept]
        expect_equal(winners[:1], list(found))
        expect_equal(1, len(winners), "winners")


def delete_if_equal_deletes_only_what_is_equal(bench: Bench) -> Steps[None]:
    """Another body, a beginning of the body or a longer one deletes nothing; the same body deletes."""
    key, empty, missing = bench.keys(3)
    yield from PutMany((Put(key, b"body"), Put(empty, b"")))

    unequal = yield from in_turn(DeleteIfEqual(key, body) for body in (b"other", b"bod", b"body ", b"BODY", b""))
    before = yield from GetMany((key, empty))
    deleted = yield from in_turn((DeleteIfEqual(key, b"body"), DeleteIfEqual(empty, b"")))
    again = yield from in_turn((DeleteIfEqual(key, b"body"), DeleteIfEqual(missing, b"")))
    after = yield from GetMany((key, empty))

    expect_equal(([False] * 5, [b"body", b""]), (unequal, list(before)))
    expect_equal(([True, True], [False, False], [None, None]), (deleted, again, list(after)))


def delete_if_equal_wants_bytes(bench: Bench) -> Steps[None]:
    """A body that is not bytes is refused, even one that compares equal."""
    key = bench.key()
    yield from PutMany((Put(key, b"body"),))

    yield from refused(DeleteIfEqual(key, cast(bytes, bytearray(b"body"))), UsageError)
    found = yield from GetMany((key,))

    expect_equal([b"body"], list(found))


def delete_if_equal_has_one_winner(bench: Bench) -> Steps[None]:
    """Of several that delete one body at once exactly one is told that it did."""
    for _ in range(_ROUNDS):
        key = bench.key()
        yield from PutMany((Put(key, b"mine"),))
        ops = [DeleteIfEqual(key, b"mine") for _ in range(_RIVALS)]
        answers = yield from Together([partial(iter, op) for op in ops])
        expect_equal(1, answers.count(True), "winners")


def lease_is_held_by_one(bench: Bench) -> Steps[None]:
    """A lease taken by `put_if_absent` and given back by `delete_if_equal` is never held by two at once."""
    lease = bench.key("lease", Kind.LEASE)
    holders: list[int] = []
    most: list[int] = []

    def work(rival: int) -> Steps[Any]:
        token, taken = b"%d" % rival, 0
        for _ in range(_ROUNDS * 3):
            if (yield from PutIfAbsent(Put(lease, token, 60.0))):
                taken += 1
                holders.append(rival)
                yield from Pause()
                most.append(len(holders))
                holders.remove(rival)
                yield from DeleteIfEqual(lease, token)
            else:
                # Not one's own: must do nothing.
                yield from DeleteIfEqual(lease, token)
            yield from Pause()
        return taken

    taken = yield from Together([partial(work, rival) for rival in range(4)])

    expect_equal((1, sum(taken)), (max(most), len(most)))


CONDITIONAL = (
    Case(put_if_absent_keeps_only_the_first, ("KV-11",)),
    Case(put_if_absent_sees_an_empty_body, ("KV-2", "KV-11")),
    Case(put_if_absent_keeps_where_a_key_went_missing, ("KV-11",)),
    Case(put_if_absent_has_one_winner, ("KV-11",)),
    Case(delete_if_equal_deletes_only_what_is_equal, ("KV-13",)),
    Case(delete_if_equal_wants_bytes, ("KV-25",)),
    Case(delete_if_equal_has_one_winner, ("KV-13",)),
    Case(lease_is_held_by_one, ("KV-11", "KV-13")),
)
