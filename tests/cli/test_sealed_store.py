"""Commands on a sealed store: with its keys they show what they always do, without them they say so plainly."""

from base64 import b64encode
from pathlib import Path

import pytest

import llmcache
from tests.cli.conftest import ANSWER, QUESTION, Command

KEY, NAMES = (bytes([number]) * 32 for number in (1, 2))
SECRETS = {"SEAL_KEY": b64encode(KEY).decode(), "SEAL_NAMES": b64encode(NAMES).decode()}


@pytest.fixture
def sealed(tmp_path: Path) -> str:
    """The URL of a sealed store with an answer and a conversation."""
    url = f"sqlite:{tmp_path / 'store'}"
    with llmcache.open(url, namespace="shop", seal=llmcache.Seal(KEY, names=NAMES)) as cache:
        cache.responses.put(QUESTION, ANSWER, tags=("faq",))
        cache.history("ada/1").append([{"role": "user", "content": "hi"}])
    return url


@pytest.fixture
def file(sealed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a file that names the store and its seal; the secrets are in the environment."""
    path = tmp_path / "llmcache.toml"
    path.write_text(
        f'[llmcache]\nnamespace = "shop"\nstore = "{sealed}"\n'
        'seal = { keys = ["${SEAL_KEY}"], names = "${SEAL_NAMES}" }\n'
    )
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return str(path)


def test_with_the_keys_everything_is_shown(command: Command, file: str) -> None:
    """Models and tags in the listing, content by digest, a conversation by the name it has for people, sums of costs."""
    listed = command("ls", "--store", file, "--namespace", "shop", "--kind", "response")
    digest = command("ls", "--store", file, "--namespace", "shop", "--json").data["keys"][1]["name"]
    answer = command("get", digest[:10], "--store", file)
    conversation = command("get", "ada/1", "--store", file, "--json")
    stats = command("stats", "--store", file, "--json")

    assert all(word in listed.out for word in ("gpt-5.4-mini", "faq"))
    assert "SealError" not in listed.out
    assert ANSWER in answer.out
    assert ["hi"] == [message["value"]["content"] for message in conversation.data["messages"]]
    assert [0] == [one["cost_of_answers"]["unreadable"] for one in stats.data["spaces"] if one["kind"] == "response"]


def test_without_keys_it_is_said_what_is_missing(command: Command, sealed: str) -> None:
    """Names are digests, bodies do not open, and nobody is shown a traceback."""
    listed = command("ls", "--store", sealed, "--namespace", "shop")
    digest = command("ls", "--store", sealed, "--namespace", "shop", "--json").data["keys"][1]["name"]
    got = command("get", digest, "--store", sealed)
    named = command("get", "ada/1", "--store", sealed)
    stats = command("stats", "--store", sealed, "--json")

    assert 0 == listed.code
    assert "SealError: sealed with a key that is not configured here" in listed.out
    assert [] == [word for word in ("ada", "faq", "gpt", ANSWER) if word in listed.out + got.out + got.err]
    assert "the body is sealed, and this cache has no keys; give it `seal`, in a file or as an argument" in got.err
    assert "nothing is kept under ada/1" in named.err
    assert [1] == [one["cost_of_answers"]["unreadable"] for one in stats.data["spaces"] if one["kind"] == "response"]


def test_tags_are_cleared_by_the_name_they_have_for_people(command: Command, file: str) -> None:
    """`clear --tag` finds the hidden mark."""
    done = command("clear", "--store", file, "--tag", "faq", "--yes")

    assert 0 == done.code
    with llmcache.open(file) as cache:
        assert cache.responses.get(QUESTION) is None
        assert 1 == cache.stats().cleared


def test_a_key_is_printed_as_the_store_knows_it(
    command: Command, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`llmcache key` and `explain` use the secret of the names where the configuration has one."""
    monkeypatch.setenv("LLMCACHE_CONFIG", file)
    asked = tmp_path / "asked.json"
    asked.write_text('{"model": "gpt-5.4-mini", "messages": [{"role": "user", "content": "What is a cache?"}]}')
    printed = command("key", str(asked)).out.strip()
    explained = command("explain", str(asked), "--json").data["key"]

    assert printed == explained
    assert ANSWER in command("get", printed).out


def test_configuration_is_shown_without_secrets(command: Command, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used and what it is called, and what is not set; never the value, in force or wrong."""
    shown = [command("config", "show", "--store", file, *how) for how in ((), ("--json",))]
    checked = command("config", "check", "--store", file)
    monkeypatch.delenv("SEAL_NAMES")
    monkeypatch.setenv("SEAL_KEY", "hunter2hunter2")
    wrong = [command("config", "check", "--store", file), command("ls", "--store", file)]

    assert all(f"${{SEAL_KEY}} (key {llmcache.Seal(KEY).ids[0]})" in one.out for one in shown)
    assert "no mistake" in checked.out
    assert "${SEAL_NAMES}, which is not set" in wrong[0].out
    assert "make one with: openssl rand -base64 32" in wrong[1].err
    said = "".join(one.out + one.err for one in (*shown, checked, *wrong))
    assert [] == [secret for secret in (*SECRETS.values(), "hunter2") if secret in said]
