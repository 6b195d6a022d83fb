"""Cases of deleting keys and clearing spaces."""

from llmcache.model.key import Key, Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, Clear, DeleteMany, GetMany, LogLength, PutMany, ReadLog
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect_equal
from llmcache_conformance.nasty import NAMESPACES
from llmcache_conformance.ops import in_turn

_ENTRY_KINDS = tuple(kind for kind in Kind if not kind.is_log)


def deleted_keys_are_missing(bench: Bench) -> Steps[None]:
    """Every key of the call goes missing, those that were missing and those named twice too; the others stay."""
    first, second, third, missing = bench.keys(4)
    yield from PutMany((Put(first, b"1"), Put(second, b"2"), Put(third, b"3")))

    yield from DeleteMany((first, missing, third, first))
    found = yield from GetMany((first, second, third, missing))
    yield from DeleteMany((first, missing))
    yield from DeleteMany(())

    expect_equal([None, b"2", None, None], list(found))


def deleted_keys_stay_missing(bench: Bench) -> Steps[None]:
    """What is written or cleared afterwards brings no deleted key back."""
    gone, other, far = bench.key(), bench.key(), Key(bench.space("far"), "name")
    yield from PutMany((Put(gone, b"gone"), Put(far, b"far")))
    yield from DeleteMany((gone,))

    yield from PutMany((Put(other, b"other"), Put(far, b"again")))
    yield from Clear(far.space)
    found = yield from GetMany((gone, other, far))

    expect_equal([None, b"other", None], list(found))


def deleting_spares_the_neighbours(bench: Bench) -> Steps[None]:
    """Deleting a key leaves keys that begin like it, look like it, or match it as a pattern."""
    names = ("a", "ab", "a/b", "a:b", "A", "a*", "*", "a%", "a_")
    keys = [bench.key(name) for name in names]

    for key in keys:
        yield from PutMany([Put(each, each.name.encode()) for each in keys])
        yield from DeleteMany((key,))
        found = yield from GetMany(keys)
        expect_equal([None if each is key else each.name.encode() for each in keys], list(found), key.physical)


def clearing_empties_one_space_only(bench: Bench) -> Steps[None]:
    """Clearing a space leaves spaces whose names begin like it, lie below it, or match it as a pattern."""
    keys = [Key(bench.space(*parts), "name") for parts in NAMESPACES]
    keys += [Key(bench.space(kind=kind), "name") for kind in _ENTRY_KINDS]

    for key in keys:
        yield from PutMany([Put(each, each.physical.encode()) for each in keys])
        yield from Clear(key.space)
        found = yield from GetMany(keys)
        expect_equal([None if each is key else each.physical.encode() for each in keys], list(found), key.space.prefix)


def clearing_empties_the_whole_space(bench: Bench) -> Steps[None]:
    """Every key of the space goes, however many and of whatever name; clearing nothing is no error."""
    keys = [bench.key(f"{number}") for number in range(300)] + [bench.key(name) for name in ("%", "é", "\x00", "a:b")]
    yield from PutMany([Put(key, b"body", 60.0) for key in keys])

    yield from Clear(bench.space())
    found = yield from GetMany(keys)
    yield from Clear(bench.space())
    yield from Clear(bench.space("never used"))

    expect_equal([None] * len(keys), list(found))


def put_after_clear_is_kept(bench: Bench) -> Steps[None]:
    """What is written after clearing stays."""
    key = bench.key()
    yield from PutMany((Put(key, b"old"),))
    yield from Clear(key.space)
    yield from PutMany((Put(key, b"new"),))

    found = yield from GetMany((key,))

    expect_equal([b"new"], list(found))


def clearing_drops_the_logs_of_its_space(bench: Bench) -> Steps[None]:
    """Clearing a space of conversations drops them all, and neither those of other namespaces nor any entry."""
    mine, other = bench.log("session"), Key(bench.space("ab", kind=Kind.HISTORY), "session")
    entry = bench.key("session")
    yield from Append(mine, (b"1", b"2"))
    yield from Append(other, (b"3",))
    yield from PutMany((Put(entry, b"entry"),))

    yield from Clear(entry.space)
    kept = yield from ReadLog(mine)
    yield from Clear(mine.space)
    lengths = yield from in_turn((LogLength(mine), LogLength(other)))
    begun_again = yield from Append(mine, (b"4",))
    after = yield from ReadLog(mine)

    expect_equal(([b"1", b"2"], [0, 1], 1, [b"4"]), (list(kept), lengths, begun_again, list(after)))


DELETING = (
    Case(deleted_keys_are_missing, ("KV-12",)),
    Case(deleted_keys_stay_missing, ("KV-12", "KV-14")),
    Case(deleting_spares_the_neighbours, ("KV-12", "KV-15")),
    Case(clearing_empties_one_space_only, ("KV-14", "KV-15")),
    Case(clearing_empties_the_whole_space, ("KV-14",)),
    Case(put_after_clear_is_kept, ("KV-14",)),
    Case(clearing_drops_the_logs_of_its_space, ("KV-14",), (Need.LOG,)),
)
