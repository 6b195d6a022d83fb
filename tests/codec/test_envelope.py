"""The envelope holds an entry, readable, under one key."""

import dataclasses
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.codec.envelope import FORMAT, Header, pack, peek, unpack
from llmcache.codec.markers import MAX_DEPTH
from llmcache.errors import UsageError
from llmcache.model.entry import NOTHING_KNOWN, Entry, Provenance
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.codec.bodies import FULL, FULL_REST, KEY, LEAST_REST, sealed
from tests.codec.strategies import nested, plains, same

numbers = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False))
counts = st.integers(0, 2**63)
names = st.text(max_size=20)

entries = st.builds(
    lambda tagged, is_stamped, **fields: Entry(
        tags=tuple(tag for tag, _ in tagged), stamps=tuple(stamp for _, stamp in tagged) if is_stamped else (), **fields
    ),
    tagged=st.lists(st.tuples(names, names), max_size=3),
    is_stamped=st.booleans(),
    value=plains,
    made_at=numbers,
    type=names,
    stale_at=st.none() | numbers,
    expires_at=st.none() | numbers,
    provenance=st.builds(
        Provenance,
        model=st.none() | names,
        input_tokens=st.none() | counts,
        output_tokens=st.none() | counts,
        cost=st.none() | numbers,
        seconds=st.none() | numbers,
    ),
)

keys = st.builds(
    lambda part, kind, name: Key(Space(Namespace((part,)), kind), name),
    st.text(min_size=1, max_size=8),
    st.sampled_from(Kind),
    st.text(min_size=1, max_size=8),
)


def fields_of(entry: Entry) -> list[Any]:
    """Return all fields of an entry as plain data, to be compared to the last bit."""
    provenance = [getattr(entry.provenance, field.name) for field in dataclasses.fields(Provenance)]
    names = [list(entry.tags), list(entry.stamps)]
    return [entry.value, entry.made_at, entry.type, entry.stale_at, entry.expires_at, *names, *provenance]


@given(entries, keys, st.sampled_from([None, 0, 100, 16_384]))
def test_unpacking_gives_back_what_was_packed(entry: Entry, key: Key, squeeze_above: int | None) -> None:
    """Every field of every entry comes back the same, squeezed or not."""
    body = pack(entry, key, squeeze_above=squeeze_above)

    assert same(fields_of(entry), fields_of(unpack(body, key)))


@given(entries, keys)
def test_a_body_is_one_line_of_json(entry: Entry, key: Key) -> None:
    """Any JSON reader reads a body that is not squeezed, and sees format and kind."""
    document = json.loads(pack(entry, key, squeeze_above=None))

    assert [1, key.space.kind.value] == [document["llmcache"], document["kind"]]


def test_a_full_body_reads_like_this() -> None:
    """The exact bytes of format 1, with everything known; they change only with the format number."""
    assert sealed(FULL_REST) == pack(FULL, KEY)


def test_a_least_body_reads_like_this() -> None:
    """What is not known is left out."""
    assert sealed(LEAST_REST) == pack(Entry(None, 0), KEY)


def test_a_marked_value_stands_under_another_name() -> None:
    """A value with markers is told apart from one that only looks like it."""
    inside = '{"$llmcache":"float","v":"inf"}'

    assert sealed(f'"kind":"response","type":"json","made_at":0,"marked":{inside}}}') == pack(
        Entry(float("inf"), 0), KEY
    )
    assert (
        json.loads(inside)
        == unpack(sealed(f'"kind":"response","type":"json","made_at":0,"value":{inside}}}'), KEY).value
    )


def test_nothing_known_is_one_object() -> None:
    """An entry without provenance gets the shared empty one."""
    assert NOTHING_KNOWN is unpack(pack(Entry(None, 0, provenance=Provenance()), KEY), KEY).provenance


