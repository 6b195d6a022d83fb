"""How the command ends: exit codes, one line for an error, and never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import llmcache
from llmcache.cli import app, listing
from llmcache.cli.exits import ExitCode, code_of
from tests.architecture.sources import ROOT
from tests.cli.conftest import Command


def all_errors(parent: type[llmcache.LLMCacheError]) -> Iterator[type[llmcache.LLMCacheError]]:
    """Give an error class and everything below it."""
    yield parent
    for child in parent.__subclasses__():
        yield from all_errors(child)


def test_every_error_has_a_code() -> None:
    """An error of the store is 3, of the data 4, and anything the user can mend in the call or set-up is 2."""
    by_class = {error.__name__: int(code_of(error("x"))) for error in all_errors(llmcache.LLMCacheError)}
    store = {"StoreError", "StoreUnavailable", "StoreTimeout", "StoreRefused", "StoreLimit", "ConflictError"}
    data = {"DataError", "DecodeError", "VersionError", "SealError"}

    assert {name: 3 if name in store else 4 if name in data else 2 for name in by_class} == by_class


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["ls", "--store", "redsi://x"], "no store is installed for the scheme 'redsi'"),
        (["ls", "--store", "sqlite:x?max_byte=1"], "did you mean 'max_bytes'"),
        (["ls", "--store", "nonsense"], "is not a store URL"),
        (["ls", "--namespace", "a//b"], "a namespace part is empty"),
        (["ls", "--kind", "answers"], "'answers' is not one of"),
        (["ls", "--limit", "0"], "--limit"),
        (["ls", "--after", "abc"], "not the prefix of a space"),
        (["ls", "sqlite:x"], "extra argument (sqlite:x); a store stands behind --store; see llmcache ls --help"),
        (["stat"], "No such command 'stat'. Did you mean 'stats'? See llmcache --help"),
        (["get"], "Missing argument 'KEY'; see llmcache get --help"),
        (["lsx"], "No such command 'lsx'"),
        (["ls", "--jsno"], "No such option"),
        (["key", "no-such-file.json"], "cannot read no-such-file.json"),
    ],
)
def test_wrong_calls(command: Command, arguments: list[str], complaint: str) -> None:
    """A wrong call is exit code 2 and one line that names what was found; with --json the same as an object."""
    said, as_json = command(*arguments), command(*arguments, "--json")

    assert (2, "", 1) == (said.code, said.out, len(said.err.splitlines()))
    assert said.err.startswith("error: ")
    assert complaint in said.err
    assert (2, 2) == (as_json.code, json.loads(as_json.err)["exit_code"])


def test_failing_store(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot do it is exit code 3 and one line."""

    def fail(*_: object) -> None:
        raise llmcache.StoreUnavailable("redis did not answer")

    monkeypatch.setattr(listing, "_show_spaces", fail)
    said = command("ls", "--store", "memory:")

    assert (3, "", "error: redis did not answer\n") == (said.code, said.out, said.err)


def test_mistake_of_ours(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that should not exist is exit code 70 and one line; the traceback comes only where it is asked for."""
    monkeypatch.setattr(listing, "_show_spaces", lambda *_: 1 / 0)
    said = command("ls", "--store", "memory:")
    monkeypatch.setenv(app.TRACEBACK_VARIABLE, "1")
    traced = command("ls", "--store", "memory:")

    assert (70, 1) == (said.code, len(said.err.splitlines()))
    assert "ZeroDivisionError: division by zero; set LLMCACHE_TRACEBACK=1" in said.err
    assert "Traceback" in traced.err


def test_interrupted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 and without a traceback."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(listing, "_show_spaces", interrupt)
    said = command("ls", "--store", "memory:")

    assert (130, "error: stopped\n") == (said.code, said.err)


def test_help_and_version(command: Command) -> None:
    """The bare command and --help list the commands; --version says which release it is."""
    bare, helped, version = command(), command("--help"), command("--version")

    assert (0, 0, 0) == (bare.code, helped.code, version.code)
    for name in ("demo", "stores", "key", "explain", "ls", "get", "clear", "stats"):
        assert re.search(rf"^  {name} ", helped.out, re.MULTILINE)
    assert bare.out.split() == helped.out.split()
    assert re.fullmatch(r"llmcache, version \d+\.\d+\.\d+\n", version.out)


def test_documented_codes() -> None:
    """The page of the command lists every exit code, and no other."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    listed = re.findall(r"^\| (\d+) \|", page, re.MULTILINE)

    assert [str(int(code)) for code in ExitCode] == listed


def test_documented_commands() -> None:
    """The page of the command lists every command."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")

    assert set(app.llmcache.commands) == set(re.findall(r"^\| `llmcache (\w+)", page, re.MULTILINE))


def shell(script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in which $LLMCACHE is our command, as a real process."""
    environment = {**os.environ, "LLMCACHE": f"{sys.executable} -m llmcache", **variables}
    return subprocess.run(
        ["sh", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
def test_as_a_process(store: str) -> None:
    """As a real process: the answer on standard output, nothing on standard error, no colour and nothing cut in a pipe."""
    done = shell(f"$LLMCACHE ls --store '{store}' --namespace shop | cat")

    assert (0, "") == (done.returncode, done.stderr)
    assert "\x1b" not in done.stdout
    assert "faq new" in done.stdout


@pytest.mark.slow
def test_reader_that_leaves_early() -> None:
    """A reader such as `head` that has left before we write is no error, and nothing is printed about it."""
    done = shell("( $LLMCACHE stores --json; echo ended $? >&2 ) | true")

    assert "ended 0\n" == done.stderr
