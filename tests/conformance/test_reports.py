"""Renderings of one report: for people, build servers and programs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from llmcache.model.capabilities import Capabilities, Limits
from llmcache_conformance import Choice, Report, Result, Running, Status, make_report, subject_for
from llmcache_conformance.reports.html import as_html
from llmcache_conformance.reports.junit import as_junit
from llmcache_conformance.reports.stored import as_json, facts
from llmcache_conformance.reports.text import as_text

NASTY = "<b>&\"'\x00\x1b[31m\ud800 ]]>"


def result(status: Status, *, asked: bool = False, profile: str = "key-value", why: str = "because") -> Result:
    """One result of a check named like its status."""
    name = f"{status.name.lower()}-async"
    return Result(name, status, profile, "family", ("KV-7", "KV-10"), "It says `so`.", why, 0.25, asked)


def report(*results: Result, capabilities: Capabilities | None = None) -> Report:
    """A report of these results."""
    declared = capabilities or Capabilities(log=True, shared=True, limits=Limits(max_body_bytes=1_000_000))
    versions = {"llmcache-kit": "1.0"}
    return Report("strange", "strange://***@h", declared, "set", date(2026, 11, 22), versions, ("server 7",), results)


ALL = report(*(result(status) for status in Status))


@pytest.mark.parametrize(
    ("results", "verdict", "is_success"),
    [
        ([result(Status.PASS), result(Status.UNSUPPORTED)], "conformant", True),
        ([result(Status.PASS), result(Status.WAIVED)], "partial", True),
        ([result(Status.PASS), result(Status.NOT_RUN, asked=True)], "partial", True),
        ([result(Status.PASS), result(Status.NOT_RUN)], "partial", False),
        ([result(Status.PASS), result(Status.FAIL)], "failed", False),
        ([result(Status.PASS), result(Status.ERROR)], "failed", False),
        ([result(Status.UNSUPPORTED), result(Status.NOT_RUN, asked=True)], "empty", False),
        ([], "empty", False),
    ],
)
def test_verdict_is_that_of_the_worst(results: Sequence[Result], verdict: str, is_success: bool) -> None:
    """A run of nothing is no success, and neither is one with a gap that nobody named."""
    made = report(*results)

    assert (verdict, is_success) == (made.verdict, made.is_success)


def test_clause_is_as_good_as_its_worst_check() -> None:
    """One failed check breaks the clauses that it shows, however many passed."""
    clauses = report(result(Status.PASS), result(Status.FAIL), result(Status.UNSUPPORTED)).clause_verdicts()
    fine = report(result(Status.PASS), result(Status.UNSUPPORTED)).clause_verdicts()

    assert [("KV-7", "fail"), ("KV-10", "fail")] == list(clauses.items())
    assert {"KV-7": "pass", "KV-10": "pass"} == fine


def test_profiles_are_judged_one_by_one() -> None:
    """A failure in logs leaves entries conformant; what is not declared is unsupported."""
    made = report(result(Status.PASS), result(Status.FAIL, profile="log"))

    assert {
        "key-value": "conformant", "log": "failed", "scan": "unsupported", "news": "unsupported", "vector": "empty",
    } == made.profile_verdicts()  # fmt: skip
    assert "key-value + log + shared" == made.claim


def test_text_tells_every_check_that_did_not_pass() -> None:
    """The table counts all, and below it stands each reason."""
    text = as_text(ALL)
    missing = [status for status in Status if status is not Status.PASS and status.name.lower() not in text]

    assert [] == missing
    assert "strange: failed, 4 of 6 checks run" in text
    assert "family     1     1      1            1       1        1" in text
    assert "not a success: 3 checks failed or did not come about" in text
    assert "server 7" in text


@pytest.mark.parametrize(("asked", "told"), [(True, "check-11, and 8 others"), (False, "check-18, check-19")])
def test_text_names_some_of_what_somebody_left_out(asked: bool, told: str) -> None:
    """What was chosen by name is no list of hundreds; what nobody left out is named, each."""
    left = [replace(result(Status.NOT_RUN, asked=asked), check=f"check-{each:02}-async") for each in range(20)]

    assert told in as_text(report(result(Status.PASS), *left))


def test_junit_counts_as_a_build_server_does() -> None:
    """What keeps it from being a success is a failure or error; the rest that did not pass is skipped, with a reason."""
    suite = ET.fromstring(as_junit(ALL).encode("utf-8")).find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    told = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}

    assert {"tests": "6", "failures": "1", "errors": "2", "skipped": "2"} == counts
    assert (["error"], ["skipped"], []) == (told["not_run-async"], told["waived-async"], told["pass-async"])


def test_json_can_be_read_back() -> None:
    """The document holds every result, and the facts that the docs show."""
    document = json.loads(as_json(ALL))
    shown = facts(document)

    assert [status.value for status in Status] == [one["status"] for one in document["results"]]
    assert ("failed", False, "2026-11-22") == (document["verdict"], document["success"], document["made"])
    assert ("no", "yes", "1,000,000 bytes", "no limit") == (
        shown["persistent"],
        shown["shared"],
        shown["largest body"],
        shown["longest time to live"],
    )
    assert "1 pass, 1 fail, 1 error, 1 unsupported, 1 waived, 1 not run" == shown["checks"]


class _Page(HTMLParser):
    """Collects what a page asks for from elsewhere, and its open elements."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [f"{tag} {name}" for name, _ in attrs if name in {"src", "href", "srcset", "action"}]
        self.asked += [tag] if tag in {"script", "link", "img", "iframe"} else []
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_page_needs_nothing_else_and_is_well_formed() -> None:
    """No script, font or picture from anywhere, and every element is closed where it was opened."""
    text = as_html(ALL)
    page = _Page()
    page.feed(text)

    assert ([], []) == (page.asked, page.open)
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text


def test_foreign_text_is_made_harmless_everywhere() -> None:
    """What a store says in an error cannot become markup, nor break a document."""
    made = report(result(Status.FAIL, why=NASTY))
    page = as_html(made)
    junit = ET.fromstring(as_junit(made).encode("utf-8"))
    (failure,) = junit.iter("failure")

    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page
    assert "\\x00\\x1b[31m\\ud800" in page
    assert r"fail: <b>&" in str(failure.get("message"))
    as_json(made).encode("utf-8")


def test_failed_family_is_open_and_stands_first() -> None:
    """Who opens the page sees what went wrong without a click."""
    page = as_html(ALL)
    fine = as_html(report(result(Status.PASS)))

    assert "What keeps it from being a success" in page
    assert "<details open>" in page
    assert "<details open>" not in fine


def test_report_of_a_url_says_what_took_part() -> None:
    """Version of the store's package and of Python, who counted time, and the URL as it may be shown."""
    subject = subject_for("memory:")
    made = make_report(subject, Running(subject, Choice(only=("empty_body",))), notes=["on a laptop"])

    assert ("memory", "memory:", "set by the suite", ("on a laptop",)) == (made.store, made.url, made.clock, made.notes)
    assert {"llmcache-kit", "python"} <= set(made.versions)
    assert ("partial", True) == (made.verdict, made.is_success)
