"""The table of stores in the docs, and the reports it is made from."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from llmcache_conformance.plan import all_checks
from llmcache_conformance.storing import BEGIN, END, main, table, with_table
from tests.architecture.sources import ROOT

REPORTS = ROOT / "docs" / "conformance"
PAGE = ROOT / "docs" / "reference" / "stores.md"


def stored() -> dict[str, dict[str, Any]]:
    """The stored reports, by the names of their files."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in REPORTS.glob("*.json")}


def test_table_is_made_from_the_reports() -> None:
    """Who changes a report makes the table anew: `python -m llmcache_conformance.storing table docs/conformance PAGE`."""
    page = PAGE.read_text("utf-8")

    assert with_table(page, table(REPORTS)) == page


def test_every_stored_report_is_a_success() -> None:
    """A report of a failed run is not kept, nothing is left out of those that are, and the embedded stores are among them."""
    reports = stored()

    assert {"memory", "sqlite"} <= set(reports)
    assert {(True, "conformant")} == {(report["success"], report["verdict"]) for report in reports.values()}
    assert all(name.split("-")[0] in report["command"] for name, report in reports.items())


def test_reports_name_no_folder_of_the_machine_that_made_them() -> None:
    """It is another one with each run, and says nothing."""
    assert [] == [name for name, report in stored().items() if re.search(r":/\w", report["command"] + report["url"])]


def test_report_of_the_reference_is_of_the_present_suite() -> None:
    """A check that was added, renamed or taken out is in the stored report: make it anew by the command it holds."""
    planned = {check.name for check in all_checks() if check.family != "probes"}
    reported = {one["check"] for one in stored()["memory"]["results"] if one["family"] != "probes"}

    assert planned == reported


def test_report_is_kept_of_a_success_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the report with the command in it; a run that fails leaves the old one."""
    path = tmp_path / "memory.json"
    good = main(["run", str(path), "memory:", "-k", "empty_body_is"])
    kept = path.read_text("utf-8")
    bad = main(["run", str(path), f"sqlite:{tmp_path}", "-k", "deleting_makes_room"])
    capsys.readouterr()

    assert (0, 1) == (good, bad)
    assert kept == path.read_text("utf-8")
    assert json.loads(kept)["command"].endswith("memory.json memory: -k empty_body_is")
    assert [path] == [one for one in tmp_path.iterdir() if one.suffix in {".json", ".new"}]


def test_table_is_written_between_its_marks(tmp_path: Path) -> None:
    """The rest of the page stays as it is; a page without marks is refused."""
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    shutil.copy(REPORTS / "memory.json", tmp_path)
    code = main(["table", str(tmp_path), str(page)])
    lines = page.read_text().splitlines()

    assert (0, "above", "below") == (code, lines[0], lines[-1])
    assert "|  | memory |" in lines
    with pytest.raises(ValueError, match="the page has no"):
        with_table("nothing", "table")


def test_wrong_command_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else prints how it is used."""
    assert 2 == main(["slip"])
    assert "python -m llmcache_conformance.storing run" in capsys.readouterr().err
