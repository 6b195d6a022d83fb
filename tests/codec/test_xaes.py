"""XAES-256-GCM: what the specification says it gives, and that nothing else opens."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import shake_128, shake_256

from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.xaes import NONCE_BYTES, TAG_BYTES, Xaes
from tests.forks import in_child

NONCE = b"ABCDEFGHIJKLMNOPQRSTUVWX"
CIPHER = Xaes(bytes(range(32)))


def test_the_vectors_of_the_specification() -> None:
    """One for each branch of the doubling: the first bit of L is 0 for the first key and 1 for the second."""
    first = Xaes(b"\x01" * 32).seal(NONCE, b"XAES-256-GCM", b"")
    second = Xaes(b"\x03" * 32).seal(NONCE, b"XAES-256-GCM", b"c2sp.org/XAES-256-GCM")

    assert "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271" == first.hex()
    assert "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d" == second.hex()


def test_ten_thousand_messages_of_the_specification() -> None:
    """Keys, nonces, texts and what is bound come from one SHAKE-128, what is sealed goes into another."""
    stream, at, sealed = shake_128(b"").digest(6_000_000), 0, []

    def take(count: int) -> bytes:
        nonlocal at
        at += count
        return stream[at - count : at]

    for _ in range(10_000):
        key, nonce = take(32), take(NONCE_BYTES)
        text = take(take(1)[0])
        bound = take(take(1)[0])
        sealed.append(Xaes(key).seal(nonce, text, bound))

    assert "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939" == shake_128(b"".join(sealed)).hexdigest(
        32
    )


@given(st.binary(max_size=200), st.binary(max_size=50), st.integers(0, 10_000))
def test_what_was_sealed_opens_and_nothing_like_it(text: bytes, bound: bytes, place: int) -> None:
    """A bit changed anywhere, in the nonce, in what is sealed, or in what is bound, and it does not open."""
    sealed = CIPHER.seal(NONCE, text, bound)
    whole = NONCE + sealed + bound
    place %= 8 * len(whole)
    odd = bytearray(whole)
    odd[place // 8] ^= 1 << place % 8
    nonce, body, rest = (
        odd[:NONCE_BYTES],
        odd[NONCE_BYTES : NONCE_BYTES + len(sealed)],
        odd[NONCE_BYTES + len(sealed) :],
    )

    assert text == CIPHER.open(NONCE, sealed, bound)
    assert len(sealed) == len(text) + TAG_BYTES
    assert CIPHER.open(bytes(nonce), bytes(body), bytes(rest)) is None
    assert CIPHER.open(NONCE, sealed[:-1], bound) is None
    assert Xaes(bytes(32)).open(NONCE, sealed, bound) is None


def test_what_is_too_short_to_be_sealed_does_not_open() -> None:
    """Whatever is left of it."""
    sealed = CIPHER.seal(NONCE, b"", b"")

    assert [None] * TAG_BYTES == [CIPHER.open(NONCE, sealed[:length], b"") for length in range(TAG_BYTES)]


def test_threads_and_forks_share_one_cipher() -> None:
    """Each message comes out as it would alone, however many are sealed at once and on both sides of a fork."""

    def seal(number: int) -> bytes:
        return CIPHER.seal(shake_256(b"%d" % number).digest(NONCE_BYTES), b"text", b"")

    alone = [seal(number) for number in range(2_000)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(seal, range(2_000), chunksize=50))
        status = in_child(lambda: alone[:50] == [seal(number) for number in range(50)])

    assert alone == together
    assert 0 == status
