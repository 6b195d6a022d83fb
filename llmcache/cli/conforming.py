"""`llmcache conform`: asks a store every question of the contract.

The suite is a package of its own and is imported when it is asked for: nobody else pays for it.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmcache.cli.exits import ExitCode
from llmcache.cli.options import with_json
from llmcache.cli.screen import Column, say, show_json, show_table
from llmcache.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from llmcache_conformance.report import Report
    from llmcache_conformance.result import Result
    from llmcache_conformance.runner import Running

_NEEDED = ("llmcache_conformance", "hypothesis", "pytest")
_LEFT_OUT = ("small", "wire", "process")


@dataclass(frozen=True, slots=True)
class _Files:
    """Where the report is kept beside the screen."""

    json: Path | None
    junit: Path | None
    html: Path | None


@click.command()
@click.argument("url")
@click.option(
    "-k", "only", metavar="TEXT", multiple=True, help="Run only checks with TEXT in the name; may be repeated."
)
@click.option("--small", metavar="URL", default="", help="A store that a few hundred KiB fill; it loses what it holds.")
@click.option(
    "--server", metavar="HOST:PORT", default="", help="Where the proxy finds the one server, if not as in the URL."
)
@click.option(
    "--deadline", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds no call may exceed."
)
@click.option(
    "--limit", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Seconds one check may take."
)
@click.option(
    "--without", type=click.Choice(_LEFT_OUT), multiple=True, help="Leave out what needs this; may be repeated."
)
@click.option("--waive", metavar="FILE", help="Failures that are accepted, as TOML.")
@click.option("--note", "notes", multiple=True, help="For the report, such as a server's version; may be repeated.")
@click.option("--report", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Keep the report as JSON.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Keep the report as JUnit XML.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Keep the report as one HTML page.")
@with_json
def conform(
    *,
    url: str,
    only: Sequence[str],
    small: str,
    server: str,
    deadline: float,
    limit: float,
    without: Sequence[str],
    waive: str | None,
    notes: Sequence[str],
    json_file: Path | None,
    junit: Path | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Check whether the store at URL keeps the contract of llmcache.

    Everything is written into namespaces of its own, which are cleared afterwards. Exits with 0 where nothing failed and
    nothing was left out but by name, and with 1 otherwise.
    """
    _require_suite()
    _require_folders(json_file, junit, html)
    from llmcache_conformance import (  # noqa: PLC0415 -- a distribution of its own
        addressed,
        case,
        report,
        runner,
        waivers,
    )

    choice = runner.Choice(
        only=tuple(only),
        without=frozenset(case.Need[name.upper()] for name in without),
        waivers=tuple(waivers.read_waivers(waive)) if waive else (),
        limit=limit,
    )
    subject = addressed.subject_for(url, small=small, server=server, deadline=deadline)
    running = runner.Running(subject, choice)
    results = [_shown(result, quiet=as_json) for result in running]
    made = report.make_report(subject, results, notes=notes)
    try:
        # Before anything is printed: whoever reads the first lines only, by `head`, has the files all the same.
        _keep(made, _Files(json_file, junit, html))
    finally:
        _show(made, as_json)
    return _ended(running, ExitCode.OK if made.is_success else ExitCode.NO)


def _require_suite() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        how = "pip install llmcache-kit-conformance (in a checkout: pip install ./conformance)"
        raise PluginError(f"llmcache conform needs {', '.join(missing)}; the suite brings what it needs: {how}")


def _require_folders(*files: Path | None) -> None:
    """Raise ConfigError before anything runs where a report could not be kept afterwards, which may be minutes later."""
    for path in files:
        if path is not None and not path.absolute().parent.is_dir():
            raise ConfigError(f"the report cannot be written to {path}: there is no folder {path.parent}")


def _shown(result: "Result", *, quiet: bool) -> "Result":
    """Tell a failure as soon as it is known: on a slow store the whole takes minutes."""
    from llmcache_conformance.reports.text import told  # noqa: PLC0415 -- a distribution of its own

    if result.is_bad and not quiet:
        say(told(result))
    return result


def _show(report: "Report", as_json: bool) -> None:
    from llmcache_conformance.reports import text  # noqa: PLC0415 -- a distribution of its own

    if as_json:
        show_json(report.to_json())
        return
    heads = text.family_heads()
    columns = [Column(heads[0], keep=True), *(Column(head, right=True, keep=True) for head in heads[1:])]
    say("\n".join(text.head(report)))
    show_table(columns, text.family_rows(report))
    for line in text.rest(report):
        say(line)


def _keep(report: "Report", kept: _Files) -> None:
    from llmcache_conformance.reports import html, junit, stored  # noqa: PLC0415 -- a distribution of its own

    for path, render in ((kept.json, stored.as_json), (kept.junit, junit.as_junit), (kept.html, html.as_html)):
        if path is None:
            continue
        try:
            path.write_text(render(report), "utf-8")
        except OSError as error:
            raise ConfigError(f"the report cannot be written to {path}: {error.strerror}") from error


def _ended(running: "Running", code: ExitCode) -> int:
    """Return the exit code; where a check hangs, end here and now, because its threads would keep the process alive."""
    if running.hung:
        sys.stdout.flush()
        os._exit(code)
    return code
