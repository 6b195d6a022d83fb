"""The digest: every part behind its length, and nothing else."""

import hashlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys.digest import fingerprint, key_of, utf8
from llmcache.model.key import Kind, Space
from llmcache.model.namespace import Namespace
from tests.keys.texts import ANY_TEXT

PIECES = st.lists(st.binary(max_size=4), max_size=4).map(tuple)
PARTS = st.lists(st.sampled_from(["a", "b", "ab", "a/b", "ü", "\ud800", "response"]), min_size=1, max_size=3).map(tuple)

ASKING = (PARTS, st.sampled_from(Kind), st.sampled_from(["request", "langchain"]), PIECES)
Asking = tuple[tuple[str, ...], Kind, str, tuple[bytes, ...]]


def counted(*parts: bytes) -> bytes:
    """Return the parts, each behind eight bytes of length."""
    return b"".join(struct.pack(">Q", len(part)) + part for part in parts)


def test_layout_of_a_digest_is_fixed() -> None:
    """Tag with format, number and parts of the namespace, kind, sort, pieces: each behind eight bytes of length."""
    key = key_of(Namespace(("shop", "ü")), Kind.EMBEDDING, "request", (b"ab", b"", b"c"))

    hashed = counted(b"llmcache:1") + struct.pack(">Q", 2) + counted(b"shop", b"\xc3\xbc", b"embedding", b"request")
    assert hashlib.sha256(hashed + counted(b"ab", b"", b"c")).hexdigest() == key.name


def test_key_is_in_the_space_of_its_namespace_and_kind() -> None:
    """The physical key says where it belongs, and ends in 64 hexadecimal characters."""
    key = key_of(Namespace(("shop",)), Kind.RESPONSE, "request", ())

    assert Space(Namespace(("shop",)), Kind.RESPONSE) == key.space
    assert 64 == len(key.name)
    assert set(key.name) <= set("0123456789abcdef")


def test_fingerprint_has_an_empty_namespace() -> None:
    """A fingerprint is the digest with no namespace parts, so that it equals no key's name."""
    hashed = counted(b"llmcache:1") + struct.pack(">Q", 0) + counted(b"response", b"request", b"x")

    assert hashlib.sha256(hashed).hexdigest() == fingerprint(Kind.RESPONSE, "request", (b"x",))


def test_borders_between_pieces_count() -> None:
    """`("ab", "c")`, `("a", "bc")`, `("abc",)` and `("abc", "")` are four requests."""
    families = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"", b"abc")]
    names = {key_of(Namespace(("n",)), Kind.RESPONSE, "request", pieces).name for pieces in families}

    assert len(families) == len(names)


def test_namespace_parts_do_not_run_into_pieces_or_each_other() -> None:
    """Where the namespace ends is counted, so that a part can pose neither as two nor as a kind, sort or piece."""
    namespaces = [("a", "b"), ("a/b",), ("ab",), ("a",), ("a", "b", "response"), ("a", "response"), ("response", "a")]
    names = {key_of(Namespace(parts), Kind.RESPONSE, "request", (b"b",)).name for parts in namespaces}

    assert len(namespaces) == len(names)


@given(st.tuples(*ASKING), st.tuples(*ASKING))
def test_two_askings_share_a_name_only_where_they_are_one(first: Asking, second: Asking) -> None:
    """Namespace, kind, sort and pieces are all in the name, and nothing runs into its neighbour."""
    names = {key_of(Namespace(parts), kind, sort, pieces).name for parts, kind, sort, pieces in (first, second)}

    assert (first == second) is (len(names) == 1)


@given(ANY_TEXT)
def test_any_text_has_bytes_and_back(text: str) -> None:
    """UTF-8 with lone surrogates: nothing raises, nothing is lost."""
    raw = utf8(text)

    assert text == raw.decode("utf-8", "surrogatepass")


def test_surrogate_pair_is_not_the_character_it_would_encode() -> None:
    """Two lone surrogates and one astral character are two texts."""
    assert utf8("\ud83d\ude00") != utf8("😀")
