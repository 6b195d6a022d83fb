"""Every example of the documentation runs."""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmcache_langchain.demo.model import LocalModel
from tests.architecture.sources import ROOT
from tests.docs.pages import Example, examples, pages

SHELLS = ("sh", "shell", "bash", "console")
BETWEEN = "\x1e"
"""Printed behind each block, to tell their outputs apart."""


@pytest.fixture
def model() -> Iterator[LocalModel]:
    """What answers where an example asks OpenAI."""
    with LocalModel() as running:
        yield running


def with_examples(*languages: str) -> list[object]:
    """Return a test parameter for each page that has examples in one of these languages that run."""
    found = [(page, [one for one in examples(page) if one.language in languages and one.runs]) for page in pages()]
    return [pytest.param(of_page, id=page.relative_to(ROOT).as_posix()) for page, of_page in found if of_page]


def surroundings(folder: Path, model: LocalModel) -> dict[str, str]:
    """Return an environment in which an example leaves nothing behind and asks no model that costs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLMCACHE_", "OPENAI_"))}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {
        "PATH": programs,
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": model.base_url,
    }


def run(command: list[str], folder: Path, model: LocalModel) -> subprocess.CompletedProcess[str]:
    """Run a program in an empty folder."""
    return subprocess.run(
        command, cwd=folder, env=surroundings(folder, model), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("blocks", with_examples("python"))
def test_python_examples_run(blocks: list[Example], tmp_path: Path, model: LocalModel) -> None:
    """The Python blocks of a page run one after the other in one program, and print what the page says."""
    done = run([sys.executable, "-W", "error", "-c", _program(blocks)], tmp_path, model)
    printed = done.stdout.split(BETWEEN)
    promised = [block.prints for block in blocks]

    assert 0 == done.returncode, done.stderr
    assert promised == [text if promise is not None else None for text, promise in zip(printed, promised, strict=False)]


def _program(blocks: list[Example]) -> str:
    """Return a program that runs the blocks; the line numbers of a traceback are those of the page."""
    calls = [(("\n" * (block.line - 1)) + block.text, block.page.name) for block in blocks]
    ending = f"print({BETWEEN!r}, end='')"
    return "\n".join(f"exec(compile({text!r}, {name!r}, 'exec'))\n{ending}" for text, name in calls)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", with_examples(*SHELLS))
def test_commands_exist(blocks: list[Example], tmp_path: Path, model: LocalModel) -> None:
    """In shell blocks each `llmcache COMMAND` is a command, and each `make TARGET` a target."""
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.text.splitlines()]
    commands = {words[1] for words in lines if words[:1] == ["llmcache"] and len(words) > 1 and words[1][0] != "-"}
    targets = {words[1] for words in lines if words[:1] == ["make"] and len(words) > 1}
    wrong = [name for name in commands if run(["llmcache", name, "--help"], tmp_path, model).returncode != 0]
    wrong += [name for name in targets if f"\n{name}:" not in (ROOT / "Makefile").read_text("utf-8")]

    assert [] == wrong


@pytest.mark.parametrize(("language", "read"), [("json", json.loads), ("toml", tomllib.loads)])
def test_data_can_be_read(language: str, read: Callable[[str], object]) -> None:
    """A block of JSON or TOML is JSON or TOML."""
    for page in pages():
        for block in examples(page):
            if block.language == language and block.runs:
                read(block.text)
