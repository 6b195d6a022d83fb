"""Reading Python's printing: exactly, or as text."""

import re
import time
import weakref
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.keys.canonical import MAX_DEPTH
from llmcache.keys.python_repr import NotPairsError, read_pairs, read_value, scrubbed
from tests.keys.texts import ANY_TEXT, NASTY, PLAIN, SCALARS, same

VALUES = st.recursive(
    SCALARS | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(NASTY | st.integers(-2, 2) | st.booleans() | st.binary(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
"""What Python prints as a literal."""


class Quoted:
    """Prints itself as told."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def alike(left: Any, right: Any) -> bool:
    """True where two Python values are one: types count, order in dicts does not."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        members = [(name, other) for name in left for other in right if alike(name, other)]
        return len(left) == len(right) == len(members) and all(alike(left[a], right[b]) for a, b in members)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    return repr(left) == repr(right)


@given(VALUES, VALUES)
def test_two_values_have_one_tree_exactly_where_they_are_one(left: Any, right: Any) -> None:
    """Lists, tuples, bytes, texts and numbers that look alike stay apart; the order in a dict does not count."""
    assert alike(left, right) is same(read_value(repr(left)), read_value(repr(right)))


@given(PLAIN)
def test_plain_data_is_read_as_it_is(tree: Any) -> None:
    """Where no member is named like ours, a tree is its own reading."""
    if "py:" not in repr(tree):
        assert same(tree, read_value(repr(tree)))


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        ((1, "a"), {"py:tuple": [1, "a"]}),
        ((), {"py:tuple": []}),
        (b"\x00a", {"py:bytes": "0061"}),
        ({2: "b", 1: "a"}, {"py:dict": [[1, "a"], [2, "b"]]}),
        ({(1, 2): {"a": ()}}, {"py:dict": [[{"py:tuple": [1, 2]}, {"a": {"py:tuple": []}}]]}),
        ({"py:tuple": [1]}, {"py:dict": [["py:tuple", [1]]]}),
        ({"py": 1, "apy:": 2}, {"py": 1, "apy:": 2}),
        ([{"b": (1,), "a": None}], [{"a": None, "b": {"py:tuple": [1]}}]),
        (-0.0, -0.0),
        (1e-07, 1e-07),
        (-12, -12),
        ('it\'s "x"\n\\', 'it\'s "x"\n\\'),
        ("\ud800é🌞\x7f\U0010ffff", "\ud800é🌞\x7f\U0010ffff"),
    ],
)
def test_tree_of_a_literal(value: Any, tree: Any) -> None:
    """What JSON has not is told apart by the name of the only member."""
    assert same(tree, read_value(repr(value)))


@pytest.mark.parametrize(
    "text",
    [
        "nan", "inf", "[inf]", "1e999", "1_0", "0x10", "01", "1.0.0", "1 2", "(1)", "[1,2]", "[ 1]", "{1, 2}", "{1}", "set()",
        "'a' 'b'", "'a''b'", "'\\d'", "'\\a'", "'\\N{DASH}'", "u'a'", "b'a' b'b'", "r'a'", "'a\nb'", "1j", "...", "None.a", "[",
        "frozenset({1})", "<class 'shop.Joke'>", "Joke(a='1')", "", " ", "f'a'", "True False", "{'a': 1, 'a': 2}", "{'a': 2,}",
        "1" * 5000, "[" * 150 + "]" * 150, "[" * 100_000, "-" * 100_000 + "1", "'\ud800'",
    ],
)  # fmt: skip
def test_what_is_no_printed_literal_stays_text(text: str) -> None:
    """An object's printing, and every spelling that `repr` does not use, is kept as it stands."""
    assert {"py:repr": text} == read_value(text)


def test_literal_within_the_limit_of_nesting_is_read() -> None:
    """`MAX_DEPTH` levels are read, one more stays text."""
    fits, not_fits = "[" * MAX_DEPTH + "]" * MAX_DEPTH, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)

    assert type(read_value(fits)) is list
    assert {"py:repr": not_fits} == read_value(not_fits)


@given(st.dictionaries(NASTY | ANY_TEXT, VALUES, max_size=4))
def test_settings_are_read_pair_by_pair(settings: dict[str, Any]) -> None:
    """Each value is read as it would be alone, whatever stands around it."""
    expected = {name: read_value(repr(value)) for name, value in settings.items()}

    assert same(expected, read_pairs(str(sorted(settings.items(), key=lambda pair: pair[0]))))


