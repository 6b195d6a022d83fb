"""A report as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from llmcache_conformance.clauses import CLAUSES
from llmcache_conformance.report import Report
from llmcache_conformance.result import Result, Status

_BAD_FIRST = (Status.FAIL, Status.ERROR, Status.NOT_RUN, Status.WAIVED, Status.UNSUPPORTED, Status.PASS)


def as_html(report: Report) -> str:
    """Return the report as a page; families with a failure are open, the others folded."""
    title = escape(f"{report.store}: {report.verdict}")
    parts = [*_head(report), *_bad(report), *_declared(report), *_clauses(report), *_families(report)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · llmcache conformance</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _style() -> str:
    return files("llmcache_conformance.reports").joinpath("page.css").read_text("utf-8")


def _head(report: Report) -> Iterable[str]:
    yield f'<p class="soft">llmcache conformance · {report.made.isoformat()}</p>'
    yield f"<h1>{_text(report.store)} {_badge(report.verdict)}</h1>"
    yield f"<p>{_text(report.claim)}</p>"
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    facts = [report.url, versions, f"time of day {report.clock}", *report.notes]
    yield f'<p class="soft">{" · ".join(_text(fact) for fact in facts if fact)}</p>'
    tiles = (_tile(status, report.counts[status]) for status in Status)
    yield f'<ul class="counts">{"".join(tiles)}</ul>'


def _bad(report: Report) -> Iterable[str]:
    bad = [result for result in report.results if result.is_bad]
    if bad:
        yield "<h2>What keeps it from being a success</h2>"
        yield _table(("Check", "Status", "Clauses", "Why"), (_result_cells(result) for result in bad))


def _declared(report: Report) -> Iterable[str]:
    declared = report.capabilities
    limits = declared.limits
    rows = [
        ("profiles", ", ".join(f"{name} {verdict}" for name, verdict in report.profile_verdicts().items())),
        ("declares", report.claim),
        ("vectors", f"by {report.index}" if report.index else "none"),
        ("largest body", "no limit" if limits.max_body_bytes is None else f"{limits.max_body_bytes:,} bytes"),
        ("longest time to live", "no limit" if limits.max_ttl is None else f"{limits.max_ttl:,.0f} s"),
        ("most keys in a call", "no limit" if limits.max_batch is None else f"{limits.max_batch:,}"),
        ("resolution of times", f"{limits.ttl_resolution:g} s"),
    ]
    yield "<h2>What it declares</h2>"
    yield _table(("", ""), ((_text(name), _text(value)) for name, value in rows))


def _clauses(report: Report) -> Iterable[str]:
    verdicts = report.clause_verdicts()
    yield "<h2>Clause by clause</h2>"
    rows = (
        (f"<code>{number}</code>", _marked(CLAUSES.get(number, "")), _status(verdict))
        for number, verdict in verdicts.items()
    )
    yield _table(("Clause", "What it says", "Status"), rows)


def _families(report: Report) -> Iterable[str]:
    yield "<h2>Check by check</h2>"
    for family in dict.fromkeys(result.family for result in report.results):
        yield _family(family, [result for result in report.results if result.family == family])


def _family(family: str, results: Sequence[Result]) -> str:
    ordered = sorted(results, key=lambda result: (_BAD_FIRST.index(result.status), result.check))
    counts = ((status, sum(result.status is status for result in results)) for status in _BAD_FIRST)
    told = " ".join(
        f'<span class="{_class(status)}">{count} {status.value}</span>' for status, count in counts if count
    )
    is_open = " open" if any(result.is_bad for result in results) else ""
    table = _table(("Check", "Status", "Clauses", "Why", "ms"), (_timed_cells(result) for result in ordered))
    return f"<details{is_open}><summary><b>{_text(family)}</b>{told}</summary>{table}</details>"


def _result_cells(result: Result) -> tuple[str, ...]:
    name = f'<code>{_text(result.check)}</code><br><span class="soft">{_marked(result.says)}</span>'
    why = f'<span class="why">{_text(result.why)}</span>'
    return (name, _status(result.status.value), _text(", ".join(result.clauses)), why)


def _timed_cells(result: Result) -> tuple[str, ...]:
    return (*_result_cells(result), f"{result.seconds * 1_000:,.0f}" if result.has_run else "")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = f"<tr>{''.join(f'<th>{_text(cell)}</th>' for cell in heads)}</tr>" if any(heads) else ""
    lines = (f"<tr>{''.join(_cell(cell, name) for cell, name in zip(row, heads, strict=True))}</tr>" for row in rows)
    return f'<div class="wide"><table>{head}{"".join(lines)}</table></div>'


def _cell(cell: str, head: str) -> str:
    return f'<td class="number">{cell}</td>' if head == "ms" else f"<td>{cell}</td>"


def _tile(status: Status, count: int) -> str:
    return f'<li class="{_class(status) if count else "none"}"><b>{count}</b>{status.value}</li>'


def _marked(text: str) -> str:
    """Return text with what stands between backticks set as code."""
    parts = _text(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _badge(verdict: str) -> str:
    return f'<span class="verdict {verdict}">{verdict}</span>'


def _status(status: str) -> str:
    return f'<span class="{status.replace(" ", "-")}">{status}</span>'


def _class(status: Status) -> str:
    return status.value.replace(" ", "-")


def _text(text: str) -> str:
    """Return foreign text for a page: escaped, and with what cannot be shown written out."""
    shown = "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
    return escape(shown)
