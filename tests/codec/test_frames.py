"""Frames: what comes back, and that any other bytes are an error of ours."""

import math
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.frames import CHECK_BYTES, HEAD_BYTES, Form, Head, pack, unpack
from llmcache.errors import DataError, DecodeError, VersionError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace

SPACE = Space(Namespace.of("shop/prod"), Kind.EMBEDDING)
KEY, OTHER = Key(SPACE, "9f86d081884c7d65"), Key(SPACE, "8f86d081884c7d65")
HEAD = Head(Form.FLOAT32, 2, 1763800000.5, 1763886400.5)
BODY = pack(HEAD, b"abcdefgh", KEY)


def test_a_frame_comes_back() -> None:
    """Head and content, under the same key."""
    head, raw = unpack(BODY, KEY)

    assert (HEAD, b"abcdefgh") == (head, bytes(raw))
    assert HEAD_BYTES + 8 + CHECK_BYTES == len(BODY)
    assert HEAD_BYTES + CHECK_BYTES <= 64


def test_a_frame_is_the_same_in_every_release() -> None:
    """A change raises the number of the format."""
    start = struct.pack("<4sBBHIfdd", b"\x89LLC", 1, 1, 0, 2, 0.0, 1763800000.5, 1763886400.5)

    assert start == BODY[:32]
    assert (b"abcdefgh", "7f951280") == (BODY[32:-4], BODY[-4:].hex())


@given(st.binary(max_size=100), st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_any_bytes_come_back(raw: bytes, made_at: float, expires_at: float) -> None:
    """With any times."""
    head = Head(Form.BYTES, len(raw), made_at, expires_at)
    found, content = unpack(pack(head, raw, KEY), KEY)

    assert (head, raw) == (found, bytes(content))


def test_a_frame_ends_when_it_says() -> None:
    """At the instant itself it may not be served any more; without an end it always may."""
    assert [True, False, False] == [HEAD.may_serve(HEAD.expires_at + late) for late in (-0.001, 0.0, 0.001)]
    assert Head(Form.BYTES, 0, 0.0).may_serve(1e300)


def test_damage_anywhere_is_found() -> None:
    """Every bit of a frame, cut at every length, longer by a byte, or under another key."""
    for place in range(8 * len(BODY)):
        odd = bytearray(BODY)
        odd[place // 8] ^= 1 << place % 8
        with pytest.raises(DataError):
            unpack(bytes(odd), KEY)
    for wrong in (*(BODY[:length] for length in range(len(BODY))), BODY + b"\0", bytearray(BODY), None, "x"):
        with pytest.raises(DecodeError):
            unpack(wrong, KEY)  # type: ignore[arg-type] # anything may stand in a store
    with pytest.raises(DecodeError, match="damaged, or written under another key"):
        unpack(BODY, OTHER)


def forged(form: int = 1, count: int = 1, scale: float = 0.0, made_at: float = 1.0, expires_at: float = 2.0) -> bytes:
    """A frame with a check that fits, as somebody writes it who can write to the store."""
    start = struct.pack("<4sBBHIfdd", b"\x89LLC", 1, form, 0, count, scale, made_at, expires_at)
    raw = b"abcd"
    return start + raw + crc32(KEY.physical.encode() + start + raw).to_bytes(4, "little")


def test_forged_heads_are_refused() -> None:
    """Where what they declare cannot be."""
    nan, inf = math.nan, math.inf
    wrong = [
        forged(form=9), forged(count=2), forged(count=2**32 - 1), forged(scale=nan), forged(scale=inf),
        forged(made_at=nan), forged(made_at=inf), forged(expires_at=nan),
    ]  # fmt: skip

    for body in wrong:
        with pytest.raises(DecodeError):
            unpack(body, KEY)
    assert b"abcd" == bytes(unpack(forged(), KEY)[1])


def test_newer_frames_are_of_a_newer_release() -> None:
    """They are a miss all the same."""
    with pytest.raises(VersionError, match="format 2, this release reads 1"):
        unpack(BODY[:4] + b"\x02" + BODY[5:], KEY)
    with pytest.raises(DecodeError, match="is no frame"):
        unpack(BODY[:4] + b"\x00" + BODY[5:], KEY)


@given(st.one_of(st.binary(max_size=120), st.binary(max_size=120).map(lambda rest: BODY[:6] + rest)))
def test_any_other_bytes_are_refused(body: bytes) -> None:
    """With an error of ours, and nothing of them in it."""
    with pytest.raises(DataError) as caught:
        unpack(body, KEY)

    assert str(caught.value).isprintable()
