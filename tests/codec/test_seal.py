"""Sealed envelopes: what opens, what does not and says why, and what of an entry is seen from outside."""

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec import envelope
from llmcache.codec.envelopes import READABLE, Envelopes
from llmcache.codec.seal import SealedEnvelopes, hidden
from llmcache.codec.squeeze import squeeze
from llmcache.errors import DataError, SealError, VersionError
from llmcache.model.entry import Entry
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.seal import Seal
from tests.codec.bodies import FULL, KEY, OTHER_KEY
from tests.codec.strategies import plains, same
from tests.forks import in_child

OLD, NEW, OTHERS, NAMES = (bytes([number]) * 32 for number in range(1, 5))
BOTH = Seal(NEW, OLD, names=NAMES)
ENVELOPES = SealedEnvelopes(BOTH, os.urandom)
BODY = ENVELOPES.pack(Entry("four", 1.0), KEY)
HEAD_BYTES = len(b"llmcache-sealed:1:") + len(BOTH.ids[0]) + 1


def opened(body: bytes, key: Key = KEY, envelopes: Envelopes = ENVELOPES) -> Entry | str:
    """Return the entry, or the class and text of what is raised, which is an error of ours or the test fails."""
    try:
        return envelopes.unpack(body, key)
    except DataError as error:
        return f"{type(error).__name__}: {error}"


@given(plains)
def test_every_value_comes_back(value: object) -> None:
    """As from a readable envelope, whichever of the keys sealed it."""
    for keys in ((NEW,), (OLD,)):
        body = SealedEnvelopes(Seal(*keys), os.urandom).pack(Entry(value, 1.0), KEY)

        assert same(value, ENVELOPES.unpack(body, KEY).value)


def test_every_field_comes_back_and_none_is_seen() -> None:
    """Model, tags, tokens, times: all is inside."""
    body = ENVELOPES.pack(FULL, KEY)
    head = ENVELOPES.peek(body, KEY)
    pieces = (b"four", b"answer", b"faq", b"gpt", b"345", b"17638", b"json", b"response", b"value", b"model")

    assert FULL == ENVELOPES.unpack(body, KEY)
    assert (FULL.tags, FULL.provenance, FULL.expires_at) == (head.tags, head.provenance, head.expires_at)
    assert body.startswith(b"llmcache-sealed:1:%b:" % BOTH.ids[0].encode())
    assert [] == [piece for piece in pieces if piece in body[HEAD_BYTES:]]
    assert len(body) == HEAD_BYTES + 24 + len(envelope.pack(FULL, KEY)) + 16


