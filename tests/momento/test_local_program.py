"""The stand-in as a program, and as what `momento-local:` without an address means."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import llmcache
from llmcache.errors import ConfigError, StoreError
from llmcache_momento.local.__main__ import main
from llmcache_momento.local.of_process import ADDRESS
from tests.architecture.sources import ROOT

REQUEST = llmcache.Request(model="m", messages=[{"role": "user", "content": "hi"}], parameters={}, tools=[])
PROGRAM = """
import llmcache
with llmcache.open("momento-local:") as cache:
    print(cache.history("s").length())
"""


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """The stand-in in a process of its own; ended by the end of its input."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--port", "0", "--cache", "shop"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=ROOT, **pipes) as running:  # type: ignore[call-overload]  # as given above
        yield running
        assert running.stdin is not None
        running.stdin.close()
        running.wait(timeout=30)


@pytest.mark.slow
def test_the_program_prints_its_port_and_answers(program: "subprocess.Popen[str]") -> None:
    """One line with the port; what it is for goes to the other stream."""
    assert program.stdout is not None
    assert program.stderr is not None
    port = int(program.stdout.readline())
    with llmcache.open(f"momento-local:127.0.0.1:{port}/shop") as cache:
        cache.responses.put(REQUEST, "kept")

        assert "kept" == cache.responses.get(REQUEST)
    assert "for developers and tests" in program.stderr.readline()


@pytest.mark.parametrize("port", ["99999", "-1", "http", "1.5"])
def test_a_port_that_is_none_is_refused(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what a port is, and before anything is started."""
    monkeypatch.setattr(sys, "argv", ["local", f"--port={port}"])
    with pytest.raises(SystemExit, match="2"):
        main()

    assert f"a port is a number from 0 to 65535, found '{port}'" in capsys.readouterr().err


def test_who_was_asked_is_named() -> None:
    """Where nobody answers, by host and port."""
    with (
        llmcache.open("momento-local:127.0.0.1:1/shop") as cache,
        pytest.raises(StoreError, match=r"at 127\.0\.0\.1:1 did not answer"),
    ):
        cache.responses.put(REQUEST, "kept")


@pytest.mark.slow
def test_in_the_background_the_program_stays() -> None:
    """With nothing as its input, as a shell or a service manager starts it, it answers until it is told to end."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--cache", "shop"]
    with subprocess.Popen(command, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as running:
        try:
            assert running.stdout is not None
            port = int(running.stdout.readline())
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(timeout=1)
            with llmcache.open(f"momento-local:127.0.0.1:{port}/shop") as cache:
                found = cache.history("s").length()
        finally:
            running.terminate()
            ended = running.wait(timeout=30)

    assert (0, -signal.SIGTERM) == (found, ended)


@pytest.mark.slow
def test_without_an_address_a_process_and_its_children_share_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is kept through one opening is there in the next one, and in a process that this one starts."""
    monkeypatch.delenv(ADDRESS, raising=False)
    with llmcache.open("momento-local:") as cache:
        cache.history("s").append([{"text": "hi"}])
    with llmcache.open("momento-local:") as again:
        length = again.history("s").length()
    child = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        child, check=False, env=dict(os.environ), cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert (1, "1\n") == (length, done.stdout), done.stderr


@pytest.mark.parametrize("address", ["localhost", "localhost:", ":80", "localhost:http", "localhost:0", "h:65536/c"])
def test_an_address_that_is_none_is_a_mistake(address: str) -> None:
    """And says what is allowed."""
    with pytest.raises(ConfigError, match="HOST:PORT/CACHE"):
        llmcache.open(f"momento-local:{address}")
