"""Indexes in logs where points are many, or large, or end all the time."""

import tracemalloc
from dataclasses import replace
from zlib import crc32

import pytest

from llmcache.codec.points import pack_points, unpack_block
from llmcache.errors import DecodeError
from llmcache.memory.indexes import Indexes
from llmcache.memory.key_value import MemoryStore
from llmcache.memory.matrix import Matrix
from llmcache.model.key import Key
from llmcache.protocols.steps import Steps
from llmcache.protocols.vector_ops import PutPoints
from llmcache.protocols.world_ops import Behind
from tests.layers.indexes import AT, INDEX, Handle, Processes, floats, point

SMALL = MemoryStore(max_bytes=1 << 23, clock=lambda: AT)
"""A store whose bodies have a mebibyte at most."""


def test_points_with_many_facts_fit_into_a_store_of_small_bodies() -> None:
    """However large all of a call are together, no block is larger than a store takes."""
    handle = Processes(SMALL).handle()
    handle.do(handle.put(*(point(f"{number}", text="x" * 1_000) for number in range(2_000))))

    assert [{"text": "x" * 1_000}] * 2 == handle.there("0", "1999")


def test_many_deletions_fit_into_a_store_of_small_bodies() -> None:
    """Nor are the ids of one call."""
    handle, names = Processes(SMALL).handle(), [f"{number:0>100}" for number in range(15_000)]
    handle.do(handle.put(*map(point, names)))
    handle.do(handle.delete(*names))

    assert [None, None] == handle.there(names[0], names[-1])


def test_later_of_two_points_holds_in_whatever_block_it_lies() -> None:
    """Of one id twice in a call of many blocks the later one is there, for who put it and for others."""
    processes = Processes()
    handle, many = processes.handle(), [point(f"{number}", *(1.0,) * 1_024) for number in range(200)]
    handle.do(handle.put(point("0", *(2.0,) * 1_024, turn=1), *many[1:], point("0", *(3.0,) * 1_024, turn=2)))

    assert [{"turn": 2}] == handle.there("0") == processes.handle().there("0")


def is_renewed(handle: Handle, steps: Steps[None]) -> bool:
    """Do steps, and say whether they have the index made anew."""
    found = False
    try:
        op = next(steps)
        while True:
            found = found or isinstance(op, Behind)
            op = steps.send(op.on(handle.world))
    except StopIteration:
        return found


def test_index_whose_points_end_all_the_time_is_made_anew() -> None:
    """What is no longer kept is waste, though nobody has deleted it; else log and matrix grew for ever."""
    handle, seen = Processes().handle(), []
    for turn in range(6):
        at = AT + 100.0 * turn
        points = [replace(point(f"{turn} {number}"), ends_at=at + 50.0, kept_until=at + 50.0) for number in range(500)]
        seen.append(is_renewed(handle, handle.layer(PutPoints(INDEX, points, at))))

    assert not seen[0]
    assert any(seen)


def test_stamp_that_has_no_place_in_64_bits_is_damage() -> None:
    """A block that says so is none of ours, and breaks no search."""
    body = pack_points([], None)
    head = b'{"d":1,"u":null,"p":[["a",null,null,{},9223372036854775808,""]]}'
    broken = _with_check(head + floats(1.0), len(head))

    assert not unpack_block(body).rows
    with pytest.raises(DecodeError):
        unpack_block(broken)


def _with_check(rest: bytes, length: int) -> bytes:
    return b"llmcache-points:1 %08x %d\n" % (crc32(rest), length) + rest


def test_small_indexes_take_little_and_all_of_it_is_counted() -> None:
    """Each course of a conversation has one: what it holds beside the numbers is more than those, and counted, too."""
    indexes = Indexes(Matrix, lambda body, key: body, 2**30)
    indexes.of(INDEX)
    body = _block(384)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for turn in range(200):
            known = indexes.of(Key(INDEX.space, f"{turn}")).follow([b"1.a -"])
            known.absorb(known.reading(known.alive[0]), [body], 64)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before <= indexes.used_bytes <= 200 * 16_000


def test_indexes_that_take_too_much_are_given_up() -> None:
    """Each call weighs what was used last, and none of all the others; and yet the bound is kept."""
    indexes = Indexes(Matrix, lambda body, key: body, 40_000)
    keys = [Key(INDEX.space, f"{turn}") for turn in range(200)]
    for key in keys:
        local = indexes.of(key)
        known = local.follow([b"1.a -"])
        known.absorb(known.reading(known.alive[0]), [_block(64)], 64)
    indexes.of(keys[-1])

    assert 0 < indexes.used_bytes <= 40_000


def _block(dimensions: int) -> bytes:
    head = b'{"d":%d,"u":null,"p":[["a",null,null,{},1,""]]}' % dimensions
    return _with_check(head + floats(*(1.0,) * dimensions), len(head))
