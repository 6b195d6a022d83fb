"""Whatever is wrong with a body or an entry is said, and never an answer."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from llmcache.codec.envelope import MAX_BYTES, pack, peek, unpack
from llmcache.codec.markers import MAX_DEPTH
from llmcache.errors import DecodeError, UsageError, VersionError
from llmcache.model.entry import Entry, Provenance
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.codec.bodies import FULL, KEY, LEAST_REST, OTHER_KEY, sealed

READERS: tuple[Callable[[bytes], object], ...] = (lambda body: unpack(body, KEY), peek)
"""Both ways to read a body; what is wrong with one is wrong for the other."""


def test_a_body_under_another_key_is_refused() -> None:
    """A body that lies where it was not written is never an answer."""
    with pytest.raises(DecodeError) as refused:
        unpack(pack(FULL, KEY), OTHER_KEY)

    assert "the body under 8f86d081884c does not fit its check: damaged, or written under another key" == str(
        refused.value
    )


@pytest.mark.parametrize(
    "other",
    [
        Key(Space(Namespace.of("shop/test"), Kind.RESPONSE), KEY.name),
        Key(Space(Namespace.of("shop"), Kind.RESPONSE), KEY.name),
        Key(Space(KEY.space.namespace, Kind.EMBEDDING), KEY.name),
        Key(KEY.space, KEY.name + "0"),
    ],
    ids=lambda key: key.physical,
)
def test_every_part_of_the_key_is_checked(other: Key) -> None:
    """Namespace, kind and name all count."""
    with pytest.raises(DecodeError, match="does not fit its check"):
        unpack(pack(FULL, KEY), other)


def test_any_flipped_bit_is_noticed() -> None:
    """One changed bit anywhere in a body is never an answer, not even inside a text."""
    body = pack(FULL, KEY)
    for place in range(len(body) * 8):
        damaged = bytearray(body)
        damaged[place // 8] ^= 1 << place % 8
        with pytest.raises((DecodeError, VersionError)):
            unpack(bytes(damaged), KEY)


@pytest.mark.parametrize("number", [2, 3, 99, 2**40])
@pytest.mark.parametrize("rest", ['"anything":[]}', LEAST_REST, '"made_at":"never"}'])
def test_a_newer_format_is_told_apart(number: int, rest: str) -> None:
    """A body of a newer release raises VersionError, whatever else is in it, and even without its key."""
    for read in READERS:
        with pytest.raises(VersionError) as refused:
            read(sealed(rest, number=number))

        assert f"the body is of envelope format {number}, this release reads up to 1" == str(refused.value)


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "2.5", "true", "null", '"1"', "[]", "{}", "1e400"])
def test_another_format_number_is_no_envelope(number: str) -> None:
    """A format number is an integer from 1 on."""
    with pytest.raises(DecodeError):
        unpack(sealed(LEAST_REST, number=number), KEY)


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b"null", b'"x"', b"{}", b'{"check":"00000000"}', b'[{"llmcache":1}]', b'["llmcache"]']
)
def test_other_json_is_no_envelope(body: bytes) -> None:
    """JSON that does not say what it is raises DecodeError."""
    for read in READERS:
        with pytest.raises(DecodeError, match=r"^the body is no envelope of llmcache$"):
            read(body)


WRONG: dict[str, list[str]] = {
    "kind": ["null", "1", "[]"],
    "type": ["null", "1", "{}"],
    "made_at": ["null", '"1"', "true", "[]"],
    "stale_at": ['"1"', "true", "[]"],
    "expires_at": ['"1"', "false", "{}"],
    "tags": ['"faq"', "1", "{}", "[1]", '["a",null]', '[["a"]]', "true"],
    "stamps": ['"one"', "1", "{}", "[1]", "[null]", '["one"]', '["one","two","three"]'],
    "model": ["1", "[]", "true"],
    "input_tokens": ["1.5", '"1"', "true", "[]"],
    "output_tokens": ["1.0", '"1"', "false", "{}"],
    "cost": ['"1"', "true", "[]"],
    "seconds": ['"1"', "false", "{}"],
}


@pytest.mark.parametrize(("name", "wrong"), [(name, wrong) for name, values in WRONG.items() for wrong in values])
def test_a_field_of_another_type_is_refused(name: str, wrong: str) -> None:
    """Every field of the header is of its type, for whoever can write to a store writes what he likes."""
    fields = {"kind": '"response"', "type": '"json"', "made_at": "0", "value": "null"} | {name: wrong}
    rest = ",".join(f'"{field}":{text}' for field, text in fields.items()) + "}"
    for read in READERS:
        with pytest.raises(DecodeError) as refused:
            read(sealed(rest))

        assert f"{name} of the envelope is missing or of another type than it should be" == str(refused.value)


@pytest.mark.parametrize("name", ["kind", "type", "made_at"])
def test_a_missing_field_is_refused(name: str) -> None:
    """Kind, type and time are always there."""
    fields = {"kind": '"response"', "type": '"json"', "made_at": "0", "value": "null"}
    rest = ",".join(f'"{field}":{text}' for field, text in fields.items() if field != name) + "}"

    with pytest.raises(DecodeError, match=rf"^{name} of the envelope is missing"):
        unpack(sealed(rest), KEY)


@pytest.mark.parametrize(
    "body",
    [
        sealed('"kind":"response","type":"json","made_at":0}'),
        sealed('"kind":"response","type":"json","made_at":0,"value":1,"marked":1}'),
        b'{"llmcache":1,"kind":"response","type":"json","made_at":0,"value":1}',
        b'{"llmcache":1,"check":5,"kind":"response","type":"json","made_at":0,"value":1}',
        b'{"llmcache":1,"check":null,"kind":"response","type":"json","made_at":0,"value":1}',
    ],
)
def test_one_check_and_one_value_are_there(body: bytes) -> None:
    """An envelope has a check, and one of `value` and `marked`."""
    for read in READERS:
        with pytest.raises(DecodeError, match=r"^the envelope has no check, no value, or two values$"):
            read(body)


def test_a_wrong_marker_inside_the_value_is_refused() -> None:
    """The value of a marked envelope is read as strictly as any."""
    with pytest.raises(DecodeError, match="an unknown marker"):
        unpack(sealed('"kind":"response","type":"json","made_at":0,"marked":{"$llmcache":"object","v":"os"}}'), KEY)


@pytest.mark.parametrize("name", ["value", "marked"])
def test_a_deeper_value_is_refused(name: str) -> None:
    """One level more than we write raises DecodeError."""
    value = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)

    with pytest.raises(DecodeError, match=r"^the value nests deeper than 253 levels$"):
        unpack(sealed(f'"kind":"response","type":"json","made_at":0,"{name}":{value}}}'), KEY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"made_at": float("nan")},
        {"made_at": float("inf")},
        {"made_at": "1"},
        {"made_at": None},
        {"made_at": True},
        {"made_at": 10**30},
        {"type": None},
        {"type": "\ud800"},
        {"stale_at": float("nan")},
        {"stale_at": "x"},
        {"expires_at": -float("inf")},
        {"expires_at": b"x"},
        {"tags": "faq"},
        {"tags": ("faq", 1)},
        {"tags": ("\ud800",)},
        {"tags": {"faq"}},
        {"stamps": "on"},
        {"stamps": ("one",)},
        {"stamps": ("one", 1)},
        {"tags": (), "stamps": ("one",)},
        {"provenance": Provenance(model=7)},  # type: ignore[arg-type] # what the test is about
        {"provenance": Provenance(input_tokens=1.5)},  # type: ignore[arg-type] # what the test is about
        {"provenance": Provenance(output_tokens="1")},  # type: ignore[arg-type] # what the test is about
        {"provenance": Provenance(cost=float("nan"))},
        {"provenance": Provenance(seconds=float("inf"))},
        {"provenance": Provenance(seconds=True)},
    ],
    ids=repr,
)
def test_an_entry_of_wrong_types_is_refused(wrong: dict[str, Any]) -> None:
    """What could not be read back is not written."""
    with pytest.raises(UsageError, match=r"^Entry: "):
        pack(dataclasses.replace(FULL, **wrong), KEY)


def test_the_refusal_names_the_field() -> None:
    """The message of a refusal says which field."""
    with pytest.raises(UsageError) as refused:
        pack(dataclasses.replace(FULL, provenance=Provenance(cost=float("nan"))), KEY)

    assert "Entry: cost is of another type than it should be, or not finite" == str(refused.value)


def test_the_limit_holds_for_both_lengths() -> None:
    """Neither a body nor what it unfolds to may be longer than `max_bytes`."""
    entry = Entry("prose " * 10_000, 0)
    plain, squeezed = pack(entry, KEY, squeeze_above=None), pack(entry, KEY)

    assert entry == unpack(plain, KEY, max_bytes=len(plain))
    assert entry == unpack(squeezed, KEY, max_bytes=len(plain))
    for body in (plain, squeezed):
        with pytest.raises(DecodeError, match="limit"):
            unpack(body, KEY, max_bytes=len(plain) - 1)
        with pytest.raises(DecodeError, match="limit"):
            peek(body, max_bytes=len(plain) - 1)


def test_the_default_limit_is_sixty_four_mebibytes() -> None:
    """Longer bodies are refused unless the caller says otherwise."""
    body = b"\x01" + (MAX_BYTES + 1).to_bytes(8, "big") + b"\x00" * 8

    assert 64 * 1024 * 1024 == MAX_BYTES
    for read in READERS:
        with pytest.raises(DecodeError, match=r"declares 67,108,865 bytes, limit 67,108,864"):
            read(body)


@pytest.mark.parametrize("body", [None, "{}", bytearray(b"{}"), 1, [b"{}"]])
def test_what_is_no_bytes_is_refused(body: Any) -> None:
    """A store that gives back something else than bytes is a miss, not a crash."""
    for read in READERS:
        with pytest.raises(DecodeError, match=rf"^a body is of type bytes, found {type(body).__name__}$"):
            read(body)
