"""Whatever bytes lie in the store, reading them gives plain data or DataError, and does nothing else."""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmcache.codec.envelope import pack, peek, unpack
from llmcache.codec.plain import copy_plain, decode_plain, encode_plain
from llmcache.errors import DataError, DecodeError
from llmcache.model.entry import Entry
from tests.codec.auditing import witnessed
from tests.codec.bodies import FULL, FULL_REST, KEY, LEAST_REST, sealed
from tests.codec.hostile import CONSTRUCTORS, RAW, odd_values, replaced
from tests.codec.strategies import same

LIMIT = 1 << 20

VALID = (pack(FULL, KEY), pack(FULL, KEY, squeeze_above=0), pack(Entry([float("nan"), b"x", {"$llmcache": 1}], 0), KEY))

READERS: tuple[Callable[[bytes], object], ...] = (
    lambda body: unpack(body, KEY, max_bytes=LIMIT),
    lambda body: peek(body, max_bytes=LIMIT),
    lambda body: decode_plain(body, max_bytes=LIMIT),
)


def read_all(body: bytes) -> None:
    """Read `body` in every way; what it gives must be plain data, and what it raises DataError."""
    for read in READERS:
        try:
            found = read(body)
        except DataError:
            continue
        if isinstance(found, Entry):
            assert same(found.value, copy_plain(found.value))


@given(st.binary())
def test_random_bytes_are_harmless(body: bytes) -> None:
    """Noise is a miss."""
    read_all(body)


@given(st.sampled_from(VALID), st.data())
def test_mutated_bodies_are_harmless(body: bytes, data: st.DataObject) -> None:
    """A valid body with bytes replaced, cut out and put in is a miss."""
    start = data.draw(st.integers(0, len(body)))
    stop = data.draw(st.integers(start, len(body)))
    body = body[:start] + data.draw(st.binary(max_size=8)) + body[stop:]

    read_all(body)


@given(st.sampled_from(VALID), st.integers(0, 200))
def test_bodies_cut_off_are_refused(body: bytes, length: int) -> None:
    """Half a write is a miss."""
    with pytest.raises(DecodeError):
        unpack(body[: min(length, len(body) - 1)], KEY)


@given(odd_values)
@example(1e400)
def test_json_of_any_shape_is_harmless(document: Any) -> None:
    """Documents that are no envelope are a miss."""
    read_all(json.dumps(document).encode())


@given(st.data(), odd_values)
def test_envelopes_with_odd_parts_are_harmless(data: st.DataObject, odd: Any) -> None:
    """Whoever can compute the check can write any type into any field; types are looked at, all the same."""
    document = json.loads("{" + data.draw(st.sampled_from((FULL_REST, LEAST_REST))))
    rest = json.dumps(replaced(document, data.draw, odd))[1:]

    read_all(sealed(rest))


@given(odd_values)
def test_odd_values_come_back_as_they_are(odd: Any) -> None:
    """A value that no marker vouches for is data, whatever words are in it."""
    rest = json.dumps({"kind": "response", "type": "json", "made_at": 0, "value": odd})[1:]

    assert same(odd, unpack(sealed(rest), KEY).value)


@pytest.mark.parametrize("body", RAW, ids=lambda body: repr(body[:12]))
def test_other_formats_are_refused(body: bytes) -> None:
    """A pickle, a program or a file of another kind raises DecodeError in every way of reading."""
    for read in READERS:
        with pytest.raises(DecodeError):
            read(body)


@pytest.mark.parametrize("payload", CONSTRUCTORS, ids=lambda payload: repr(payload)[:40])
def test_names_of_classes_are_only_data(payload: Any) -> None:
    """What another format would take for a class or a secret is a dict here, before and after a round trip."""
    document = sealed(json.dumps({"kind": "response", "type": "langchain", "made_at": 0, "value": payload})[1:])

    assert payload == unpack(document, KEY).value
    assert payload == decode_plain(encode_plain(payload), max_bytes=LIMIT)


def test_reading_imports_and_runs_nothing() -> None:
    """No module is imported, nothing compiled, opened, started or unpickled, whatever is read."""
    values = [
        json.dumps({"kind": "response", "type": "x", "made_at": 0, name: payload})[1:]
        for payload in CONSTRUCTORS
        for name in ("value", "marked")
    ]
    bodies = [*RAW, *VALID, *map(sealed, values)]
    with witnessed() as events:
        for body in bodies:
            read_all(body)

    assert [] == events


def test_the_witness_sees() -> None:
    """The witness itself notices an import, an evaluation and a file."""
    sys.modules.pop("antigravity_of_the_tests", None)
    with witnessed() as events:
        eval("1 + 1")
        with pytest.raises(ImportError):
            __import__("antigravity_of_the_tests")

    assert {"compile", "exec", "import"} <= set(events)


@pytest.mark.parametrize("depth", [255, 1_000, 1_030, 50_000])
@pytest.mark.parametrize("name", ["value", "marked", "tags", "model", "llmcache", "check"])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_deep_fields_are_harmless(name: str, depth: int, pair: str) -> None:
    """A nesting anywhere in the envelope raises DecodeError, never RecursionError."""
    opening = "[" if pair == "[]" else '{"a":'
    deep = opening * depth + "1" + pair[1] * depth
    rest = f'"kind":"response","type":"json","made_at":0,"{name}":{deep}}}'

    with pytest.raises(DecodeError):
        unpack(sealed(rest), KEY)
