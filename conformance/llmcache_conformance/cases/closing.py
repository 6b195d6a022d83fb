"""Cases of a store that was closed."""

from typing import Any

from llmcache.errors import ClosedError
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import (
    Append,
    Clear,
    DeleteIfEqual,
    DeleteLog,
    DeleteMany,
    GetMany,
    LogLength,
    PutIfAbsent,
    PutMany,
    ReadLog,
    Scan,
    Spaces,
)
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect_equal, refused
from llmcache_conformance.ops import Close


def closed_store_refuses_entries(bench: Bench) -> Steps[None]:
    """After close every method of entries raises ClosedError, with arguments or none; closing again does nothing."""
    key = bench.key()
    yield from PutMany((Put(key, b"body"),))
    yield from Close()
    yield from Close()

    ops: tuple[Op[Any], ...] = (
        GetMany((key,)),
        GetMany(()),
        PutMany((Put(key, b"body"),)),
        PutMany(()),
        PutIfAbsent(Put(key, b"body")),
        DeleteMany((key,)),
        DeleteMany(()),
        DeleteIfEqual(key, b"body"),
        Clear(key.space),
    )
    for op in ops:
        yield from refused(op, ClosedError)


def closed_store_refuses_logs(bench: Bench) -> Steps[None]:
    """After close every method of logs raises ClosedError."""
    log = bench.log()
    yield from Append(log, (b"1",))
    yield from Close()

    ops: tuple[Op[Any], ...] = (Append(log, (b"2",)), Append(log, ()), ReadLog(log), LogLength(log), DeleteLog(log))
    for op in ops:
        yield from refused(op, ClosedError)


def closed_store_refuses_to_list(bench: Bench) -> Steps[None]:
    """After close the methods that list raise ClosedError."""
    yield from PutMany((Put(bench.key(), b"body"),))
    yield from Close()

    ops: tuple[Op[Any], ...] = (Spaces(), Scan(bench.space()))
    for op in ops:
        yield from refused(op, ClosedError)


def closed_handle_takes_nothing_along(bench: Bench) -> Steps[None]:
    """What one handle has put is there for another after the first was closed, and the other goes on."""
    first, second = bench.keys(2)
    yield from PutMany((Put(first, b"1"),))
    yield from Close()

    yield from bench.elsewhere(PutMany((Put(second, b"2"),)))
    found = yield from bench.elsewhere(GetMany((first, second)))

    expect_equal([b"1", b"2"], list(found))


CLOSING = (
    Case(closed_store_refuses_entries, ("KV-18", "KV-22")),
    Case(closed_store_refuses_logs, ("KV-18", "KV-22"), (Need.LOG,)),
    Case(closed_store_refuses_to_list, ("KV-18", "KV-22"), (Need.SCAN,)),
    Case(closed_handle_takes_nothing_along, ("KV-21",), (Need.SECOND,)),
)
