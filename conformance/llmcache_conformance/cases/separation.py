"""Cases of names that stores have confused."""

from llmcache.model.key import Key, Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
)
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect_equal
from llmcache_conformance.nasty import NAMES, NAMESPACES
from llmcache_conformance.ops import in_turn


def names_never_meet(bench: Bench) -> Steps[None]:
    """Names of all families are present beside each other, each with its own body, and are deleted each alone."""
    keys = [bench.key(name) for name in NAMES]
    bodies = [b"%d" % number for number in range(len(keys))]
    yield from PutMany([Put(key, body) for key, body in zip(keys, bodies, strict=True)])

    found = yield from GetMany(keys)
    expect_equal(bodies, list(found))

    yield from DeleteMany(keys[::2])
    rest = yield from GetMany(keys)
    expect_equal([None if number % 2 == 0 else body for number, body in enumerate(bodies)], list(rest))


def each_name_is_absent_beside_the_others(bench: Bench) -> Steps[None]:
    """While all names but one are present, that one is missing."""
    keys = [bench.key(name) for name in NAMES]

    for key in keys:
        kept = yield from PutIfAbsent(Put(key, key.physical.encode()))
        expect_equal(True, kept, f"{key.physical} beside the names before it")
    found = yield from GetMany(keys)

    expect_equal([key.physical.encode() for key in keys], list(found))


def namespaces_never_meet(bench: Bench) -> Steps[None]:
    """One name in many namespaces, and names that continue where a namespace ends, stay apart."""
    keys = [Key(bench.space(*parts), "name") for parts in NAMESPACES]
    keys += [Key(bench.space("a"), "b/name"), Key(bench.space("a"), "b:response:name"), bench.key("a/name")]
    yield from PutMany([Put(key, key.physical.encode()) for key in keys])

    found = yield from GetMany(keys)

    expect_equal([key.physical.encode() for key in keys], list(found))


def kinds_never_meet(bench: Bench) -> Steps[None]:
    """One name in each kind of space stays apart."""
    keys = [bench.key("name", kind) for kind in Kind if not kind.is_log]
    yield from PutMany([Put(key, key.space.kind.value.encode()) for key in keys])

    found = yield from GetMany(keys)

    expect_equal([key.space.kind.value.encode() for key in keys], list(found))


def logs_never_meet(bench: Bench) -> Steps[None]:
    """Conversations of all names of all families keep to themselves, apart from entries of the same names."""
    logs = [bench.log(name) for name in NAMES]
    logs += [Key(bench.space(*parts, kind=Kind.HISTORY), "name") for parts in NAMESPACES]
    entries = [bench.key(name) for name in NAMES]
    yield from PutMany([Put(entry, b"entry") for entry in entries])
    lengths = yield from in_turn(Append(log, (b"%d" % number, b"more")) for number, log in enumerate(logs))

    found = yield from in_turn(ReadLog(log) for log in logs)
    kept = yield from GetMany(entries)
    length = yield from LogLength(bench.log("absent"))

    expect_equal([2] * len(logs), lengths)
    expect_equal([[b"%d" % number, b"more"] for number in range(len(logs))], [list(bodies) for bodies in found])
    expect_equal(([b"entry"] * len(entries), 0), (list(kept), length))


def logs_and_entries_never_meet(bench: Bench) -> Steps[None]:
    """A log and an entry of one name are missing, read, deleted and cleared each without the other."""
    log, entry, more = bench.log("name"), bench.key("name"), bench.log("more")
    yield from Append(log, (b"of the log",))
    missing = yield from GetMany((entry,))
    absent = yield from PutIfAbsent(Put(entry, b"entry"))
    length = yield from LogLength(log)
    yield from DeleteMany((entry,))
    without_entry = yield from ReadLog(log)
    yield from PutMany((Put(entry, b"again"),))
    yield from DeleteLog(log)
    without_log = yield from GetMany((entry,))
    yield from Append(more, (b"1", b"2"))
    yield from Clear(entry.space)
    after = yield from LogLength(more)

    expect_equal(([None], True, 1), (list(missing), absent, length))
    expect_equal(([b"of the log"], [b"again"], 2), (list(without_entry), list(without_log), after))


SEPARATION = (
    Case(names_never_meet, ("KV-15",)),
    Case(each_name_is_absent_beside_the_others, ("KV-15", "KV-2")),
    Case(namespaces_never_meet, ("KV-15",)),
    Case(kinds_never_meet, ("KV-15",)),
    Case(logs_never_meet, ("KV-15",), (Need.LOG,)),
    Case(logs_and_entries_never_meet, ("LOG-12",), (Need.LOG,)),
)
