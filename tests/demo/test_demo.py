"""The demonstration as a whole, run as users run it: a real process, real HTTP, a real restart."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import llmcache
from llmcache.model.units import Plain
from llmcache_langchain.demo.model import LocalModel
from llmcache_langchain.demo.reply import Body, ModelError, Reply

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

LLMCACHE = [sys.executable, "-m", "llmcache"]
_OURS = ("LLMCACHE_", "OPENAI_", "NO_COLOR", "COLUMNS")


def run(
    folder: Path, *arguments: str, program: list[str] | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in `folder` without a key for a model, unless `variables` has one."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return subprocess.run(
        [*(program or LLMCACHE), *arguments],
        cwd=folder, env=environment | dict(variables or {}), capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


def demo(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> Plain:
    """Run the demonstration without delay and return its JSON document."""
    done = run(folder, "demo", "--delay", "0", "--json", *arguments, variables=variables)

    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True, slots=True)
class Shown:
    """A demonstration that was run, and where."""

    folder: Path
    store: str
    told: Plain


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One run for all tests that only look at it, in a folder whose name needs quoting."""
    folder = tmp_path_factory.mktemp("demo")
    store = f"sqlite:{folder / 'a folder'}"
    return Shown(folder, store, demo(folder, "--store", store))


def test_answers_outlive_the_process(shown: Shown) -> None:
    """The first call asks the model and pays tokens; the repeated one and the one after a restart do neither."""
    asks = shown.told["asks"]

    assert [("first call", 1, 1), ("the same again", 1, 0), ("after a restart", 2, 0)] == [
        (ask["label"], ask["process"], ask["calls"]) for ask in asks
    ]
    assert [True, False, False] == [ask["tokens"] > 0 for ask in asks]
    assert 1 == len({ask["text"] for ask in asks})


def test_conversation_is_remembered_in_another_process(shown: Shown) -> None:
    """The second process sends the model what was said in the first, and a repetition of all turns asks it nothing."""
    turns = [turn for turn in shown.told["turns"] if turn["session"] == "demo-session"]
    replay = [turn for turn in shown.told["turns"] if turn["session"] == "demo-replay"]

    assert [(1, 0), (1, 2), (2, 4), (2, 6)] == [(turn["process"], turn["remembered"]) for turn in turns]
    assert "The first of your 3 messages was: 'My name is Ada" in turns[2]["text"]
    assert [1, 1, 1, 1] == [turn["calls"] for turn in turns]
    assert [0, 0, 0, 0] == [turn["calls"] for turn in replay]
    assert [turn["text"] for turn in turns] == [turn["text"] for turn in replay]


def test_commands_can_be_pasted(shown: Shown) -> None:
    """Each command it ends with runs as it stands, in a shell, in the same folder, and shows what was kept."""
    outputs = [run(shown.folder, line, program=["sh", "-c"]) for line in shown.told["commands"]]
    listed = run(shown.folder, "ls", "--store", shown.store, "--namespace", "llmcache-demo")

    assert [0, 0] == [output.returncode for output in outputs], [output.stderr for output in outputs]
    assert shown.told["asks"][0]["text"] in outputs[0].stdout
    assert "My name is Ada" in outputs[1].stdout
    assert "demo-session" in listed.stdout


def test_a_second_run_starts_cold(tmp_path: Path) -> None:
    """What an earlier run kept is cleared first, so that its first call is a call again; nothing else is touched.

    With a key the model of OPENAI_BASE_URL and OPENAI_MODEL is asked, by its name, and the output says so.
    """
    asked = llmcache.Request("m", [{"role": "user", "content": "mine"}])
    with llmcache.open(f"sqlite:{tmp_path / '.llmcache'}", namespace="mine") as cache:
        cache.responses.put(asked, "kept")
    with LocalModel() as model:
        variables = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": model.base_url, "OPENAI_MODEL": "some-model"}
        runs = [demo(tmp_path, variables=variables), demo(tmp_path, variables=variables)]
        names, address, calls = {body["model"] for body in model.bodies}, model.base_url, model.calls
    with llmcache.open(f"sqlite:{tmp_path / '.llmcache'}", namespace="mine") as cache:
        kept = cache.responses.get(asked)

    assert "kept" == kept
    assert {"some-model"} == names
    assert 10 == calls == sum(step["calls"] for told in runs for step in told["asks"] + told["turns"])
    for told in runs:
        assert {"name": "some-model", "base_url": address, "local": False} == told["model"]
        assert [1, 0, 0] == [ask["calls"] for ask in told["asks"]]
        assert [0, 2, 4, 6, 0, 2, 4, 6] == [turn["remembered"] for turn in told["turns"]]


def test_what_it_prints_for_people(tmp_path: Path) -> None:
    """It says that no real model is asked and where things lie; progress goes to the error stream, nothing is coloured."""
    done = run(tmp_path, "demo", "--delay", "0", variables={"COLUMNS": "80", "NO_COLOR": "1"})

    assert 0 == done.returncode, done.stderr
    assert re.search(r"^first call +[\d.]+ m?s +1 +\d+", done.stdout, re.MULTILINE)
    assert re.search(r"^the same again +[\d.]+ m?s +[\d,]+x +0 +0", done.stdout, re.MULTILINE)
    assert "OPENAI_API_KEY is not set" in done.stdout
    assert "sqlite:./.llmcache, namespace llmcache-demo" in done.stdout
    assert "4 turns once more, as a new session: 0 model calls" in done.stdout
    assert 2 == done.stderr.count("importing LangChain")
    assert "\x1b" not in done.stdout + done.stderr
    assert 80 >= max(map(len, done.stdout.partition("3. Look at")[0].splitlines()))


def test_model_that_refuses(tmp_path: Path) -> None:
    """A model that refuses is one line without the provider's message, which may quote the key, and exit code 1."""

    def refuse(body: Body) -> Reply:
        raise ModelError(401, "Incorrect API key provided: sk-secret")

    with LocalModel(refuse) as model:
        variables = {"OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": model.base_url}
        done = run(tmp_path, "demo", variables=variables)

    assert 1 == done.returncode
    assert done.stderr.splitlines()[-1].endswith("AuthenticationError, HTTP 401")
    assert "sk-secret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("store", "complaint"), [("memory:", "does not outlive one"), ("sqlit:x", "did you mean")])
def test_store_that_cannot_serve(tmp_path: Path, store: str, complaint: str) -> None:
    """A store that forgets, or that is not installed, is one line and exit code 2."""
    done = run(tmp_path, "demo", "--store", store, "--json")
    error = json.loads(done.stderr.splitlines()[-1])

    assert (2, "", 2) == (done.returncode, done.stdout, error["exit_code"])
    assert complaint in error["error"]
