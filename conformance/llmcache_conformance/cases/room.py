"""Cases of a store that is too small for what is written to it."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from llmcache.errors import StoreLimit
from llmcache.model.key import Kind
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Append, DeleteMany, GetMany, PutMany, ReadLog
from llmcache_conformance.bench import Bench
from llmcache_conformance.case import Case, Need
from llmcache_conformance.expect import expect, expect_equal
from llmcache_conformance.ops import in_turn

_BODY = b"x" * 4_000
# As much as a small store may need before it is full (see `Subject.open_small`).
_MORE_THAN_ENOUGH = 500
_ENOUGH = 300


def what_was_just_put_is_there(bench: Bench) -> Steps[None]:
    """A store that drops entries to make room never drops those of the call that needed it."""
    seen = []
    for _ in range(_MORE_THAN_ENOUGH // 4):
        batch = bench.keys(4)
        yield from PutMany([Put(key, _BODY, 60.0) for key in batch])
        found = yield from GetMany(batch)
        expect_equal([_BODY] * 4, list(found), "a call's own entries, right after it")
        seen += batch

    left = [body for body in (yield from GetMany(seen)) if body is not None]
    expect(
        len(left) < len(seen),
        "a small store held everything; it is too large to test with: give one that a few hundred KiB fill",
    )


def what_was_just_put_is_there_whatever_its_name(bench: Bench) -> Steps[None]:
    """Names that fall, rise and jump: room is made by age or use, never by the order of names."""
    many = _ENOUGH // 2
    rising = [f"{many + number:04}" for number in range(many)]
    jumping = [sha256(name.encode()).hexdigest() for name in rising]
    falling = [f"{many - number:04}" for number in range(many)]
    for name in (*rising, *jumping, *falling):
        yield from PutMany((Put(bench.key(name), _BODY, 60.0),))
        found = yield from GetMany((bench.key(name),))
        expect_equal([_BODY], list(found), "an entry right after it was put")


def full_store_is_right_or_refuses(bench: Bench) -> Steps[None]:
    """What was taken is there whole, or missing where it may be dropped; what was refused changed nothing."""
    for kind in (Kind.RESPONSE, Kind.DOCUMENT):
        keys = [bench.key(f"{number}", kind) for number in range(_ENOUGH)]
        held: list[bytes | None] = [None] * len(keys)
        found: list[bytes | None] = []
        ttl = 60.0 if kind.is_evictable else None
        for turn in range(2):
            bodies = [b"%d of %d " % (number, turn) + _BODY[: 3_400 + 500 * turn] for number in range(len(keys))]
            taken = yield from _taken(PutMany((Put(key, body, ttl),)) for key, body in zip(keys, bodies, strict=True))
            held = [body if took else old for body, took, old in zip(bodies, taken, held, strict=True)]
            found = [*(yield from GetMany(keys))]
            may_be_gone = {None} if kind.is_evictable else set[None]()
            wrong = [place for place, body in enumerate(found) if body not in {held[place]} | may_be_gone]
            expect_equal([], wrong, f"which of {len(keys)} {kind.value} entries are not as they were put last")
        expect(
            any(held), "a small store took nothing; it is too small to test with: give one that a few hundred KiB fill"
        )
        expect(
            None in found,
            "a small store held everything; it is too large to test with: give one that a few hundred KiB fill",
        )
        yield from DeleteMany(keys)


def what_cannot_be_had_again_is_not_dropped(bench: Bench) -> Steps[None]:
    """Leases, tag marks and documents stay, however many answers come after them."""
    kept = [bench.key("name", kind) for kind in Kind if not kind.is_evictable and not kind.is_log]
    yield from PutMany([Put(key, b"keep") for key in kept])
    yield from _filled(bench)

    found = yield from GetMany(kept)

    expect_equal([b"keep"] * len(kept), list(found))


def conversations_are_not_dropped(bench: Bench) -> Steps[None]:
    """A log stays whole, however many answers come after it."""
    log = bench.log()
    yield from Append(log, (b"1", b"2"))
    yield from _filled(bench)

    found = yield from ReadLog(log)

    expect_equal([b"1", b"2"], list(found))


def acknowledged_messages_are_there(bench: Bench) -> Steps[None]:
    """However full the store, a message that was taken is there, and one that was refused is not."""
    logs = [bench.log(f"session {number}") for number in range(_MORE_THAN_ENOUGH)]
    taken = yield from _taken(Append(log, (_BODY,)) for log in logs)

    found = yield from in_turn(ReadLog(log) for log in logs)

    expect_equal([[_BODY] if is_taken else [] for is_taken in taken], [list(bodies) for bodies in found])


def wrong_size_writes_nothing(bench: Bench) -> Steps[None]:
    """Puts that do not fit beside each other are refused together, and what was there stays."""
    old = bench.key()
    yield from PutMany((Put(old, b"old"),))
    batch = [Put(key, _BODY) for key in bench.keys(_MORE_THAN_ENOUGH)]
    try:
        yield from PutMany([Put(old, b"new"), *batch])
    except StoreLimit:
        found = yield from GetMany([old, *(put.key for put in batch)])
        expect_equal([b"old", *[None] * len(batch)], list(found))
    else:
        found = yield from GetMany([old, *(put.key for put in batch)])
        expect_equal([b"new", *[_BODY] * len(batch)], list(found), "a call's own entries, right after it")


def deleting_makes_room(bench: Bench) -> Steps[None]:
    """A store that refused for want of room takes again what fits, once something was deleted."""
    keys = [bench.key(f"{number}", Kind.DOCUMENT) for number in range(_MORE_THAN_ENOUGH)]
    taken = yield from _taken(PutMany((Put(key, _BODY),)) for key in keys)
    found = yield from GetMany(keys)
    expect_equal([_BODY if is_taken else None for is_taken in taken], list(found))

    yield from DeleteMany(keys)
    yield from PutMany((Put(keys[-1], _BODY),))
    after = yield from GetMany((keys[0], keys[-1]))

    expect_equal([None, _BODY], list(after))


def _filled(bench: Bench) -> Steps[None]:
    """Put more than a small store holds; one that makes no room refuses what is too much."""
    yield from _taken(PutMany((Put(bench.key(), _BODY, 60.0),)) for _ in range(_MORE_THAN_ENOUGH))


def _taken(ops: Iterable[Op[Any]]) -> Steps[list[bool]]:
    """Do each op and return for which of them the store had room."""
    taken: list[bool] = []
    for op in ops:
        try:
            yield from op
            taken.append(True)
        except StoreLimit:
            taken.append(False)
    return taken


ROOM = (
    Case(what_was_just_put_is_there, ("KV-19",), (Need.SMALL, Need.ROOM)),
    Case(what_was_just_put_is_there_whatever_its_name, ("KV-19",), (Need.SMALL, Need.ROOM)),
    Case(full_store_is_right_or_refuses, ("KV-26",), (Need.SMALL,)),
    Case(what_cannot_be_had_again_is_not_dropped, ("KV-19",), (Need.SMALL,)),
    Case(conversations_are_not_dropped, ("KV-19",), (Need.SMALL, Need.LOG)),
    Case(acknowledged_messages_are_there, ("LOG-1", "LOG-3"), (Need.SMALL, Need.LOG)),
    Case(wrong_size_writes_nothing, ("KV-9", "KV-19"), (Need.SMALL, Need.ROOM)),
    Case(deleting_makes_room, ("KV-19",), (Need.SMALL,)),
)
