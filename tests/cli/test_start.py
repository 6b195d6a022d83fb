"""Where the command begins."""

import importlib.util
import sys

import pytest

from llmcache.cli import demonstrating, start
from tests.cli.conftest import Command


def test_arguments_of_the_process_are_used(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`main` runs the command with the arguments of the process and returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["llmcache", "get"])

    assert 2 == start.main()
    assert "Missing argument 'KEY'" in capsys.readouterr().err


@pytest.mark.parametrize("library", ["click", "rich"])
def test_missing_library(library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the extra is not installed, one line says how to install it, and the exit code is 2."""
    for name in [name for name in sys.modules if name.startswith(("llmcache.cli", f"{library}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)

    assert 2 == start.main()
    assert (
        f"the llmcache command needs {library}; install it with: pip install 'llmcache-kit[cli]'\n"
        == capsys.readouterr().err
    )


def test_demo_without_its_packages(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the demo's packages are missing, one line says which and how to install them."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said = command("demo")

    assert (2, "") == (said.code, said.out)
    assert (
        "error: the demo needs llmcache_langchain, langchain_openai; install with: pip install 'llmcache-kit[demo]'\n"
        == (said.err)
    )


def test_demo_that_is_not_installed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its packages are there and it is not, one line says where it comes from."""
    monkeypatch.setattr(demonstrating, "_OWN_FOLDER", "elsewhere")
    said = command("demo")

    assert (2, "") == (said.code, said.out)
    assert said.err.endswith("which is not installed; in a checkout: pip install ./demo\n")


@pytest.mark.parametrize("option", ["--semantic", "--vectors"])
def test_demo_of_vectors_without_numpy(option: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts that embed ask for NumPy before they begin."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numpy" else find(name))
    said = command("demo", option)

    assert (2, "") == (said.code, said.out)
    assert said.err == "error: the demo needs numpy; install with: pip install 'llmcache-kit[demo]'\n"
