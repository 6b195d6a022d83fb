"""`llmcache key` and `llmcache explain`."""

import json
from pathlib import Path

import pytest

from llmcache.model.units import Plain
from tests.cli.conftest import QUESTION, Command, key_of

PLAIN: Plain = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "What is a cache?"}]}


def file(folder: Path, name: str, data: Plain) -> str:
    """Write `data` as JSON and return the file's name."""
    (folder / name).write_text(json.dumps(data))
    return str(folder / name)


def test_key_is_the_one_that_is_kept(command: Command, tmp_path: Path) -> None:
    """`key` prints the physical key under which the cache keeps the answer to that request."""
    said = command("key", file(tmp_path, "a.json", PLAIN), "--namespace", "shop")

    assert (0, key_of("shop", QUESTION).physical + "\n", "") == (said.code, said.out, said.err)


def test_key_as_json(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --json the parts stand apart; standard input and the variable for the namespace are read."""
    monkeypatch.setenv("LLMCACHE_NAMESPACE", "shop/prod")
    found = command("key", "-", "--json", typed=json.dumps(PLAIN)).data
    expected = key_of("shop/prod", QUESTION)

    assert {"key": expected.physical, "namespace": "shop/prod", "digest": expected.name} == found


def test_langchain_key(command: Command, tmp_path: Path) -> None:
    """LangChain's two texts have a key too."""
    said = command("key", file(tmp_path, "a.json", {"prompt": "hi", "llm_string": "{}"}))

    assert 0 == said.code
    assert said.out.startswith("llmcache:1:default:response:")


def test_explain_shows_what_is_in_and_what_is_not(command: Command, tmp_path: Path) -> None:
    """`explain` shows the canonical form, and each dropped thing with its reason."""
    name = file(tmp_path, "a.json", PLAIN | {"parameters": {"temperature": 0, "timeout": 3, "stop": None}})
    said, data = command("explain", name), command("explain", name, "--json").data

    assert 0 == said.code
    assert "What is a cache?" in said.out
    assert "Not in the key, 2 things:" in said.out
    assert "parameters.timeout: how the call travels" in said.out
    assert ["parameters.timeout", "parameters.stop"] == [dropped["path"] for dropped in data["dropped"]]
    assert {"temperature": 0} == data["form"]["parameters"]
    assert data["key"] in said.out


def test_explain_langchain(command: Command, tmp_path: Path) -> None:
    """LangChain's two texts are explained the same way."""
    data = command("explain", file(tmp_path, "a.json", {"prompt": "hi", "llm_string": "x"}), "--json").data

    assert ("langchain", "hi") == (data["sort"], data["form"]["prompt"])


def test_same_key(command: Command, tmp_path: Path) -> None:
    """Two requests that differ only in what cannot change the answer have one key; the exit code is 0."""
    names = file(tmp_path, "a.json", PLAIN), file(tmp_path, "b.json", PLAIN | {"parameters": {"timeout": 9}})
    said, data = command("explain", *names), command("explain", *names, "--json").data

    assert 0 == said.code
    assert "the same key" in said.out
    assert (True, None, 1) == (data["same_key"], data["difference"], len(set(data["keys"])))


def test_first_difference(command: Command, tmp_path: Path) -> None:
    """Of two requests with different keys the first difference is shown, harmlessly; the exit code is 1."""
    other = {"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "What is a \x1b[31mtag?"}]}
    names = file(tmp_path, "a.json", PLAIN), file(tmp_path, "b.json", other)
    said, data = command("explain", *names), command("explain", *names, "--json").data

    assert 1 == said.code
    assert "messages[0].content" in said.out
    assert "\x1b" not in said.out
    assert (False, "messages[0].content", 2) == (data["same_key"], data["difference"]["path"], len(set(data["keys"])))


def test_wrong_file(command: Command, tmp_path: Path) -> None:
    """A file that holds no request is one line and exit code 2."""
    (tmp_path / "a.json").write_text("{")
    said = command("explain", str(tmp_path / "a.json"))

    assert (2, "", 1) == (said.code, said.out, len(said.err.splitlines()))
