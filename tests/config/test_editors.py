"""The JSON schema for editors says what the check says."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmcache.config.editors import json_schema
from llmcache.config.reading import read_document
from llmcache.config.schema import FILE, options_of
from tests.config.wrong_file import WrongFile
from tests.config.wrong_files import WRONG_FILES

SCHEMA = json_schema()
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float),
}  # fmt: skip
RULES: dict[str, Callable[[Any, Any], bool]] = {
    "anyOf": lambda value, choices: any(takes(choice, value) for choice in choices),
    "enum": lambda value, words: value in words,
    "items": lambda value, each: all(takes(each, item) for item in value),
    "minItems": lambda value, least: len(value) >= least,
    "minLength": lambda value, least: len(value) >= least,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "minimum": lambda value, least: value >= least,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "required": lambda value, names: set(names) <= set(value),
    "propertyNames": lambda value, rule: all(re.search(rule["pattern"], name) for name in value),
}
"""The words of JSON schema that ours uses, beside those about types and properties; any other is an error."""


def takes(schema: Any, found: Any) -> bool:
    """True where a value fits a schema, as an editor judges it."""
    rules = {word: said for word, said in schema.items() if word not in {"$schema", "title", "description", "examples"}}
    value: Any = found  # what the checks below narrow must stay of any type
    types = TYPES[rules.pop("type")] if "type" in rules else (object,)
    if not isinstance(found, types) or (isinstance(found, bool) and bool not in types):
        return False
    known, others = rules.pop("properties", {}), rules.pop("additionalProperties", None)
    entries: list[tuple[Any, Any]] = (
        [(known.get(name, others), inner) for name, inner in value.items()] if known or others else []
    )
    if any(entry is False or not takes(entry, inner) for entry, inner in entries):
        return False
    return all(RULES[word](value, said) for word, said in rules.items())


def test_every_option_is_in_the_schema_and_no_other() -> None:
    """Path by path, with what it means, and an example that the check takes."""

    def paths_in(schema: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
        found: dict[tuple[str, ...], Any] = {}
        for name, inner in schema.get("properties", {}).items():
            found |= paths_in(inner, (*path, name)) if inner.get("type") == "object" else {(*path, name): inner}
        each = schema.get("additionalProperties")
        return found | (paths_in(each, (*path, "NAME")) if isinstance(each, dict) else {})

    found = paths_in(SCHEMA)

    assert set(found) == {path for path, _ in options_of(FILE)}
    for path, option in options_of(FILE):
        assert found[path]["description"].startswith(option.meaning)
        assert takes({"type": "object", "additionalProperties": found[path]}, {"x": found[path]["examples"][0]})


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: wrong.name)
def test_editors_see_the_mistakes_of_one_value(wrong: WrongFile) -> None:
    """Those that take the rest of the file, or its environment, they let pass; and the table says which."""
    try:
        value = tomllib.loads(wrong.text)
    except tomllib.TOMLDecodeError:
        pytest.fail("no TOML") if not wrong.says.partition("found ")[2].startswith("no TOML") else None
        return

    assert wrong.seen_by_editors == (not takes(SCHEMA, value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[llmcache]\nnamespace = "shop"\n',
        '[llmcache]\nprofile = "a"\n[profiles.a]\nstore = "x"\nresponses = { ttl = "250 MS" }\n[stores.x]\nurl = "${URL}"',
        '[llmcache.history]\nttl = 2.5\nsliding = false\nmax_messages = 1\nstore = "sqlite:"\n',
        "[profiles.p.seal]\nkeys = ['${NEW}', '${OLD_2}']\nnames = '${NAMES}'\n[llmcache]\nprofile = 'p'\n",
        *(
            f'[stores.x]\nurl = "memory:"\nnear.max_bytes = {size}\n'
            for size in (65536, '"64MiB"', '"1.5 gb"', '"70000"')
        ),
        *(f'[llmcache]\nresponses.ttl = "{ttl}"\n' for ttl in ("30", "1.5h", "7d", "2 w", "10min")),
        *(f"[llmcache]\nresponses.jitter = {share}\n" for share in ('"10%"', '"0%"', '"99.9 %"', "0", "0.25")),
    ],
)
def test_what_is_right_is_right_for_both(text: str, tmp_path: Path) -> None:
    """The check takes it, and so does the schema."""
    path = tmp_path / "llmcache.toml"
    path.write_text(text)

    assert [] == read_document(path).mistakes
    assert takes(SCHEMA, tomllib.loads(text))
