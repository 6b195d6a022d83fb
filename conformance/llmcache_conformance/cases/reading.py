"""Cases of reading entries."""

from llmcache.model.key import Key, Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case
from llmcache_conformance.expect import expect_equal
from llmcache_conformance.nasty import BODIES

# More than SQLite's 32,766 bound variables in one statement.
_MANY_KEYS = 33_000


def slots_come_in_the_order_of_the_keys(bench: Bench) -> Steps[None]:
    """Keys asked in another order than written, with missing ones between them, are answered in the order asked."""
    first, second, third, missing = bench.keys(4)
    yield from PutMany((Put(first, b"1"), Put(second, b"2"), Put(third, b"3")))

    found = yield from GetMany((third, missing, first, second))

    expect_equal([b"3", None, b"1", b"2"], list(found))


def thousands_of_keys_are_read_in_one_call(bench: Bench) -> Steps[None]:
    """As many keys as the store takes are answered in one call, the present ones in their places."""
    many = min(bench.capabilities.limits.max_batch or _MANY_KEYS, _MANY_KEYS)
    space = bench.space()
    keys = [Key(space, f"{number:x}") for number in range(many)]
    yield from PutMany((Put(keys[0], b"first"), Put(keys[-1], b"last")))

    found = yield from GetMany(keys)

    expect_equal([b"first", *[None] * (many - 2), b"last"], list(found))


def missing_key_gives_none_beside_its_neighbours(bench: Bench) -> Steps[None]:
    """A key that was never written is missing although keys that look like it are there."""
    asked = bench.key("ab")
    neighbours = [bench.key(name) for name in ("a", "abc", "AB", "ab ", "b", "ba", "%61b")]
    neighbours += [bench.key("ab", kind) for kind in Kind if kind is not asked.space.kind and not kind.is_log]
    neighbours += [Key(bench.space("ab"), "ab"), Key(bench.space("a", "b"), "ab")]
    yield from PutMany([Put(neighbour, b"neighbour") for neighbour in neighbours])

    found = yield from GetMany((asked,))

    expect_equal([None], list(found))


def empty_body_is_no_miss(bench: Bench) -> Steps[None]:
    """An empty body is found as an empty body."""
    key, missing = bench.keys(2)
    yield from PutMany((Put(key, b""),))

    found = yield from GetMany((key, missing))

    expect_equal([b"", None], list(found))


def duplicates_are_answered_twice(bench: Bench) -> Steps[None]:
    """A key asked three times in one call has three slots, and so has a missing one."""
    key, missing = bench.keys(2)
    yield from PutMany((Put(key, b"body"),))

    found = yield from GetMany((key, missing, key, missing, key))

    expect_equal([b"body", None, b"body", None, b"body"], list(found))


def no_keys_give_no_slots(bench: Bench) -> Steps[None]:
    """Asking nothing answers nothing, whatever the store holds."""
    yield from PutMany((Put(bench.key(), b"body"),))

    found = yield from GetMany(())

    expect_equal([], list(found))


def bodies_come_back_exactly(bench: Bench) -> Steps[None]:
    """Empty, one byte, all byte values, text that is none, and large bodies come back as they were, as bytes."""
    keys = bench.keys(len(BODIES))
    yield from PutMany([Put(key, body) for key, body in zip(keys, BODIES, strict=True)])

    found = yield from GetMany(keys)

    expect_equal(len(BODIES), len(found), "slots")
    for expected, actual in zip(BODIES, found, strict=True):
        expect_equal(expected, actual, f"a body of {len(expected):,} bytes")


READING = (
    Case(slots_come_in_the_order_of_the_keys, ("KV-1",)),
    Case(thousands_of_keys_are_read_in_one_call, ("KV-1", "KV-3")),
    Case(missing_key_gives_none_beside_its_neighbours, ("KV-2", "KV-15")),
    Case(empty_body_is_no_miss, ("KV-2", "KV-4")),
    Case(duplicates_are_answered_twice, ("KV-3",)),
    Case(no_keys_give_no_slots, ("KV-3",)),
    Case(bodies_come_back_exactly, ("KV-4",)),
)
