"""Where each key of a TOML text stands."""

import datetime as dt
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.config.lines import Path, lines_of

TEXT = '''# a comment with [brackets] and = signs
[llmcache]   # here
namespace = "shop # no comment"
"quoted key" = 'it''s'

[ profiles . "d e v" ]
store= "sqlite:./x"
long = """
[not.a.table]
key = 1
"""
raw = \'\'\'
x = "
\'\'\'
list = [ 1, # one
  "]", { deep = 1, b = [
  2] }, ]
history = { ttl = "30d", max.messages = 2 }
a.b.c = 2026-11-22T10:00:00Z
[[stores]]
url = "one"
[[stores]]
url = "two"
'''


def test_the_lines_of_everything() -> None:
    """Keys, headers, inline tables and dotted keys; texts and comments that look like any of them are none."""
    text = TEXT.replace("'it''s'", "'its'")
    tomllib.loads(text)
    found = lines_of(text)

    assert found == {
        ("llmcache",): 2,
        ("llmcache", "namespace"): 3,
        ("llmcache", "quoted key"): 4,
        ("profiles",): 6,
        ("profiles", "d e v"): 6,
        ("profiles", "d e v", "store"): 7,
        ("profiles", "d e v", "long"): 8,
        ("profiles", "d e v", "raw"): 12,
        ("profiles", "d e v", "list"): 15,
        ("profiles", "d e v", "list", "deep"): 16,
        ("profiles", "d e v", "list", "b"): 16,
        ("profiles", "d e v", "history"): 18,
        ("profiles", "d e v", "history", "ttl"): 18,
        ("profiles", "d e v", "history", "max"): 18,
        ("profiles", "d e v", "history", "max", "messages"): 18,
        ("profiles", "d e v", "a"): 19,
        ("profiles", "d e v", "a", "b"): 19,
        ("profiles", "d e v", "a", "b", "c"): 19,
        ("stores",): 20,
        ("stores", "url"): 21,
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_of_either_kind(end: str) -> None:
    """As editors of different systems write them."""
    assert {("a",): 1, ("b",): 3} == lines_of(f"a = 1{end}{end}b = 2")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[a",
        "a",
        "a =",
        "= 1",
        "a = {",
        "a = [",
        "a = [ [ [",
        '"',
        "a = '''",
        "]",
        "{}",
        ",",
        "a = { ]",
        '"\\q" = 1',
    ],
)
def test_what_is_no_toml_ends(text: str) -> None:
    """Nobody asks for it, and it must not hang."""
    assert all(line == 1 for line in lines_of(text).values())


NAMES = st.text(st.sampled_from("ab-_1 .#=[]{}\"'\\é\t"), min_size=1, max_size=5)
TEXTS = st.text(st.sampled_from("ab #=[]{}\"'\\\n,é"), max_size=12)
PLAIN = st.one_of(TEXTS, st.integers(), st.booleans(), st.floats(allow_nan=False), st.just(dt.date(2026, 11, 22)))
VALUES = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=8
)


def quoted(text: str) -> str:
    """A basic string."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(one, one) for one in text) + '"'


def written(value: Any, line_breaks: bool) -> str:
    """A value as TOML; texts and lists over several lines where that is asked for."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{quoted(name)} = {written(one, False)}" for name, one in value.items()) + " }"
    if isinstance(value, list):
        gap = "\n  # ] \n " if line_breaks else " "
        return f"[{gap}" + f",{gap}".join(written(one, line_breaks) for one in value) + f"{gap}]"
    if isinstance(value, str):
        return f'"""\n{quoted(value)[1:-1]}"""' if line_breaks else quoted(value)
    return repr(value) if isinstance(value, int | float) else str(value)


def paths_in(value: Any, above: Path = ()) -> set[Path]:
    """The path of every key that is inside."""
    if isinstance(value, list):
        return set().union(*(paths_in(one, above) for one in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    return set().union(*({(*above, name)} | paths_in(one, (*above, name)) for name, one in value.items()), set())


@given(st.dictionaries(NAMES, VALUES, max_size=5), NAMES, st.booleans())
def test_every_key_of_any_text_is_found_where_it_begins(values: dict[str, Any], table: str, line_breaks: bool) -> None:
    """Whatever stands in the values before it: each key is found at the line it was written on, and nothing else is found."""
    lines = [f"[{quoted(table)}]"]
    expected: dict[Path, int] = {(table,): 1}
    for name, value in values.items():
        at = sum(line.count("\n") + 1 for line in lines) + 1
        expected[table, name] = at
        lines.append(f"{quoted(name)} = {written(value, line_breaks)}")
    text = "\n".join(lines)
    found = lines_of(text)

    assert {table: values} == tomllib.loads(text)
    assert {(table,)} | paths_in({table: values}) == set(found)
    assert expected == {path: line for path, line in found.items() if len(path) < 3}
