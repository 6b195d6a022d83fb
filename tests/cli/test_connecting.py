"""`llmcache config check --connect` against a real server: a secret from the environment goes the whole way."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import llmcache
from tests.cli.conftest import QUESTION, Command
from tests.redis.servers import Server, system_redis

pytestmark = pytest.mark.slow

SECRET = "p@ss/w?rd:#%20&=x"
FILE = """
[llmcache]
namespace = "shop"
store = "redis://:${CACHE_SECRET}@${CACHE_HOST}/2?timeout=${CACHE_TIMEOUT}"
"""


@pytest.fixture
def server(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that wants the secret, and a configuration that refers to it; `command` chose the working folder."""
    with closing(Server(tmp_path / "redis", system_redis(), [f'requirepass "{SECRET}"'])) as running:
        Path("llmcache.toml").write_text(FILE)
        monkeypatch.setenv("CACHE_SECRET", SECRET)
        monkeypatch.setenv("CACHE_HOST", f"127.0.0.1:{running.port}")
        monkeypatch.setenv("CACHE_TIMEOUT", "2 s")
        yield running


def test_a_server_answers(command: Command, server: Server) -> None:
    """With a password of any characters, a host with its port and an option, each from the environment; nothing is written."""
    said = command("config", "check", "--connect", "--json")
    empty = command("ls", "--json").data["spaces"]
    with llmcache.open() as cache:
        cache.responses.put(QUESTION, "x")

        assert "x" == cache.responses.get(QUESTION)
    assert (0, ["answers"]) == (said.code, [one["state"] for one in said.data["stores"]])
    assert [] == empty
    assert SECRET not in said.out + said.err


def test_a_server_that_is_gone(command: Command, server: Server) -> None:
    """Exit code 3, and what to do about it; never the secret."""
    server.kill()
    said = command("config", "check", "--connect")

    assert 3 == said.code
    assert "redis" in said.out
    assert SECRET not in said.out + said.err


def test_a_secret_that_is_wrong(command: Command, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store refuses, which is exit code 3, too."""
    monkeypatch.setenv("CACHE_SECRET", "hunter2")
    said = command("config", "check", "--connect")

    assert 3 == said.code
    assert "hunter2" not in said.out + said.err