def test_object_among_the_settings_stays_text_alone() -> None:
    """The printing of one object takes nothing from its neighbours."""
    nested = partial(int, base=2)
    settings = {"a": {"x": [1]}, "f": nested, "r": Weather, "z": ("q", Quoted("<A b='c)' d={1: [2]}>"))}
    text = str(sorted(settings.items()))

    assert same(
        {
            "a": {"x": [1]},
            "f": {"py:repr": "functools.partial(<class 'int'>, base=2)"},
            "r": {"py:repr": f"<class '{__name__}.Weather'>"},
            "z": {"py:repr": "('q', <A b='c)' d={1: [2]}>)"},
        },
        read_pairs(text),
    )


class Weather:
    """A class to print."""


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "]", "()", "[()]", "[('a')]", "[('a',)]", "[('a', 1)", "[('a', 1]", "[('a', 1),]", "[('a', 1), ]", "[('a', 1)] ",
        " [('a', 1)]", "[('a', 1),('b', 2)]", "[('a', 1)('b', 2)]", "[(a, 1)]", "[(1, 2)]", "[('a', 1), ('a', 1)]", "['a', 1]",
        "[('a', it's)]", "[('a', 'b)]", "[('a', \"b)]", "[('a', <it's>), ('b', <it's>)]", "[('a', '\\d')]", "hello", "{}", "[[]]",
        "[('a', (1)]", "[['a', 1)]", "(('a', 1)]", "[('a',1)]", "[(b'a', 1)]", "[('a', 1)]]", "[('a', 1), ('b', 2)", "[('a'x, 1)]",
        "[('a', <dogs' a>)]",
    ],
)  # fmt: skip
def test_what_is_no_list_of_settings_is_refused(text: str) -> None:
    """Nothing is guessed: neither a missing end, nor other spacing, nor a quote without a partner."""
    with pytest.raises(NotPairsError):
        read_pairs(text)


@pytest.mark.parametrize("name", ["'a\0'", "'\\U00110000'", "'\ud800'", '"\0"'])
def test_names_that_python_cannot_read_are_refused(name: str) -> None:
    """A null, an escape beyond Unicode or a lone surrogate between quotes is an error of another kind to the parser."""
    with pytest.raises(NotPairsError):
        read_pairs(f"[({name}, 1)]")


def test_no_settings_are_read() -> None:
    """`str(sorted({}.items()))` is a list of settings too."""
    assert {} == read_pairs("[]")


@given(ANY_TEXT | st.text("[](){}'\", \\b1:<>a", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No other error, whatever the text."""
    try:
        read_pairs(text)
    except NotPairsError:
        return
    assert text.startswith("[")
    assert text.endswith("]")


def test_addresses_are_taken_out_of_printed_objects() -> None:
    """Functions, methods, objects and references print where they lie in memory."""
    held = Weather()
    printed = [
        test_no_settings_are_read,
        lambda: 0,
        held,
        partial(held.__eq__),
        weakref.ref(held),
        iter([]),
    ]

    for value in printed:
        assert " at 0x" in repr(value)
        assert re.sub(" at 0x[0-9a-f]+", " at 0x", repr(value)) == scrubbed(repr(value))


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("<function f at 0x7f3A09>", "<function f at 0x>"),
        ("<A at 0x1>, <B at 0x2; to 'C' at 0x3>", "<A at 0x>, <B at 0x; to 'C' at 0x>"),
        ("<A name='x at 0x1' at 0x2>", "<A name='x at 0x1' at 0x>"),
        ('<A name="it\'s at 0x1" at 0x2>', '<A name="it\'s at 0x1" at 0x>'),
        ("[b'x at 0x1', <A at 0x2>]", "[b'x at 0x1', <A at 0x>]"),
        ("'<A at 0x1>'", "'<A at 0x1>'"),
        ("<it's at 0x1>", "<it's at 0x1>"),
        ("<it's at 0x1>, 'is at 0x2', <it's>", "<it's at 0x1>, 'is at 0x2', <it's>"),
        ("0x1 at0x1 at 0xg", "0x1 at0x1 at 0xg"),
        ("", ""),
    ],
)
def test_addresses_go_outside_quotes_only(text: str, without: str) -> None:
    """A user's text keeps what looks like one; where a quote has no partner nothing is changed."""
    assert without == scrubbed(text)


@given(ANY_TEXT)
def test_text_in_quotes_is_never_scrubbed(text: str) -> None:
    """A string that a user passed is what the model sees."""
    printed = repr(text + " at 0x12")

    assert printed == scrubbed(printed)


@pytest.mark.parametrize(
    "text", ["1" * 60_000 + "x", "'" * 60_001, "[('a', " + "((" * 30_000, "'\\\\" * 20_000, "1.e" * 20_000]
)
def test_time_is_linear_in_hostile_texts(text: str) -> None:
    """No pattern backtracks without end: these take milliseconds, an exponential one would outlast the test's limit."""
    start = time.process_time()
    read_value(text)
    scrubbed(text)
    with pytest.raises(NotPairsError):
        read_pairs(text)

    assert time.process_time() - start < 10
