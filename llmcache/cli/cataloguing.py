"""`llmcache stores`: the stores that are installed. Listing them imports none."""

import importlib.util

import click

from llmcache.cli.exits import ExitCode
from llmcache.cli.options import with_json
from llmcache.cli.screen import Column, show_json, show_table
from llmcache.plugins.catalogue import Installed, installed
from llmcache.plugins.spec import StoreSpec


@click.command()
@with_json
def stores(as_json: bool) -> int:
    """List the installed stores, and what each still needs."""
    rows = [row for plugin in installed() for row in _rows(plugin)]
    if as_json:
        show_json({"stores": rows})
    else:
        columns = [Column("URL", keep=True), Column("What it is"), Column("From", keep=True), Column("State")]
        show_table(columns, [(row["url"], row["summary"], row["distribution"], row["state"]) for row in rows])
    return ExitCode.OK


def _rows(plugin: Installed) -> list[dict[str, str]]:
    if plugin.broken:
        return [_row(plugin.name, "", plugin.distribution, f"broken: {plugin.broken}")]
    return [_row(f"{spec.scheme}:", spec.summary, plugin.distribution, _state(spec)) for spec in plugin.specs]


def _row(url: str, summary: str, distribution: str, state: str) -> dict[str, str]:
    return {"url": url, "summary": summary, "distribution": distribution, "state": state}


def _state(spec: StoreSpec) -> str:
    missing = [name for name in spec.requires if importlib.util.find_spec(name) is None]
    if not missing:
        return "ready"
    how = f"'llmcache-kit[{spec.extra}]'" if spec.extra else " ".join(missing)
    return f"needs {', '.join(missing)}: pip install {how}"
