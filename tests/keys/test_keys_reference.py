"""The reference page lists what the code drops, name by name."""

import re
from pathlib import Path

import pytest

from llmcache.keys.drops import (
    BLOCK_METADATA,
    CALL_SETTINGS,
    MESSAGE_DEFAULTS,
    MESSAGE_FIELDS,
    MODEL_SETTINGS,
    NUMBERS,
    REMEMBERED,
    REQUEST_PARAMETERS,
)
from llmcache.keys.tool_calls import _BLOCK_IDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "keys.md").read_text("utf-8")


def section(title: str) -> str:
    """Return the part of the page under a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def named(text: str) -> set[str]:
    """Return the first word of everything that stands in backticks."""
    return set(re.findall(r"`([A-Za-z_]+)[^`]*`", text))


def first_column(text: str) -> set[str]:
    """Return what the first column of a section's tables names."""
    return {name for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for name in named(row)}


def test_parameters_of_plain_requests_are_listed() -> None:
    """All of them, and nothing else but the default of streaming."""
    assert {*REQUEST_PARAMETERS, "stream"} == first_column(section("Plain requests"))


def test_settings_of_models_are_listed() -> None:
    """All of them, and the one member beside the fields."""
    assert {*MODEL_SETTINGS, *CALL_SETTINGS, "graph"} == first_column(section("LangChain: the model"))


def test_numbers_are_listed() -> None:
    """All of them."""
    assert named(section("Numbers with one form")) == NUMBERS


def test_fields_of_messages_are_listed() -> None:
    """All of them, the defaults, and what is kept of the metadata."""
    listed = {field for fields in MESSAGE_FIELDS.values() for field in fields}
    defaults = {field for _, field in MESSAGE_DEFAULTS}
    kept = {*REMEMBERED.values(), *BLOCK_METADATA}

    assert {*listed, *defaults, *kept, "additional_kwargs"} == first_column(section("LangChain: the messages"))
    assert named(section("LangChain: the messages")) >= set(REMEMBERED)


def test_blocks_with_ids_of_calls_are_listed() -> None:
    """All types of blocks and items."""
    assert named(section("Ids of tool calls")) >= set(_BLOCK_IDS)


def test_example_on_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(example, "keys.md", "exec"), {})
    shown = capsys.readouterr().out

    assert "how the call travels, not what is asked" in shown
    assert "Difference(path='model', left='\"m\"', right='\"n\"')" in shown
