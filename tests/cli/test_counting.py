"""`llmcache stats`: how full, and what it had cost."""

from pathlib import Path

import pytest

import llmcache
from llmcache.api.responses import Form
from llmcache.cli import counting
from llmcache.model.entry import Provenance
from tests.cli.conftest import Command, key_of

PLAIN = Form("json", lambda answer: answer, lambda _: None)


@pytest.fixture
def costly(store: str) -> str:
    """`store`, where the answers of "paid" say what they had cost."""
    with llmcache.open(store, namespace="paid") as cache:
        for number in range(3):
            request = llmcache.Request(model="m", messages=[{"content": str(number)}])
            cost = Provenance(model="m", input_tokens=1000, output_tokens=10 + number, seconds=1.5)
            cache.responses.offer(key_of("paid", request), "answer", PLAIN, provenance=cost)
    return store


def test_sums(command: Command, costly: str) -> None:
    """The tokens and seconds of a namespace's answers are summed; where nothing is known the sum is zero."""
    spaces = command("stats", "--store", costly, "--json").data["spaces"]
    sums = {space["namespace"]: space["cost_of_answers"] for space in spaces if space["kind"] == "response"}

    assert {"input_tokens": 3000, "output_tokens": 33, "seconds": 4.5, "unreadable": 0} == sums["paid"]
    assert {"input_tokens": 0, "output_tokens": 0, "seconds": 0.0, "unreadable": 0} == sums["other"]
    assert [None] == [space["cost_of_answers"] for space in spaces if space["kind"] == "history"]


def test_the_folder_of_who_names_none_is_shown(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the default store lies, also in the configuration; with and without something in it."""
    monkeypatch.delenv("LLMCACHE_URL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    empty = command("stats")
    with llmcache.open("sqlite:") as cache:
        cache.history("x").append(["hi"])
    held = command("stats", "--json")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    shown = command("config", "show")

    assert f"sqlite:{tmp_path}/llmcache holds nothing yet.\n" == empty.out
    assert "sqlite: (in /xdg/llmcache)" in shown.out
    assert f"sqlite:{tmp_path}/llmcache" == held.data["store"]


def test_table(command: Command, costly: str) -> None:
    """For people the same is a table with a row for each namespace and kind."""
    said = command("stats", "--store", costly)
    (row,) = [line.split() for line in said.out.splitlines() if line.strip().startswith("paid")]

    assert 0 == said.code
    assert ["paid", "response", "3"] == row[:3]
    assert ["3,000", "33", "4.5"] == row[-3:]


def test_one_namespace(command: Command, costly: str) -> None:
    """With --namespace only that one is shown."""
    spaces = command("stats", "--store", costly, "--namespace", "shop", "--json").data["spaces"]

    assert {"shop"} == {space["namespace"] for space in spaces}


def test_unreadable_entries_are_counted(command: Command, damaged_store: str) -> None:
    """What cannot be read is counted, and the rest is summed."""
    spaces = command("stats", "--store", damaged_store, "--namespace", "shop", "--json").data["spaces"]

    assert [1] == [space["cost_of_answers"]["unreadable"] for space in spaces if space["kind"] == "response"]


def test_large_spaces_are_not_summed(command: Command, costly: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit there is no sum, because each entry would have to be read."""
    monkeypatch.setattr(counting, "_MOST_ENTRIES_SUMMED", 2)
    spaces = command("stats", "--store", costly, "--namespace", "paid", "--json").data["spaces"]

    assert [(3, None)] == [(space["entries"], space["cost_of_answers"]) for space in spaces]


def test_empty_store(command: Command) -> None:
    """A store that holds nothing says so."""
    assert "memory: holds nothing yet.\n" == command("stats", "--store", "memory:").out


def test_namespace_without_anything(command: Command, store: str) -> None:
    """It is the namespace that holds nothing, not the store."""
    said = command("stats", "--store", store, "--namespace", "nope")

    assert (0, "nope in ") == (said.code, said.out[:8])
    assert said.out.endswith(": nothing is kept.\n")
