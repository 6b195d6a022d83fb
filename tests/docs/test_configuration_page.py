"""The page of the configuration lists every option of the table that checks it, with what that says."""

import re
import tomllib
from collections.abc import Iterator

import pytest

from llmcache.config.schema import MAIN, PROFILE, STORES, Table, options_of
from llmcache.config.values import ALLOWED
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "reference" / "configuration.md"
TABLES = {"[llmcache]": MAIN, "[profiles.NAME]": PROFILE, "[stores.NAME]": STORES.each}


def rows_of(table: Table) -> Iterator[str]:
    """Give the rows of a table's options, as the page must have them."""
    for path, option in options_of(table):
        allowed = re.sub(r"'([^']*)'", r"`\1`", ALLOWED[option.kind])
        yield f"| `{'.'.join(path)}` | {allowed} | {option.meaning} | {option.without} | `{option.example}` |"


@pytest.mark.parametrize("heading", TABLES)
def test_every_option_is_on_the_page(heading: str) -> None:
    """Row by row, below the heading of its table, and no other."""
    section = PAGE.read_text("utf-8").partition(f"\n## `{heading}`\n")[2].partition("\n## ")[0]
    found = [line for line in section.splitlines() if line.startswith("| `")]

    assert list(rows_of(TABLES[heading])) == found


def test_examples_of_the_table_are_toml() -> None:
    """They stand in the page, in the schema for editors, and in nobody's way."""
    for table in TABLES.values():
        for path, option in options_of(table):
            tomllib.loads(f"{path[-1]} = {option.example}")
