"""Plain data survives as it was, or is refused."""

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given

from llmcache.codec.markers import MAX_DEPTH
from llmcache.codec.place import root
from llmcache.codec.plain import copy_plain, decode_plain, encode_marked, encode_plain, parsed, shallow
from llmcache.errors import DecodeError, UsageError
from tests.codec.strategies import containers, nested, plains, same, stack_of

LIMIT = 1_000_000

NAN = float("nan")


class Colour(Enum):
    RED = 1


class Name(str, Enum):  # noqa: UP042 -- the older form, whose str() is the name of the member
    ANN = "ann"


class Level(IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


@dataclass
class Point:
    x: int


class Pair(NamedTuple):
    left: int
    right: int


@given(plains)
def test_decoding_gives_back_what_was_encoded(value: Any) -> None:
    """Every plain value comes back the same, type for type, key order included."""
    assert same(value, decode_plain(encode_plain(value), max_bytes=LIMIT))


@given(plains)
def test_copying_is_encoding_and_decoding(value: Any) -> None:
    """A copy is the same as the value."""
    assert same(value, copy_plain(value))


@given(plains)
def test_a_copy_shares_no_container(value: Any) -> None:
    """No list or dict of the copy is one of the value's."""
    assert set(containers(copy_plain(value))).isdisjoint(containers(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": [1, 2.5, True, None], "a": "é"}, '{"b":[1,2.5,true,null],"a":"é"}'),
        ((1, (2,)), "[1,[2]]"),
        ("", '""'),
        (-0.0, "-0.0"),
        (2**64 - 1, "18446744073709551615"),
        (-(2**63), "-9223372036854775808"),
        ({}, "{}"),
    ],
)
def test_ordinary_values_are_plain_json(value: Any, text: str) -> None:
    """What JSON can say is said as JSON, compactly, without any marker."""
    assert (text.encode(), False) == encode_marked(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (NAN, '{"$llmcache":"float","v":"nan"}'),
        (float("inf"), '{"$llmcache":"float","v":"inf"}'),
        (-float("inf"), '{"$llmcache":"float","v":"-inf"}'),
        (2**64, '{"$llmcache":"int","v":"0x10000000000000000"}'),
        (-(2**63) - 1, '{"$llmcache":"int","v":"-0x8000000000000001"}'),
        ("5% \ud83d", '{"$llmcache":"str","v":"5%25 %uD83D"}'),
        ("\ud800\udfff", '{"$llmcache":"str","v":"%uD800%uDFFF"}'),
        (b"\x00\x01\x02", '{"$llmcache":"bytes","v":"AAEC"}'),
        ({"$llmcache": 1, "5%": 2}, '{"$llmcache":"dict","=$llmcache":1,"=5%25":2}'),
        ({"\udfff": NAN}, '{"$llmcache":"dict","=%uDFFF":{"$llmcache":"float","v":"nan"}}'),
        ([0.5, NAN], '[0.5,{"$llmcache":"float","v":"nan"}]'),
        ({"a": (b"",)}, '{"a":[{"$llmcache":"bytes","v":""}]}'),
    ],
)
def test_what_json_cannot_say_is_marked(value: Any, text: str) -> None:
    """Each marker is spelled exactly so: changing one is a change of the envelope's format."""
    assert (text.encode(), True) == encode_marked(value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (object(), "value is of type object;"),
        ({"a": [0, Colour.RED]}, "value{0}[1] is of type Colour;"),
        ([Name.ANN], "value[0] is of type Name;"),
        ([Level.LOW], "value[0] is of type Level;"),
        (Text("secret"), "value is of type Text;"),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, "value{0} is of type datetime;"),
        ({"id": uuid.UUID(int=0)}, "value{0} is of type UUID;"),
        ({"p": Point(1)}, "value{0} is of type Point;"),
        ({"p": Pair(1, 2)}, "value{0} is of type Pair;"),
        ({"p": OrderedDict()}, "value{0} is of type OrderedDict;"),
        ({"p": {1}}, "value{0} is of type set;"),
        ({"p": bytearray()}, "value{0} is of type bytearray;"),
        ({"p": 1j}, "value{0} is of type complex;"),
        ({"p": orjson.Fragment(b"{}")}, "value{0} is of type Fragment;"),
        ({"a": {1: 2}}, "a key of value{0} is of type int; keys are of type str"),
        ({None: 1}, "a key of value is of type NoneType;"),
        ({Text("a"): 1}, "a key of value is of type Text;"),
        ([{"a": 0, "mary": {"b": 1}, "lee": [object()]}], "value[0]{2}[0] is of type object;"),
        ({"\ud800": 0, "$llmcache": object()}, "value{1} is of type object;"),
    ],
)
def test_strangers_are_refused_with_place_and_type(value: Any, complaint: str) -> None:
    """Nothing is converted on the quiet: encoding and copying name the place and type of what is no plain data."""
    with pytest.raises(UsageError) as encoding:
        encode_plain(value)
    with pytest.raises(UsageError) as copying:
        copy_plain(value)

    assert str(encoding.value).startswith(complaint)
    assert str(encoding.value) == str(copying.value)


def test_refusal_says_what_can_be_kept() -> None:
    """The message lists the types that can be kept."""
    with pytest.raises(UsageError) as refused:
        encode_plain(object())

    assert (
        "value is of type object; what can be kept is None, bool, int, float, str, bytes, list, and dict with str keys"
        == str(refused.value)
    )


