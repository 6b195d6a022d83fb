"""Reports that are kept beside the docs, and the table that the docs make of them.

    python -m llmcache_conformance.storing run docs/conformance/memory.json memory:
    python -m llmcache_conformance.storing table docs/conformance docs/reference/stores.md

`run` takes the options of `llmcache conform` behind the URL. It keeps a report only of a run that was a success, with the command
that made it. `table` writes the table between its two marks in a page; a test of the docs compares the two.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmcache_conformance.reports.stored import facts

BEGIN = "<!-- begin: made from docs/conformance by python -m llmcache_conformance.storing table -->"
END = "<!-- end -->"

_COLUMNS = (
    "key-value",
    "log",
    "scan",
    "vector",
    "persistent",
    "shared",
    "makes room",
    "largest body",
    "longest time to live",
    "most keys in a call",
    "checks",
    "made",
    "of",
)


def table(folder: Path) -> str:
    """Return the reports in `folder` as a table: a column for each, named like its file."""
    paths = sorted(folder.glob("*.json"))
    columns = [facts(_read(path)) for path in paths]
    heads = ["", *(path.stem for path in paths)]
    rows = [[name, *(column[name] for column in columns)] for name in _COLUMNS]
    return "\n".join([_row(heads), _row(["---"] * len(heads)), *(_row(row) for row in rows)])


def with_table(page: str, made: str) -> str:
    """Return `page` with `made` between its marks; ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def keep(path: Path, url: str, options: Sequence[str]) -> int:
    """Run `llmcache conform` on `url` and keep its report at `path` if it was a success; return its exit code."""
    from llmcache.cli.app import run  # noqa: PLC0415 -- the table needs no command line

    fresh = path.with_suffix(".new")
    code = run(["conform", url, *options, "--report", str(fresh)])
    if code == 0:
        report = _read(fresh) | {"command": _shown(path, url, options)}
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    fresh.unlink(missing_ok=True)
    return code


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit code."""
    match arguments:
        case ["run", path, url, *options]:
            return keep(Path(path), url, options)
        case ["table", folder, page]:
            target = Path(page)
            target.write_text(with_table(target.read_text("utf-8"), table(Path(folder))), "utf-8")
            return 0
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


def _shown(path: Path, url: str, options: Sequence[str]) -> str:
    from llmcache.config.url import parse_url  # noqa: PLC0415 -- as above

    return " ".join(["python -m llmcache_conformance.storing run", str(path), parse_url(url).shown, *options])


def _read(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return report


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