@pytest.mark.parametrize("field", dataclasses.fields(Provenance), ids=lambda field: field.name)
def test_one_known_thing_is_kept(field: dataclasses.Field[Any]) -> None:
    """Each field of the provenance survives alone."""
    something: Any = "m" if field.name == "model" else 7
    known = dataclasses.replace(NOTHING_KNOWN, **{field.name: something})
    body = pack(Entry(None, 0, provenance=known), KEY)

    assert known == unpack(body, KEY).provenance
    assert {field.name} == json.loads(body).keys() - {"llmcache", "check", "kind", "type", "made_at", "value"}


def test_fields_not_known_are_passed_over() -> None:
    """A later release may add a field without a new format number, and write null for what it does not know."""
    more = LEAST_REST.replace('"value"', '"region":"eu","model":null,"tags":null,"stale_at":null,"value"')

    assert Entry(None, 0) == unpack(sealed(more), KEY)


@pytest.mark.parametrize("inside", [None, float("nan")])
def test_the_deepest_value_fits(inside: Any) -> None:
    """A value of `MAX_DEPTH` fits, one level more is refused by both ways."""
    value = nested(MAX_DEPTH, inside)

    assert same(value, unpack(pack(Entry(value, 0), KEY), KEY).value)
    with pytest.raises(UsageError, match="nests deeper"):
        pack(Entry([value], 0), KEY)


def test_tags_may_be_a_list() -> None:
    """A list of tags is as good as a tuple; a text is not taken for a list of letters."""
    tagged = pack(dataclasses.replace(FULL, tags=["a", "b"]), KEY)  # type: ignore[arg-type] # callers without a checker

    assert ("a", "b") == unpack(tagged, KEY).tags


def test_a_long_body_is_squeezed_by_default() -> None:
    """Above 16 KiB the store holds a frame, and reading is none the wiser."""
    entry = Entry("prose " * 10_000, 0)
    body = pack(entry, KEY)

    assert b"\x01" == body[:1]
    assert len(body) < 2_000
    assert entry == unpack(body, KEY)
    assert len(pack(entry, KEY, squeeze_above=None)) > 60_000


def test_peeking_shows_the_header() -> None:
    """Everything but the value can be read without the key."""
    body = pack(FULL, KEY)

    assert peek(body) == Header(
        kind="response",
        type="json",
        check=body[23:31].decode(),
        made_at=1763800000.5,
        stale_at=1763803600.5,
        expires_at=1763886400.5,
        tags=("faq", "ümlaut"),
        provenance=FULL.provenance,
        text_bytes=len(body),
        is_squeezed=False,
    )


def test_a_header_cannot_be_changed() -> None:
    """It is a value, like an entry."""
    seen = peek(pack(FULL, KEY))

    with pytest.raises(dataclasses.FrozenInstanceError):
        seen.kind = "history"  # type: ignore[misc] # what the test is about


def test_peeking_opens_a_frame() -> None:
    """The header of a squeezed body is read as well, and says so."""
    plain = pack(FULL, KEY)
    seen = peek(pack(FULL, KEY, squeeze_above=0))

    assert seen == dataclasses.replace(peek(plain), is_squeezed=True, text_bytes=len(plain))


def test_peeking_shows_what_is_missing() -> None:
    """What an entry does not have is None or empty."""
    seen = peek(sealed(LEAST_REST))

    assert (None, None, (), NOTHING_KNOWN) == (seen.stale_at, seen.expires_at, seen.tags, seen.provenance)


def test_a_four_kilobyte_answer_grows_little() -> None:
    """The envelope adds less than a fifth to an answer of 4 KB, metadata of the call included."""
    text = "".join(random.Random(1).choices("abcdefgh ", k=4096))
    entry = dataclasses.replace(FULL, value={"answer": text})

    assert len(pack(entry, KEY)) <= 1.2 * len(json.dumps(entry.value))


def test_this_is_format_one() -> None:
    """The format number goes up with every change of meaning; see docs/decisions/0004."""
    assert 1 == FORMAT
