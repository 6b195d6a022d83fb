"""Where answers go: tables and lines for people, one JSON document for programs; errors go to the other stream."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from llmcache.cli.exits import ExitCode, code_of
from llmcache.cli.wording import one_line, visible
from llmcache.codec.markers import escaped
from llmcache.codec.place import root
from llmcache.errors import ConfigError, LLMCacheError
from llmcache.model.units import Plain

# Nobody reads a pipe at 80 columns: a cell cut there is lost for grep. A set COLUMNS is obeyed everywhere.
_PIPE_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        heading: Its title.
        right: Numbers stand to the right.
        keep: Never cut or wrapped, however narrow the screen.
    """

    heading: str
    right: bool = False
    keep: bool = False


def console() -> Console:
    """Return a console on standard output that takes text as it is: no markup, no emoji codes, no guessed colours."""
    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(markup=False, emoji=False, highlight=False, width=_PIPE_COLUMNS if piped else None)


def say(text: str = "", style: str | None = None) -> None:
    """Print text as it is, line breaks included; the terminal wraps it, so that it can be copied."""
    console().print(Text(visible(text), style=style or ""), soft_wrap=True)


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table without frames, so that it can be cut and searched; cells are foreign text and made harmless."""
    if title is not None:
        say(title, style="bold")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="underline")
    for column in columns:
        table.add_column(
            column.heading, justify="right" if column.right else "left", no_wrap=column.keep, overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console().print(table)


def show_json(value: Plain) -> None:
    """Print one JSON document; what JSON has no word for is written with the markers of `codec.markers`."""
    sys.stdout.write(json.dumps(escaped(value, root("answer")), indent=2) + "\n")


def readable_json(value: Plain) -> str:
    """Return a value as indented JSON with its letters readable."""
    return json.dumps(escaped(value, root("value")), indent=2, ensure_ascii=False)


def complain_of(error: LLMCacheError, as_json: bool) -> ExitCode:
    """Print an error of ours on the error stream, each mistake in a configuration file on a line; return the exit code."""
    code = code_of(error)
    mistakes = error.mistakes if isinstance(error, ConfigError) else ()
    if as_json:
        listed = {"mistakes": [asdict(mistake) | {"text": mistake.text} for mistake in mistakes]} if mistakes else {}
        sys.stderr.write(json.dumps({"error": str(error), "exit_code": code, **listed}) + "\n")
    else:
        for message in [mistake.text for mistake in mistakes] or [str(error)]:
            complain(message, code, as_json=False)
    return code


def complain(message: str, code: int, as_json: bool) -> None:
    """Print one line `error: ...`, or a JSON object, on the error stream."""
    line = json.dumps({"error": message, "exit_code": code}) if as_json else f"error: {one_line(message)}"
    sys.stderr.write(line + "\n")
