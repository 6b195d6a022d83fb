"""`llmcache conform`: its answers, its files and its exit codes."""

import importlib.util
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from llmcache.cli import conforming
from llmcache.cli.exits import ExitCode
from tests.cli.conftest import Command

QUICK = ("-k", "empty_body_is_no_miss")
WAIVER = """
[[waive]]
check = "empty_body_is_no_miss"
reason = "nobody knows"
until = 2099-01-01
"""


def document(answer: object) -> dict[str, Any]:
    """The JSON object that a command printed."""
    return cast(dict[str, Any], answer)


def test_conforming_store_is_a_success(command: Command) -> None:
    """What was chosen passes on the reference; the verdict is the first line and the exit code is 0."""
    said = command("conform", "memory:", "-k", "private_stores_are_apart")

    assert (ExitCode.OK, "") == (said.code, said.err)
    assert said.out.startswith("memory: partial, ")
    assert "private_stores_are_apart" in said.out


def test_json_holds_every_check(command: Command) -> None:
    """One document on standard output, with nothing beside it."""
    said = command("conform", "memory:", *QUICK, "--json", "--note", "on a laptop")
    answer = document(said.data)
    ran = [one["check"] for one in answer["results"] if one["status"] == "pass"]

    assert (ExitCode.OK, "partial", ["on a laptop"]) == (said.code, answer["verdict"], answer["notes"])
    assert [
        f"empty_body_is_no_miss-{colour}" for colour in ("blocking", "async", "blocking_writes", "async_writes")
    ] == ran
    assert len(answer["results"]) > 300


def test_reports_are_kept_in_files(command: Command, tmp_path: Path) -> None:
    """Three renderings of the same run beside the screen."""
    names = ("report", "junit", "html")
    said = command(
        "conform", "memory:", *QUICK, *(part for name in names for part in (f"--{name}", f"{tmp_path}/{name}"))
    )
    begins = [(tmp_path / name).read_text()[:15] for name in names]

    assert ExitCode.OK == said.code
    assert ['{\n "schema": 1,', "<?xml version='", "<!doctype html>"] == begins


def test_file_that_cannot_be_written_is_said(command: Command, tmp_path: Path) -> None:
    """The result is shown all the same, and the exit code says that a file is missing."""
    said = command("conform", "memory:", *QUICK, "--html", str(tmp_path))

    assert ExitCode.USAGE == said.code
    assert "cannot be written" in said.err
    assert "memory: partial" in said.out


def test_file_in_no_folder_is_said_before_anything_runs(command: Command, tmp_path: Path) -> None:
    """A slip in a path does not cost the minutes of a run."""
    said = command("conform", "memory:", *QUICK, "--report", str(tmp_path / "no" / "report.json"))

    assert (ExitCode.USAGE, "") == (said.code, said.out)
    assert f"there is no folder {tmp_path / 'no'}" in said.err


def test_choice_of_nothing_is_no_success(command: Command) -> None:
    """A slip in -k runs nothing, and says so."""
    said = command("conform", "memory:", "-k", "no such check")

    assert ExitCode.USAGE == said.code
    assert "nothing would be run" in said.err


def test_gap_that_nobody_named_is_no_success(command: Command, tmp_path: Path) -> None:
    """A store on disk cannot be filled where nobody gave a small one: 1 until that is left out by name."""
    url = f"sqlite:{tmp_path}"
    gap = command("conform", url, "-k", "deleting_makes_room", "-k", "empty_body")
    named = command("conform", url, "-k", "deleting_makes_room", "-k", "empty_body", "--without", "small")

    assert (ExitCode.NO, ExitCode.OK) == (gap.code, named.code)
    assert "no small store was given to fill" in gap.out
    assert "left out by name: small" in named.out


def test_waiver_that_nothing_needs_is_no_success(command: Command, tmp_path: Path) -> None:
    """Waivers are read from a file, and one whose check passes is told."""
    path = tmp_path / "waivers.toml"
    path.write_text(WAIVER)
    said = command("conform", "memory:", *QUICK, "--waive", str(path))

    assert ExitCode.NO == said.code
    assert "the waiver (nobody knows) has to go" in said.out


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("slip:",), "no store is installed"),
        (("memory:", "--waive", "absent.toml"), "cannot be read"),
        (("memory:", "--server", "localhost:1"), "names no HOST:PORT"),
        (("memory:", "--small", "slip:"), "no store is installed"),
        ((), "Missing argument"),
    ],
)
def test_wrong_call_is_told_and_runs_nothing(command: Command, arguments: Sequence[str], found: str) -> None:
    """A mistake in what to check is a usage error, whatever the store does."""
    said = command("conform", *arguments, *QUICK)

    assert (ExitCode.USAGE, "") == (said.code, said.out)
    assert found in said.err


@pytest.mark.parametrize("missing", [("hypothesis",), ("llmcache_conformance", "hypothesis", "pytest")])
def test_missing_suite_says_what_to_install(
    command: Command, monkeypatch: pytest.MonkeyPatch, missing: Sequence[str]
) -> None:
    """Without the suite, or without what it needs, there is one line that says how to get it."""
    found = cast(Callable[[str], object], importlib.util.find_spec)

    def lacking(name: str) -> object:
        return None if name in missing else found(name)

    monkeypatch.setattr(importlib.util, "find_spec", lacking)
    said = command("conform", "memory:")

    assert ExitCode.USAGE == said.code
    assert f"llmcache conform needs {', '.join(missing)}; " in said.err
    assert "pip install llmcache-kit-conformance (in a checkout: pip install ./conformance)" in said.err


def test_run_that_left_a_hanging_check_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that nobody can end must not keep the command alive."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    class _Hung:
        hung = 1

    conforming._ended(cast(Any, _Hung()), ExitCode.NO)

    assert [1] == ended


def test_json_error_is_json(command: Command) -> None:
    """Programs read errors, too."""
    said = command("conform", "slip:", "--json")

    assert 2 == json.loads(said.err)["exit_code"]