def test_a_flipped_bit_anywhere_does_not_open() -> None:
    """In every position of a body: head, nonce, content and tag."""
    for place in range(8 * len(BODY)):
        odd = bytearray(BODY)
        odd[place // 8] ^= 1 << place % 8

        assert "Error: " in str(opened(bytes(odd))), place


def test_a_body_that_is_cut_or_longer_does_not_open() -> None:
    """At every length."""
    assert [] == [length for length in range(len(BODY)) if "Error: " not in str(opened(BODY[:length]))]
    assert str(opened(BODY + b"\0")).startswith("SealError: the seal of the body under 9f86d081884c does not open")


@pytest.mark.parametrize(
    "elsewhere",
    [
        OTHER_KEY,
        Key(Space(Namespace.of("shop"), Kind.RESPONSE), KEY.name),
        Key(Space(Namespace.of("shop/prod"), Kind.EMBEDDING), KEY.name),
        Key(Space(Namespace.of("shop/prod"), Kind.TAG), KEY.name),
        Key(Space(Namespace.of("shop/prod/response"), Kind.RESPONSE), KEY.name),
    ],
    ids=lambda key: key.physical,
)
def test_a_body_that_was_moved_does_not_open(elsewhere: Key) -> None:
    """To another name, namespace or kind."""
    assert str(opened(BODY, elsewhere)).startswith("SealError: the seal of the body under 9f86d081884c"[:35])


def test_another_key_id_does_not_open() -> None:
    """Neither that of an older key of the same cache, nor one that nobody has."""
    new, old = (name.encode() for name in BOTH.ids)
    unknown = opened(BODY.replace(new, b"0123abcd", 1))
    odd = opened(BODY.replace(new, b"\xff\n!)(\0\0\0", 1))

    assert "does not open" in str(opened(BODY.replace(new, old, 1)))
    assert (
        f"SealError: the body under 9f86d081884c is sealed with a key 0123abcd; the keys of this cache are {', '.join(BOTH.ids)}"
        == unknown
    )
    assert "with a key that has no id" in str(odd)


def test_the_first_key_seals_and_every_key_opens() -> None:
    """So a key is replaced by putting another before it; what a key sealed that is left out is lost."""
    older, newer = SealedEnvelopes(Seal(OLD), os.urandom), SealedEnvelopes(Seal(NEW), os.urandom)
    before, after = older.pack(FULL, KEY), ENVELOPES.pack(FULL, KEY)

    assert [FULL, FULL] == [opened(before), opened(after)]
    assert [FULL, FULL] == [opened(before, envelopes=older), opened(after, envelopes=newer)]
    assert "is sealed with a key" in str(opened(before, envelopes=newer))
    assert "is sealed with a key" in str(opened(before, envelopes=SealedEnvelopes(Seal(OTHERS), os.urandom)))


def test_a_readable_body_is_refused_by_a_sealed_cache_and_a_sealed_one_by_a_readable() -> None:
    """Somebody who can write to the store must not be able to plant an answer; without a key it is said plainly."""
    planted = READABLE.pack(FULL, KEY)

    assert "SealError: the body under 9f86d081884c is not sealed, and this cache takes sealed ones only" == opened(
        planted
    )
    assert (
        "SealError: the body is sealed, and this cache has no keys; give it `seal`, in a file or as an argument"
        == opened(BODY, envelopes=READABLE)
    )
    with pytest.raises(SealError, match="no keys"):
        READABLE.peek(BODY, KEY)
    with pytest.raises(SealError, match="is not sealed"):
        ENVELOPES.peek(planted, KEY)


def test_a_newer_frame_is_of_a_newer_release() -> None:
    """As with readable bodies; it is a miss all the same."""
    newer = BODY.replace(b":1:", b":2:", 1)

    assert "VersionError: the body is sealed in format 2, this release reads up to 1" == opened(newer)
    with pytest.raises(VersionError):
        ENVELOPES.peek(newer, KEY)


def test_bounds_hold_inside_of_a_seal() -> None:
    """A body over the limit is not even opened, and one that unfolds beyond it is refused by its length."""
    limit = 64 * 1024 * 1024
    bomb = squeeze(b'{"llmcache":1,' + b" " * limit + b"}", above=0)
    nonce = os.urandom(24)
    sealed = BODY[:HEAD_BYTES] + nonce + ENVELOPES._cipher.seal(nonce, bomb, BODY[:HEAD_BYTES] + KEY.physical.encode())

    assert len(bomb) < limit // 100
    assert "DecodeError: a squeezed body declares 67,108,879 bytes, limit 67,108,864" == opened(sealed)
    assert str(opened(BODY + bytes(limit))).startswith("DecodeError: the body is 67,")
    assert "DecodeError: a body is of type bytes, found bytearray" == opened(bytearray(BODY))  # type: ignore[arg-type] # the point


def test_long_values_are_squeezed_before_they_are_sealed() -> None:
    """Behind a seal nothing could be."""
    value = {"answer": "a word, " * 10_000}
    body = ENVELOPES.pack(Entry(value, 1.0), KEY)

    assert len(body) < 2_000
    assert value == ENVELOPES.unpack(body, KEY).value


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda rest: BODY[:HEAD_BYTES] + rest)))
def test_any_bytes_are_refused_with_an_error_of_ours(body: bytes) -> None:
    """Whatever stands in the store; none of it is quoted."""
    said = opened(body)

    assert isinstance(said, str)
    assert said.isprintable()


def nonces_of(count: int) -> Iterator[bytes]:
    """The nonces of as many writes of one entry."""
    for _ in range(count):
        yield ENVELOPES.pack(FULL, KEY)[HEAD_BYTES : HEAD_BYTES + 24]


