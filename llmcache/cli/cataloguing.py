"""`llmcache stores`: the stores that are installed. Listing them imports none."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from llmcache.cli.exits import ExitCode
from llmcache.cli.options import with_json
from llmcache.cli.screen import Column, show_json, show_table
from llmcache.model.units import Plain
from llmcache.plugins.catalogue import State, state_of
from llmcache.plugins.loading import Installed, installed
from llmcache.plugins.spec import StoreSpec

_WORDS = {"log": "conversations", "scan": "listing", "news": "news of changes"}
"""Abilities whose names only programmers know, as people would say them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One store, or a plugin whose stores nobody knows because it is broken.

    Attributes:
        plugin: What brings it.
        spec: What it says about itself; None where it is not known.
        state: Whether it can be opened.
    """

    plugin: Installed
    spec: StoreSpec | None
    state: State


@click.command()
@with_json
def stores(as_json: bool) -> int:
    """List the installed stores: what brings them, what they can do, and what each still needs."""
    plugins = installed()
    rows = [row for plugin in plugins for row in _rows(plugin, plugins)]
    if as_json:
        show_json({"stores": [_data(row) for row in rows]})
    else:
        columns = [
            Column("URL", keep=True), Column("What it is"), Column("Can"), Column("From", keep=True), Column("State"),
        ]  # fmt: skip
        show_table(columns, [_cells(row) for row in rows])
    return ExitCode.OK


def _rows(plugin: Installed, plugins: Sequence[Installed]) -> list[Row]:
    if not plugin.specs:
        return [Row(plugin, None, State("broken", plugin.broken))]
    return [Row(plugin, spec, state_of(spec, plugin, plugins)) for spec in plugin.specs]


def _cells(row: Row) -> tuple[str, ...]:
    spec, state = row.spec, row.state
    said = f"broken: {state.reason}" if state.word == "broken" else state.reason
    told = ": ".join(filter(None, [said, state.install])) or state.word
    if spec is None:
        return (row.plugin.name, "", "", row.plugin.distribution, told)
    can = ", ".join(_WORDS.get(ability, ability) for ability in spec.abilities)
    return (f"{spec.scheme}:", spec.summary, can, row.plugin.distribution, told)


def _data(row: Row) -> dict[str, Plain]:
    spec = row.spec
    package, _, version = row.plugin.distribution.rpartition(" ")
    return {
        "url": f"{spec.scheme}:" if spec else row.plugin.name,
        "scheme": spec.scheme if spec else None,
        "plugin": row.plugin.name,
        "distribution": package,
        "version": version,
        "state": row.state.word,
        "reason": row.state.reason,
        "install": row.state.install,
        "summary": spec.summary if spec else "",
        "abilities": list(spec.abilities) if spec else [],
        "options": dict(spec.options) if spec else {},
    }
