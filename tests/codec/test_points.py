"""Blocks of points: what is packed comes back, and nothing else does."""

import struct
from zlib import crc32

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.points import Stamped, is_tick, pack_points, pack_removed, pack_tick, unpack_block
from llmcache.errors import DataError, VersionError
from llmcache.model.vectors import Point

_INSTANTS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_FACTS = st.dictionaries(
    st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.booleans(), max_size=3
)


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=9), _INSTANTS, _FACTS, st.integers(0, 2**62), st.text(max_size=3)),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 6),
    _INSTANTS,
)
def test_points_come_back(
    rows: list[tuple[str, float | None, dict[str, object], int, str]], size: int, until: float | None
) -> None:
    """Ids, times, facts, stamps, versions and the bytes of the vectors."""
    vector = struct.pack(f"<{size}f", *range(size))
    block = unpack_block(
        pack_points([Stamped(Point(i, vector, ends, None, facts, said), n) for i, ends, facts, n, said in rows], until)
    )

    assert [(i, ends, None, facts, n, said) for i, ends, facts, n, said in rows] == list(block.rows)
    assert (size, until, vector * len(rows)) == (block.dimensions, block.until, bytes(block.vectors))


def test_points_from_before_there_were_versions_have_the_empty_one() -> None:
    """A row of five is what was written then."""
    vector = struct.pack("<2f", 1.0, 0.0)
    rest = orjson.dumps({"d": 2, "u": 7.5, "p": [["a", 5.0, 6.0, {"n": 1}, 9], ["b", None, None, {}, 9]]})
    block = unpack_block(b"llmcache-points:1 %08x %d\n" % (crc32(rest + vector * 2), len(rest)) + rest + vector * 2)

    assert [("a", 5.0, 6.0, {"n": 1}, 9, ""), ("b", None, None, {}, 9, "")] == list(block.rows)


def test_removals_come_back() -> None:
    """With their stamps, and whether they were carried from an older log."""
    block = unpack_block(pack_removed([("a", 1), ("b", 2)], 7.5, is_carried=True))

    assert ([("a", 1), ("b", 2)], 7.5, True) == (list(block.removed), block.until, block.is_carried)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda rest: b"llmcache-points:1 " + rest))
def test_other_bytes_are_a_data_error(body: bytes) -> None:
    """And nothing else, whatever they are."""
    with pytest.raises(DataError):
        unpack_block(body)


@given(st.data())
def test_a_changed_byte_is_a_data_error(data: st.DataObject) -> None:
    """Wherever it stands."""
    body = bytearray(pack_points([Stamped(Point("id", struct.pack("<3f", 1, 2, 3), 5.0, 6.0, {"a": 1}), 9)], 7.0))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(DataError):
        unpack_block(bytes(body))


def test_a_newer_format_says_so() -> None:
    """A later release may write what this one does not know."""
    with pytest.raises(VersionError, match="newer"):
        unpack_block(b"llmcache-points:2 00000000 0\n")


def test_a_tick_is_no_block() -> None:
    """It ends an append and is told apart by its beginning."""
    assert is_tick(pack_tick(b"12345678"))
    assert not is_tick(pack_removed([], None))
