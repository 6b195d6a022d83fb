"""A report as plain text: what people read in a terminal or in the log of a build."""

from collections.abc import Iterator, Sequence

from llmcache_conformance.report import Report
from llmcache_conformance.result import Result, Status

_MARKS = {
    Status.PASS: "pass",
    Status.FAIL: "FAIL",
    Status.ERROR: "ERROR",
    Status.UNSUPPORTED: "unsupported",
    Status.WAIVED: "waived",
    Status.NOT_RUN: "not run",
}


_MOST_NAMES = 12


def as_text(report: Report) -> str:
    """Return the report: a line for the verdict, a table by family, and every check that did not simply pass."""
    return "\n".join([*head(report), "", *family_table(report), *rest(report), ""])


def headline(report: Report) -> str:
    """Return the verdict in one line."""
    ran = sum(result.has_run for result in report.results)
    return f"{report.store}: {report.verdict}, {ran} of {len(report.results)} checks run; {report.claim}"


def family_rows(report: Report) -> list[tuple[str, ...]]:
    """Return a row for each family of checks, and one for all: how many ended in which way."""
    families = list(dict.fromkeys(result.family for result in report.results))
    rows = [_row(family, [result for result in report.results if result.family == family]) for family in families]
    return [*rows, _row("all", report.results)]


def family_heads() -> tuple[str, ...]:
    """Return the headings of `family_rows`."""
    return ("checks", *(status.value for status in Status))


def family_table(report: Report) -> list[str]:
    """Return the table of families as lines."""
    rows = [family_heads(), *family_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [_line(row, widths) for row in rows]


def told(result: Result) -> str:
    """Return one result in a line: status, name, clauses, and why."""
    clauses = f" ({', '.join(result.clauses)})" if result.clauses else ""
    return f"{_MARKS[result.status]:<11} {result.check}{clauses}" + (f": {result.why}" if result.why else "")


def head(report: Report) -> Iterator[str]:
    """Give the lines that stand above the table."""
    yield headline(report)
    yield ", ".join(f"{name} {number}" for name, number in report.versions.items())
    yield f"time of day: {report.clock}"
    if report.index:
        yield f"vectors: by {report.index}"
    yield from report.notes
    if not report.is_success:
        bad = sum(result.is_bad for result in report.results)
        yield f"not a success: {bad} checks failed or did not come about" if bad else "not a success: nothing was run"


def rest(report: Report) -> Iterator[str]:
    """Give what stands below the table: every check that did not simply pass, with its reason."""
    shown = [result for result in report.results if result.status is not Status.PASS]
    # One reason is said once, however many checks have it, but for failures: each of those is looked at.
    alike: dict[tuple[Status, str], list[Result]] = {}
    for result in shown:
        alike.setdefault((result.status, result.why), []).append(result)
    for status in (Status.FAIL, Status.ERROR):
        yield from (f"\n{told(result)}\n            {result.says}" for result in shown if result.status is status)
    for (status, why), results in alike.items():
        if status not in {Status.FAIL, Status.ERROR}:
            yield f"\n{_MARKS[status]}, {len(results)} checks: {why}"
            names = sorted({result.check.rpartition("-")[0] or result.check for result in results})
            # What somebody left out by name is not listed by the hundred.
            most = _MOST_NAMES if all(result.asked for result in results) else len(names)
            more = [f"and {len(names) - most} others"] if len(names) > most else []
            yield "    " + ", ".join([*names[:most], *more])


def _row(name: str, results: Sequence[Result]) -> tuple[str, ...]:
    counts = [sum(result.status is status for result in results) for status in Status]
    return (name, *(str(count) if count else "·" for count in counts))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = row
    cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