def test_no_nonce_comes_twice() -> None:
    """Over many writes, by many threads."""
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.extend(nonces_of(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8_000 == len(set(found))


def test_no_nonce_comes_twice_across_a_fork() -> None:
    """Parent and child go on from the same state of everything but the kernel."""
    reading, writing = os.pipe()

    def tell() -> bool:
        return os.write(writing, b"".join(nonces_of(500))) == 500 * 24

    status = in_child(tell)
    theirs = os.read(reading, 500 * 24)
    os.close(reading)
    os.close(writing)

    assert 0 == status
    assert set(nonces_of(500)).isdisjoint(theirs[at : at + 24] for at in range(0, 500 * 24, 24))


def test_hidden_names_say_nothing_without_the_secret() -> None:
    """The space stays readable; equal names in two spaces, or under two secrets, have nothing in common."""
    shop, other = (Space(Namespace.of(name), Kind.HISTORY) for name in ("shop", "other"))
    names = {
        ENVELOPES.named(Key(shop, "ada")).physical,
        ENVELOPES.named(Key(other, "ada")).physical,
        ENVELOPES.named(Key(Space(shop.namespace, Kind.TAG), "ada")).physical,
        hidden(Key(shop, "ada"), OTHERS).physical,
    }

    assert 4 == len({name.rpartition(":")[2] for name in names})
    assert [] == [name for name in names if "ada" in name or len(name.rpartition(":")[2]) != 64]
    assert shop == ENVELOPES.named(Key(shop, "ada")).space
    assert ENVELOPES.named(Key(shop, "ada")) == ENVELOPES.named(Key(shop, "ada"))


def test_names_stay_where_nobody_hides_them() -> None:
    """A seal without a secret for them, and no seal."""
    assert KEY is READABLE.named(KEY)
    assert KEY is SealedEnvelopes(Seal(NEW), os.urandom).named(KEY)


def test_a_hidden_name_is_the_same_in_every_release() -> None:
    """HMAC-SHA-256 of the whole readable key: another one would lose every conversation."""
    assert "6127fbd1" == hidden(Key(Space(Namespace.of("shop"), Kind.HISTORY), "ada"), NAMES).name[:8]


def test_the_frame_is_the_same_in_every_release() -> None:
    """Ids of keys, head, nonce, what is bound: a change of any raises the number of the frame and this body's."""
    golden = (Path(__file__).parent / "golden_seals" / "frame-1.bin").read_bytes()

    assert golden == SealedEnvelopes(Seal(OLD), lambda count: bytes(range(count))).pack(FULL, KEY)
    assert FULL == opened(golden)


@given(st.binary(max_size=300))
def test_what_is_no_entry_comes_back_through_every_form(raw: bytes) -> None:
    """Byte for byte; unsealed it stands there as it is, sealed nothing of it is seen."""
    body = ENVELOPES.wrap(raw, KEY)

    assert raw == ENVELOPES.unwrap(body, KEY)
    assert raw == READABLE.unwrap(READABLE.wrap(raw, KEY), KEY)
    assert HEAD_BYTES + 24 + len(raw) + 16 == len(body)
    assert len(raw) < 4 or raw not in body[HEAD_BYTES:]


@pytest.mark.parametrize("envelopes", [ENVELOPES, READABLE], ids=["sealed", "readable"])
def test_many_are_unwrapped_as_one_is(envelopes: Envelopes) -> None:
    """Those that can be, in their order; what is wrong with the others stands at their places."""
    sound = [envelopes.wrap(raw, KEY) for raw in (b"a", b"", b"b")]
    mixed: list[Any] = [None, sound[0], bytearray(sound[1]), sound[2]]

    assert ([b"a", b"", b"b"], {}) == envelopes.unwrap_many(sound, [KEY] * 3)
    found, wrong = envelopes.unwrap_many(mixed, [KEY] * 4)
    assert ([b"a", b"b"], [0, 2]) == (found, list(wrong))
    for place, error in wrong.items():
        with pytest.raises(type(error), match=re.escape(str(error))):
            envelopes.unwrap(mixed[place], KEY)


def refused(body: object, key: Key = KEY, envelopes: Envelopes = ENVELOPES) -> bool:
    """True where unwrapping raises an error of ours; any other fails the test."""
    try:
        envelopes.unwrap(body, key)  # type: ignore[arg-type] # anything may stand in a store
    except DataError:
        return True
    return False


def test_wrapped_bytes_that_were_moved_or_changed_do_not_open() -> None:
    """To another name or kind, or by one bit anywhere; nor does what somebody planted unsealed."""
    wrapped = ENVELOPES.wrap(b"\x00\x01four", KEY)
    odd = [bytes(byte ^ (at == place) for at, byte in enumerate(wrapped)) for place in range(len(wrapped))]
    other_kind = Key(Space(KEY.space.namespace, Kind.EMBEDDING), KEY.name)

    assert all(map(refused, odd))
    assert all(refused(wrapped[:length]) for length in range(len(wrapped)))
    assert refused(wrapped, OTHER_KEY)
    assert refused(wrapped, other_kind)
    assert refused(b"\x00\x01four")
    assert refused(bytearray(wrapped))
    assert refused(bytearray(b"four"), envelopes=READABLE)
