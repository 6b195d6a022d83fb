"""The command on a configuration in which answers and conversations lie in different stores."""

from pathlib import Path

import pytest

import llmcache
from tests.cli.conftest import QUESTION, Command

FILE = """
[llmcache]
namespace = "shop"
responses = { store = "sqlite:./answers" }
history = { store = "sqlite:./talks" }
"""


@pytest.fixture
def configured(command: Command) -> Path:
    """A configuration in the working folder, with an answer and a conversation kept."""
    Path("llmcache.toml").write_text(FILE)
    with llmcache.open() as cache:
        cache.responses.put(QUESTION, "an answer")
        cache.history("ada").append([{"role": "user", "content": "hi"}])
    return Path.cwd()


def test_what_both_hold_is_listed_together(command: Command, configured: Path) -> None:
    """By `ls` and `stats`, with nothing said and with the file named; the stores are named both."""
    for where in ([], ["--store", "./llmcache.toml"]):
        listed, counted = command("ls", *where, "--json").data, command("stats", *where, "--json").data

        assert "sqlite:./answers and sqlite:./talks" == listed["store"]
        assert ["history", "response"] == [space["kind"] for space in listed["spaces"]]
        assert ["history", "response"] == [space["kind"] for space in counted["spaces"]]
    assert "ada" in command("ls", "--namespace", "shop").out


def test_each_is_shown_from_where_it_lies(command: Command, configured: Path) -> None:
    """A conversation by its name, an answer by the beginning of its digest."""
    (answer,) = command("ls", "--kind", "response", "--json").data["keys"]

    assert "hi" == command("get", "ada", "--json").data["messages"][0]["value"]["content"]
    assert "an answer" == command("get", answer["name"][:8], "--json").data["value"]
    assert command("get", "ada", "--raw").out.startswith('{"llmcache":1')


def test_each_is_cleared_where_it_lies(command: Command, configured: Path) -> None:
    """And the other stays."""
    command("clear", "--kind", "history", "--yes")
    without_talk = [space["kind"] for space in command("ls", "--json").data["spaces"]]
    command("clear", "--yes")

    assert ["response"] == without_talk
    assert [] == command("ls", "--json").data["spaces"]


def test_looking_makes_neither(command: Command) -> None:
    """Where nothing is there yet, nothing is listed and nothing is made; the key of a request needs no store at all."""
    Path("llmcache.toml").write_text(FILE.replace("./talks", "./${NOT_SET_HERE}"))
    Path("request.json").write_text('{"model": "m", "messages": []}')
    key = command("key", "request.json", "--json").data
    Path("llmcache.toml").write_text(FILE)
    listed = command("ls", "--json").data["spaces"]

    assert ("shop", []) == (key["namespace"], listed)
    assert ["llmcache.toml", "request.json"] == sorted(path.name for path in Path.cwd().iterdir())
