"""Squeezing saves space, and unsqueezing is bounded."""

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.squeeze import SQUEEZE_ABOVE, squeeze, unsqueeze
from llmcache.errors import DecodeError

LIMIT = 1 << 20

PROSE = b'{"answer":"' + b"all work and no play makes a dull boy. " * 1000 + b'"}'


def frame(original: bytes, *, length: int | None = None) -> bytes:
    """Return a frame made by hand, with another declared length if wanted."""
    declared = len(original) if length is None else length
    return b"\x01" + declared.to_bytes(8, "big") + zlib.compress(original, 9)


@given(st.binary(max_size=200).filter(lambda body: body[:1] != b"\x01"), st.integers(0, 300))
def test_unsqueezing_undoes_squeezing(body: bytes, above: int) -> None:
    """Any body comes back, squeezed or not."""
    body = body * 3

    assert body == unsqueeze(squeeze(body, above=above), max_bytes=LIMIT)


def test_the_default_limit_is_sixteen_kibibytes() -> None:
    """Bodies of 16 KiB stay as they are, one byte more is squeezed."""
    assert 16 * 1024 == SQUEEZE_ABOVE
    assert b"a" * 16_384 == squeeze(b"a" * 16_384)
    assert b"\x01" == squeeze(b"a" * 16_385)[:1]


def test_a_body_above_the_limit_becomes_a_frame() -> None:
    """The frame is the byte 0x01, the length in eight bytes, and a zlib stream."""
    squeezed = squeeze(PROSE, above=100)

    assert b"\x01" + len(PROSE).to_bytes(8, "big") == squeezed[:9]
    assert b"\x78\x01" == squeezed[9:11], "zlib's head for its fastest level"
    assert PROSE == zlib.decompress(squeezed[9:])
    assert len(squeezed) < len(PROSE) / 20


def test_a_body_of_the_limit_is_left_alone() -> None:
    """Only bodies longer than `above` are squeezed."""
    assert PROSE is squeeze(PROSE, above=len(PROSE))
    assert PROSE is not squeeze(PROSE, above=len(PROSE) - 1)


def test_squeezing_can_be_off() -> None:
    """None never squeezes."""
    assert PROSE is squeeze(PROSE, above=None)


def test_a_frame_is_kept_only_if_smaller() -> None:
    """Noise is left as it is."""
    noise = random.Random(1).randbytes(20_000)
    body = b"[" + noise

    assert body is squeeze(body, above=0)


def test_a_frame_of_the_same_length_is_not_kept() -> None:
    """Smaller means smaller: of bodies that grow more compressible one by one, the first to gain a byte is squeezed."""
    noise = random.Random(1).randbytes(50)
    gains = {n: len(body) - 9 - len(zlib.compress(body, 1)) for n in range(100) for body in [noise + b"a" * n]}
    even = min(n for n, gain in gains.items() if gain == 0)
    better = min(n for n, gain in gains.items() if gain == 1)

    assert noise + b"a" * even == squeeze(noise + b"a" * even, above=0)
    assert b"\x01" == squeeze(b"{" + noise[1:] + b"a" * better, above=0)[:1]


def test_other_bodies_pass_unchanged() -> None:
    """Only the byte 0x01 begins a frame."""
    assert b"{}" == unsqueeze(b"{}", max_bytes=0)
    assert b"" == unsqueeze(b"", max_bytes=LIMIT)
    assert b"\x02abc" == unsqueeze(b"\x02abc", max_bytes=LIMIT)


@pytest.mark.parametrize("original", [b"", b"a", PROSE])
def test_a_frame_made_by_hand_opens(original: bytes) -> None:
    """Whatever level of compression was used, down to an empty original."""
    assert original == unsqueeze(frame(original), max_bytes=LIMIT)


def test_the_declared_length_is_limited() -> None:
    """The limit itself is allowed, one byte more is refused."""
    body = frame(b"a" * 1000)

    assert b"a" * 1000 == unsqueeze(body, max_bytes=1000)
    with pytest.raises(DecodeError, match=r"^a squeezed body declares 1,000 bytes, limit 999$"):
        unsqueeze(body, max_bytes=999)


def test_a_frame_itself_is_limited() -> None:
    """A frame longer than the limit is refused, however little it declares."""
    body = frame(b"", length=0) + b"x" * 100

    with pytest.raises(DecodeError, match=rf"^a squeezed body is {len(body)} bytes, limit 50$"):
        unsqueeze(body, max_bytes=50)
    with pytest.raises(DecodeError, match=r"does not hold the 0 bytes it declares"):
        unsqueeze(body, max_bytes=len(body))


@pytest.mark.parametrize("length", range(1, 9))
def test_a_head_cut_off_is_refused(length: int) -> None:
    """A frame has at least a head of nine bytes."""
    with pytest.raises(DecodeError, match=rf"^a squeezed body of {length} bytes is cut off in its head$"):
        unsqueeze(frame(b"abc")[:length], max_bytes=LIMIT)


def test_a_head_alone_is_refused() -> None:
    """An empty stream is not the stream of an empty original."""
    with pytest.raises(DecodeError, match="does not hold the 0 bytes it declares"):
        unsqueeze(frame(b"")[:9], max_bytes=LIMIT)


@pytest.mark.parametrize("length", [0, 1, 99, 101, 5000])
def test_another_length_than_declared_is_refused(length: int) -> None:
    """More or fewer bytes than the frame declares raise DecodeError."""
    with pytest.raises(DecodeError, match=rf"^a squeezed body does not hold the {length:,} bytes it declares$"):
        unsqueeze(frame(b"a" * 100, length=length), max_bytes=LIMIT)


def test_bytes_behind_the_stream_are_refused() -> None:
    """A frame ends with its stream."""
    with pytest.raises(DecodeError, match="does not hold"):
        unsqueeze(frame(PROSE) + b"\x00", max_bytes=LIMIT)


@pytest.mark.parametrize("cut", [1, 4, 5, 20])
def test_a_stream_cut_off_is_refused(cut: int) -> None:
    """A stream without its end, or without its checksum, raises DecodeError."""
    with pytest.raises(DecodeError, match="does not hold"):
        unsqueeze(frame(PROSE)[:-cut], max_bytes=LIMIT)


def test_a_damaged_stream_is_refused() -> None:
    """The errors of zlib become DecodeError."""
    body = bytearray(frame(PROSE))
    body[-1] ^= 1

    with pytest.raises(DecodeError, match=r"^a squeezed body does not unpack: Error -3"):
        unsqueeze(bytes(body), max_bytes=LIMIT)


@pytest.mark.parametrize("length", [0, 1, 1000])
def test_a_bomb_is_refused_without_unfolding(length: int) -> None:
    """A frame that would unfold to 100 MB is refused after the few bytes it declares, none included."""
    bomb = frame(bytes(100_000_000), length=length)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match=rf"does not hold the {length:,} bytes"):
            unsqueeze(bomb, max_bytes=LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 400_000


def test_a_large_declaration_allocates_nothing() -> None:
    """A frame that declares much and holds little costs little."""
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="does not hold"):
            unsqueeze(frame(b"a", length=1 << 30), max_bytes=1 << 30)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 400_000


@given(st.binary(max_size=100))
def test_unsqueezing_raises_nothing_but_decode_error(tail: bytes) -> None:
    """Whatever stands behind the first byte, reading gives bytes of the declared length or DecodeError."""
    try:
        original = unsqueeze(b"\x01" + tail, max_bytes=LIMIT)
    except DecodeError:
        return

    assert tail[:8] == len(original).to_bytes(8, "big")
