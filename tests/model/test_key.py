"""Keys name things in spaces; their physical form is the same text in every store."""

import copy
import pickle

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmcache.errors import UsageError
from llmcache.model.key import KEY_FORMAT, MAX_NAME_BYTES, MAX_PHYSICAL_BYTES, Key, Keys, Kind, Space
from llmcache.model.namespace import Namespace

ANY_TEXT = st.text(st.characters(), min_size=1, max_size=20)
# A character is at most twelve bytes when escaped, so that every part and path is within its limit.
PARTS = st.lists(st.text(st.characters(), min_size=1, max_size=13), min_size=1, max_size=3).map(tuple)
SPACES = st.builds(Space, PARTS.map(Namespace), st.sampled_from(list(Kind)))
KEYS = st.builds(Key, SPACES, ANY_TEXT)
SHOP = Space(Namespace(("shop", "prod")), Kind.RESPONSE)


@given(KEYS)
def test_physical_form_round_trips(key: Key) -> None:
    """A key reads back from its physical form, with its space and its name."""
    back = Key.from_physical(key.physical)

    assert (key.space, key.name) == (back.space, back.name)
    assert key == back
    assert hash(key) == hash(back)


@given(KEYS, KEYS)
def test_different_keys_never_meet(one: Key, other: Key) -> None:
    """Keys of different namespace, kind or name have different physical forms and are unequal."""
    assume((one.space, one.name) != (other.space, other.name))

    assert one.physical != other.physical
    assert one != other


@given(SPACES)
def test_prefix_round_trips(space: Space) -> None:
    """A space reads back from its prefix."""
    assert space == Space.from_prefix(space.prefix)


@given(SPACES, SPACES, ANY_TEXT)
def test_key_begins_with_the_prefix_of_its_own_space_only(space: Space, other: Space, name: str) -> None:
    """What is found under a space's prefix belongs to that space."""
    assume(space != other)

    assert Key(space, name).physical.startswith(space.prefix)
    assert not Key(space, name).physical.startswith(other.prefix)


@given(KEYS)
def test_physical_form_is_one_line_of_ascii(key: Key) -> None:
    """A physical key can stand in a log, a URL or a console as it is."""
    assert key.physical.isascii()
    assert key.physical.isprintable()
    assert " " not in key.physical


def test_physical_form_stays_as_it_is() -> None:
    """The layout of stored keys never changes without its format number."""
    assert "llmcache:1:shop/prod:response:9f86d081" == Key(SHOP, "9f86d081").physical
    assert "llmcache:1:a%2Fb:history:user%3A7" == Key(Space(Namespace(("a/b",)), Kind.HISTORY), "user:7").physical
    assert 1 == KEY_FORMAT


@pytest.mark.parametrize(
    "physical",
    [
        "",
        "llmcache",
        "llmcache:2:shop:response:a",
        "other:1:shop:response:a",
        "llmcache:1:shop:answer:a",
        "llmcache:1::response:a",
        "llmcache:1:shop:response:",
        "llmcache:1:shop:response",
        "llmcache:1:shop:response:a:b",
        "llmcache:1:shop:response:%61",
        "llmcache:1:shop//x:response:a",
    ],
)
def test_what_is_no_physical_key_is_refused(physical: str) -> None:
    """Text that no key has as its physical form is not read as one."""
    with pytest.raises(UsageError):
        Key.from_physical(physical)


@pytest.mark.parametrize("name", ["", None, 7, b"bytes"])
def test_name_is_a_non_empty_text(name: str) -> None:
    """Nothing, and what is no text, is not a name."""
    with pytest.raises(UsageError, match="non-empty text"):
        Key(SHOP, name)


def test_longest_name() -> None:
    """A name is at most 400 bytes when escaped; the message does not repeat it."""
    assert MAX_NAME_BYTES == len(Key(SHOP, "x" * MAX_NAME_BYTES).name)
    with pytest.raises(UsageError, match="402 bytes when escaped, limit 400") as raised:
        Key(SHOP, "é" * 67)
    assert "é" not in str(raised.value)


def test_longest_physical_key() -> None:
    """Namespace, kind and name at their limits make a key under 1 KiB, which is the length that stores are told."""
    longest = Namespace(("x" * 200, "x" * 200, "x" * 98))
    lengths = [len(Key(Space(longest, kind), "x" * MAX_NAME_BYTES).physical) for kind in Kind]

    assert MAX_PHYSICAL_BYTES == max(lengths) < 1_024


def test_keys_of_digests_are_the_keys_of_those_names() -> None:
    """However one looks at them; they are only made without the checks that a digest passes anyhow, and late."""
    space, digests = Space(Namespace.of("shop"), Kind.EMBEDDING), [f"9f86d08{number}" * 8 for number in range(5)]
    checked = [Key(space, digest) for digest in digests]

    for looked_at in (False, True):
        keys = Keys(space, digests)
        assert not looked_at or checked == list(keys)
        assert (5, checked[0], checked[-1]) == (len(keys), keys[0], keys[-1])
        assert (checked[1:3], checked[:0]) == (list(keys[1:3]), list(keys[:0]))
        assert [key.physical for key in checked] == keys.physicals == [key.physical for key in keys]
        assert [(key.name, key.space) for key in checked] == [(key.name, key.space) for key in keys]
        assert checked[3] in keys
        with pytest.raises(IndexError):
            keys[5]


def test_key_is_not_equal_to_its_text() -> None:
    """A key equals keys only."""
    key = Key(SHOP, "a")

    assert key != key.physical


def test_key_can_be_copied_and_pickled() -> None:
    """A key survives the ways in which programs hand values around."""
    key = Key(SHOP, "a")

    assert [key] * 3 == [copy.copy(key), copy.deepcopy(key), pickle.loads(pickle.dumps(key))]


def test_digest_names_a_key_without_telling_it() -> None:
    """A response is named by the start of its digest, a conversation by nothing that could be personal."""
    assert "9f86d081884c" == Key(SHOP, "9f86d081884c7d659a2feaa0c55ad015").digest
    assert "history" == Key(Space(SHOP.namespace, Kind.HISTORY), "ada@example.com").digest
    document = Key(Space(SHOP.namespace, Kind.DOCUMENT), "ada@example.com")
    assert ("document", False) == (document.digest, "ada" in repr(document))


@given(KEYS)
def test_digest_can_stand_in_any_message(key: Key) -> None:
    """A digest is short, printable ASCII: no line break, no text that a stream cannot encode."""
    assert len(key.digest) <= 12
    assert key.digest.isascii()
    assert key.digest.isprintable()


def test_only_what_can_be_paid_for_again_is_evictable() -> None:
    """Answers and embeddings may be dropped; conversations, marks, leases and documents may not."""
    assert {Kind.RESPONSE, Kind.EMBEDDING} == {kind for kind in Kind if kind.is_evictable}
