"""The demonstration's course: two processes one after the other, with one model and one store between them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from llmcache.api.opening import open as open_cache
from llmcache.errors import UsageError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain, Seconds
from llmcache_langchain.demo.model import LocalModel
from llmcache_langchain.demo.reply import Script, recall

NAMESPACE = "llmcache-demo"
QUESTION = "In one sentence: what does a cache in front of a language model save?"
SESSION = "demo-session"
REPLAY = "demo-replay"
FIRST_TURNS = ("My name is Ada and I bake bread.", "What do I need for a sourdough?")
LATER_TURNS = ("What was the first thing I told you?", "Which bread were we speaking of?")
_PROGRAM = "llmcache_langchain.demo.part"
_PER_TOKEN = 0.005


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that is asked.

    Attributes:
        name: Its name.
        base_url: Where; None means the client's own default.
        is_local: True where it runs on this machine and costs nothing.
    """

    name: str
    base_url: str | None
    is_local: bool


@dataclass(slots=True)
class Outcome:
    """What happened, step by step: the objects that `part` prints, with the number of the process."""

    asks: list[dict[str, Plain]] = field(default_factory=list)
    turns: list[dict[str, Plain]] = field(default_factory=list)


class PartFailed(Exception):
    """A process of the demonstration ended early.

    Args:
        code: Its exit code.
        message: What it said, one line.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def chosen_model(environment: Mapping[str, str], delay: Seconds, script: Script = recall) -> Generator[Chosen]:
    """Give the model of $OPENAI_API_KEY, or start one on loopback that answers by `script` for the length of the block."""
    if environment.get("OPENAI_API_KEY"):
        name = environment.get("OPENAI_MODEL") or "gpt-5.4-mini"
        yield Chosen(name, environment.get("OPENAI_BASE_URL") or None, is_local=False)
        return
    with LocalModel(script, delay=delay, per_token=_PER_TOKEN if delay else 0.0) as model:
        yield Chosen("local", model.base_url, is_local=True)


def clear_traces(store: str, namespace: str = NAMESPACE) -> None:
    """Drop what an earlier run left, so that the first call is cold.

    Raises:
        UsageError: A store forgets when a process ends, or other processes cannot see it.
    """
    with open_cache(store, namespace=namespace) as cache:
        declared = [setup.capabilities for setup in cache.setup.all]
        if not all(capabilities.persistent and capabilities.shared for capabilities in declared):
            raise UsageError(f"the demo restarts a process, and {store} does not outlive one; try sqlite:./folder")
        cache.clear()
        for session in (SESSION, REPLAY):
            cache.history(session).clear()


def run(chosen: Chosen, store: str, progress: Callable[[str], None]) -> Outcome:
    """Run both processes and return what they did; `progress` is told what happens next.

    Raises:
        PartFailed: The model or the store failed.
    """
    outcome = Outcome()
    first = {"asks": ["first call", "the same again"], "conversations": {SESSION: FIRST_TURNS}}
    second = {
        "asks": ["after a restart"],
        "conversations": {SESSION: LATER_TURNS, REPLAY: [*FIRST_TURNS, *LATER_TURNS]},
    }
    for number, part in enumerate((first, second), start=1):
        progress(f"process {number}: starting Python and importing LangChain")
        task = part | {"store": store, "namespace": NAMESPACE, "question": QUESTION}
        for step in steps(_PROGRAM, task | {"model": chosen.name}, chosen):
            where = outcome.asks if step.pop("step") == "ask" else outcome.turns
            where.append({"process": number} | step)
            progress(f"process {number}: {step.get('label') or step['question']} ({step['seconds']:.3f} s)")
    return outcome


def steps(program: str, task: Plain, chosen: Chosen) -> Iterator[dict[str, Plain]]:
    """Give what a process of the demonstration does, step by step.

    Args:
        program: A module that serves the task; see `part`.

    Raises:
        PartFailed: The model or the store failed.
    """
    environment = os.environ | _address(chosen)
    command = [sys.executable, "-m", program]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as part:  # noqa: S603 -- our own program
        assert part.stdin is not None
        assert part.stdout is not None
        json.dump(task, part.stdin)
        part.stdin.close()
        said = ""
        for line in part.stdout:
            step = json.loads(line)
            if "error" in step:
                said = step["error"]
            else:
                yield step
    if part.returncode != 0:
        raise PartFailed(part.returncode, said or f"a process of the demo ended with code {part.returncode}")


def _address(chosen: Chosen) -> dict[str, str]:
    """Return the variables by which the client finds the local model; one that is asked for is there already.

    As an argument of the client the address, with its port of this run, would be a part of every key.
    """
    if not chosen.is_local or chosen.base_url is None:
        return {}
    return {"OPENAI_API_KEY": "local", "OPENAI_BASE_URL": chosen.base_url, "OPENAI_API_BASE": ""}


def places(outcome: Outcome) -> list[str]:
    """Return the keys under which the first answer and the conversation lie, as any store takes them."""
    conversation = Key(Space(Namespace.of(NAMESPACE), Kind.HISTORY), SESSION)
    return [outcome.asks[0]["kept_under"], conversation.physical]