def test_refusal_names_the_root_as_the_caller_does() -> None:
    """The caller's name for the value begins the place, in both ways."""
    with pytest.raises(UsageError, match=r"^message\{0\} is of type object"):
        encode_plain({"a": object()}, place=root("message"))
    with pytest.raises(UsageError, match=r"^message\{0\} is of type object"):
        copy_plain({"a": object()}, place=root("message"))


def test_refusal_never_shows_content() -> None:
    """Neither values nor keys reach the message: a key that looks like a field may be somebody's name."""
    with pytest.raises(UsageError) as refused:
        encode_plain({"my_secret": {"secret": ["hush", object()]}})

    assert "secret" not in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("inside", [None, NAN, "\ud800"])
def test_the_deepest_value_survives(inside: Any) -> None:
    """`MAX_DEPTH` containers inside each other come back, with and without a marker at the bottom."""
    value = nested(MAX_DEPTH, inside)

    assert same(value, decode_plain(encode_plain(value), max_bytes=LIMIT))
    assert same(value, copy_plain(value))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, MAX_DEPTH + 2, 5_000, 100_000])
@pytest.mark.parametrize("inside", [None, NAN])
def test_deeper_values_are_refused(depth: int, inside: Any) -> None:
    """One container more is refused, and so is any number more; the stack never overflows."""
    value = nested(depth, inside)

    with pytest.raises(UsageError, match="nests deeper than"):
        encode_plain(value)
    with pytest.raises(UsageError, match="nests deeper than"):
        copy_plain(value)


def test_a_value_inside_itself_is_refused() -> None:
    """A cycle is a nesting without end."""
    cycle: list[Any] = []
    cycle.append({"again": cycle})

    with pytest.raises(UsageError, match=r"^value\[0\]\{0\}.* nests deeper than 253 levels$"):
        encode_plain(cycle)
    with pytest.raises(UsageError, match="nests deeper"):
        copy_plain(cycle)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, MAX_DEPTH + 2, 1_000, 100_000])
@pytest.mark.parametrize("inside", [b"1", b'{"$llmcache":"float","v":"nan"}', b'"\\n"'])
def test_deeper_documents_are_refused(depth: int, inside: bytes) -> None:
    """A document that nests deeper than any we write raises DecodeError."""
    with pytest.raises(DecodeError):
        decode_plain(b"[" * depth + inside + b"]" * depth, max_bytes=LIMIT)


@pytest.mark.parametrize("body", [b"[" * 1_025, b'{"a":' * 100_000])
def test_unclosed_documents_are_refused(body: bytes) -> None:
    """Openings without end raise DecodeError."""
    with pytest.raises(DecodeError, match="not a JSON document"):
        decode_plain(body, max_bytes=LIMIT)


def test_a_nearly_full_stack_is_no_recursion_error() -> None:
    """Where the caller has left no room on the stack, a deep value is refused like any other."""
    value = nested(MAX_DEPTH, NAN)
    body = encode_plain(value)
    with stack_of(100):
        with pytest.raises(UsageError, match="than the stack of the caller has room for"):
            encode_plain(value)
        with pytest.raises(UsageError, match="than the stack of the caller has room for"):
            copy_plain(value)
        with pytest.raises(DecodeError, match="than the stack of the caller has room for"):
            decode_plain(body, max_bytes=LIMIT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nul",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"'a'",
        b"[1,]",
        b'{"a":1}x',
        b'"\\ud800"',
        b"\xff",
        b"\xef\xbb\xbf1",
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """Anything but one strict JSON document in UTF-8 raises DecodeError."""
    with pytest.raises(DecodeError, match=r"^the body is not a JSON document: "):
        decode_plain(body, max_bytes=LIMIT)


def test_a_document_of_the_limit_is_read() -> None:
    """Exactly `max_bytes` are allowed, one more is not."""
    assert [1] == decode_plain(b"[1]", max_bytes=3)
    with pytest.raises(DecodeError, match=r"^the body is 3 bytes, limit 2$"):
        decode_plain(b"[1]", max_bytes=2)


@pytest.mark.parametrize("body", [None, "1", bytearray(b"1"), memoryview(b"1"), 1])
def test_what_is_no_bytes_is_refused(body: Any) -> None:
    """A store that gives back something else than bytes is a store with damaged bodies."""
    with pytest.raises(DecodeError, match=rf"^a body is of type bytes, found {type(body).__name__}$"):
        decode_plain(body, max_bytes=LIMIT)


def test_parsing_leaves_markers_alone() -> None:
    """`parsed` gives the document as it stands."""
    assert {"$llmcache": "float", "v": "nan"} == parsed(b'{"$llmcache":"float","v":"nan"}', max_bytes=LIMIT)


def test_shallow_values_are_not_copied() -> None:
    """`shallow` gives the very value."""
    value = nested(MAX_DEPTH)

    assert value is shallow(value)
    with pytest.raises(DecodeError, match=r"^the value nests deeper than 253 levels$"):
        shallow([value])


def test_a_marker_is_found_behind_escapes() -> None:
    """Another writer's spelling of the dollar sign changes nothing."""
    assert same(NAN, decode_plain(b'{"\\u0024llmcache":"float","v":"nan"}', max_bytes=LIMIT))


def test_an_immutable_value_is_its_own_copy() -> None:
    """A text is not copied, for nobody can change it."""
    text = "a" * 1000

    assert text is copy_plain(text)


def test_an_integer_of_any_length_survives() -> None:
    """Python's limit of 4,300 decimal digits does not touch what is kept."""
    number = -(10**10_000)

    assert number == decode_plain(encode_plain(number), max_bytes=LIMIT)
