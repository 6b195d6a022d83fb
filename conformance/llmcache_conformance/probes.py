"""Probes: what a store does about the things that it does not declare.

An ability that is not declared must be refused by `UnsupportedError`, or its methods must be absent; anything else, and
above all doing it a little, is a lie to callers. Where a declaration says that something is not so (nothing survives, no
largest body), the probe shows that it is not so.
"""

import asyncio
import inspect
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from llmcache.drivers.offload import Offloaded
from llmcache.errors import UnsupportedError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.vectors import Point
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.whole import StorePair
from llmcache_conformance.bench import Bench, opened
from llmcache_conformance.colour import Colour, at_bench, drive
from llmcache_conformance.expect import Broken, expect, expect_equal
from llmcache_conformance.result import NotRun
from llmcache_conformance.subject import Subject
from llmcache_conformance.watching import connections

_LARGE_BODY = 8 << 20
_MINUTE = 60.0
_DIRECTION = struct.pack("<2f", 1.0, 0.0)


def undeclared_log_is_refused(subject: Subject) -> None:
    """A store that does not declare `log` has none of its methods, or refuses each of them."""
    log = Key(Space(Namespace(("conformance", "probe")), Kind.HISTORY), "log")
    calls: dict[str, Sequence[Any]] = {
        "append": (log, (b"1",)),
        "read_log": (log,),
        "log_length": (log,),
        "delete_log": (log,),
    }
    _refuse(subject, calls)


def undeclared_scan_is_refused(subject: Subject) -> None:
    """A store that does not declare `scan` has none of its methods, or refuses each of them."""
    space = Space(Namespace(("conformance", "probe")), Kind.RESPONSE)
    _refuse(subject, {"spaces": (), "scan": (space,)})


def undeclared_news_are_refused(subject: Subject) -> None:
    """A store that does not declare `news` cannot be watched."""
    _refuse(subject, {"watch": (list[object]().append,)})


def vectors_are_declared_or_refused(subject: Subject) -> None:
    """A store that declares `vectors` has its methods in both colours; one that does not has none, or refuses each of them."""
    index = Key(Space(Namespace(("conformance", "probe")), Kind.VECTORS), "index")
    calls: dict[str, Mapping[str, Any]] = {
        "put_points": {"points": (Point("1", _DIRECTION),)},
        "delete_points": {"ids": ("1",)},
        "get_points": {"ids": ("1",)},
        "nearest": {"vector": _DIRECTION, "count": 1},
        "ended_points": {"until": 1.0, "count": 1},
    }
    clock = subject.clock()
    pair = subject.open(clock)
    with opened(pair, clock) as handle:
        if not handle.capabilities.vectors:
            for name, options in calls.items():
                for store in _own_colours(pair):
                    _refused(getattr(store, name, None), name, (index,), {**options, "at": 1.0})
            return
        for store in (handle.blocking.store, handle.awaiting.store):
            absent = [name for name in calls if not hasattr(store, name)]
            expect(not absent, f"`vectors` is declared, and there is no {', '.join(absent)}")


def private_stores_are_apart(subject: Subject) -> None:
    """A store that declares neither `persistent` nor `shared` is empty when it is opened, whoever wrote before."""
    clock = subject.clock()
    with opened(subject.open(clock), clock) as first, opened(subject.open(clock), clock) as second:
        bench = Bench(first, clock, None)
        key = bench.key()

        def steps() -> Steps[list[bytes | None]]:
            yield from PutMany((Put(key, b"mine"),))
            return [*(yield from GetMany((key,)))]

        mine = drive(steps(), first, Colour.BLOCKING)
        theirs = second.blocking.store.get_many((key,))

    expect_equal(([b"mine"], [None]), (mine, list(theirs)), "what both of two stores hold")


def large_body_is_kept_where_no_limit_is_near(subject: Subject) -> None:
    """A store that declares no largest body, or one beyond what can be tested, keeps a body of 8 MiB."""
    body = bytes(range(256)) * (_LARGE_BODY // 256)

    def steps(bench: Bench) -> Steps[None]:
        key = bench.key()
        yield from PutMany((Put(key, body, _MINUTE),))
        found = yield from GetMany((key,))
        expect([body] == list(found), "a body of 8 MiB did not come back as it was put")

    _run(subject, steps)


def clock_given_is_not_the_one_that_counts(subject: Subject) -> None:
    """A store said to have a clock of its own does not expire entries by the one it is given."""
    expect(
        not obeys_clock(subject), "entries expire by the clock given, so its cases can be run: leave `own_clock` away"
    )


def store_opens_no_connection(subject: Subject) -> None:
    """A store that nobody said is behind a socket opens none."""
    expect(not speaks_over_tcp(subject), "the store opened a TCP connection")


def room_is_made_by_a_server(subject: Subject) -> None:
    """A store that says a server makes room for it has one: it opened a connection, and does not bound itself."""
    expect(speaks_over_tcp(subject), "the store opened no connection, so nobody but itself can make room for it")


def obeys_clock(subject: Subject) -> bool:
    """True where an entry of a minute is gone after the clock given was set forward by two."""
    found: list[bytes | None] = []

    def steps(bench: Bench) -> Steps[None]:
        key = bench.key()
        yield from PutMany((Put(key, b"body", _MINUTE),))
        yield from bench.passing(2 * _MINUTE + bench.resolution)
        found[:] = yield from GetMany((key,))

    _run(replace(subject, own_clock=False), steps)
    return found == [None]


def speaks_over_tcp(subject: Subject) -> bool:
    """True where the store opened a TCP connection when it was used, or where this machine cannot tell."""
    try:
        before = connections()
        seen: list[int] = []

        def steps(bench: Bench) -> Steps[None]:
            yield from PutMany((Put(bench.key(), b"body", _MINUTE),))
            seen.append(connections())

        _run(subject, steps)
    except NotRun:
        return True
    return seen[0] > before


def _run(subject: Subject, steps: Callable[[Bench], Steps[None]]) -> None:
    with at_bench(subject) as (bench, handle):
        drive(steps(bench), handle, Colour.BLOCKING)


def _refuse(subject: Subject, calls: dict[str, Sequence[Any]]) -> None:
    clock = subject.clock()
    pair = subject.open(clock)
    with opened(pair, clock):
        for name, arguments in calls.items():
            for store in _own_colours(pair):
                _refused(getattr(store, name, None), name, arguments)


def _own_colours(pair: StorePair) -> Sequence[object]:
    """Return the colours that are the store's own: one in threads has every method, and does what the blocking one does."""
    return (pair.blocking,) if isinstance(pair.awaiting, Offloaded) else (pair.blocking, pair.awaiting)


def _refused(
    method: Callable[..., Any] | None,
    name: str,
    arguments: Sequence[Any],
    options: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    if method is None:
        return
    try:
        answer = method(*arguments, **options)
        if inspect.isawaitable(answer):
            asyncio.run(_awaited(answer))
    except UnsupportedError:
        return
    except Exception as other:
        raise Broken(f"{name}: expected UnsupportedError, got {type(other).__name__}") from other
    raise Broken(f"{name}: not declared, and yet it was accepted")


async def _awaited(answer: Awaitable[Any]) -> None:
    await answer
