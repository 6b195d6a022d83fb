"""However many processes miss a key at once, its model is called once: they share by a lease in the store."""

import os
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import llmcache
from llmcache.flows.once import lease_key
from llmcache.keys import request_key
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache.protocols.store_ops import GetMany
from tests.api.asking import REQUEST
from tests.stores import Clock, Kind

ROOT = Path(__file__).parents[2]
Asker = subprocess.Popen[str]

pytestmark = [pytest.mark.slow, pytest.mark.stores(needs="shared")]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Where each call of a model is written down, whichever process makes it."""
    (tmp_path / "calls").touch()
    return tmp_path / "calls"


@contextmanager
def asking(url: str, calls: Path, ways: Sequence[tuple[str, int, str]]) -> Generator[list[Asker]]:
    """Processes that have opened their caches and wait to be told; ended with the block."""
    # They are many, and what they run is covered elsewhere.
    not_covered = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with ExitStack() as running:
        askers = []
        for how, many, model in ways:
            command = [sys.executable, "-m", "tests.api.asking", url, str(calls), how, str(many), model]
            asker = subprocess.Popen(
                command,
                cwd=ROOT,
                env=not_covered,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            running.enter_context(asker)
            running.callback(asker.kill)
            askers.append(asker)
        for asker in askers:
            assert line_of(asker) == "ready"
        yield askers


def line_of(asker: Asker) -> str:
    """The next line of a process."""
    assert asker.stdout is not None
    line = asker.stdout.readline().strip()
    assert line or asker.stderr is None or not asker.stderr.read()
    return line


def told(asker: Asker) -> None:
    """Let a process ask."""
    assert asker.stdin is not None
    asker.stdin.write("go\n")
    asker.stdin.flush()


def answers_of(asker: Asker) -> list[str]:
    """What a process has been answered."""
    printed, complained = asker.communicate(timeout=60)
    assert not complained
    return [line for line in printed.splitlines() if not line.startswith(("called", "coalesced"))]


def lease_in(url: str) -> bytes | None:
    """What stands in the store for the lease."""
    with llmcache.open(url) as cache:
        key = lease_key(request_key(REQUEST, cache.namespace))
        return GetMany((key,)).on(cache.setup.blocking_world)[0]


def test_four_processes_pay_once(url: str, calls: Path) -> None:
    """Fifty callers in each, two that block and two that await; the lease is gone when they are."""
    with asking(url, calls, [("tasks", 50, "answers"), ("threads", 50, "answers")] * 2) as askers:
        for asker in askers:
            told(asker)
        answers = [answer for asker in askers for answer in answers_of(asker)]

    assert ["answer 1"] * 200 == answers
    assert 1 == len(calls.read_text().splitlines())
    assert lease_in(url) is None


def test_two_processes_pay_once_behind_langchain(url: str, calls: Path) -> None:
    """Where only look-up and update are seen."""
    with asking(url, calls, [("ainvoke", 50, "answers"), ("invoke", 50, "answers")]) as askers:
        for asker in askers:
            told(asker)
        answers = [answer for asker in askers for answer in answers_of(asker)]

    assert ["answer 1"] * 100 == answers
    assert 1 == len(calls.read_text().splitlines())


def test_a_process_whose_model_fails_hands_over(url: str, calls: Path) -> None:
    """One more call, by whichever process is next."""
    with asking(url, calls, [("tasks", 5, "fails once")] * 2) as askers:
        for asker in askers:
            told(asker)
        answers = [answer for asker in askers for answer in answers_of(asker)]

    assert sorted(["answer 2"] * 9 + ['ConnectionError("the provider\'s")']) == sorted(answers)
    assert 2 == len(calls.read_text().splitlines())


def test_a_process_that_is_killed_holds_nobody_up_beyond_its_lease(
    url: str, calls: Path, clock: Clock, store_kind: Kind
) -> None:
    """Its lease was renewed while it lived, and ends by itself."""
    with asking(url, calls, [("threads", 3, "hangs"), ("tasks", 5, "answers")]) as (dies, waits):
        told(dies)
        assert line_of(dies) == "called"
        told(waits)
        # Longer than the lease: who leads and lives is waited for.
        threading.Event().wait(1.5)
        assert 1 == len(calls.read_text().splitlines())
        assert lease_in(url) is not None
        dies.kill()
        if store_kind.name == "momento-local":
            clock.now += 2
        answers = answers_of(waits)

    assert ["answer 2"] * 5 == answers


def test_an_own_lease_only_is_given_back(url: str, calls: Path) -> None:
    """Somebody else's stays, and who waits for it goes on when it is gone."""
    with llmcache.open(url) as cache:
        world = cache.setup.blocking_world
        lease: Key = lease_key(request_key(REQUEST, cache.namespace))
        world.store.put_many([Put(lease, b"somebody else's", 60)])
        with asking(url, calls, [("tasks", 2, "answers")]) as (waits,):
            told(waits)
            threading.Event().wait(0.3)
            assert calls.read_text() == ""
            assert world.store.delete_if_equal(lease, b"somebody else's")

            assert ["answer 1"] * 2 == answers_of(waits)
