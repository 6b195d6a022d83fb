"""What the demonstration prints: plain words, two tables, and commands to paste."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from llmcache.cli.screen import Column, say, show_table
from llmcache.model.units import Plain, Seconds
from llmcache_langchain.demo.story import NAMESPACE, QUESTION, REPLAY, SESSION, Chosen, Outcome

_HEADING = "bold"


def show_setting(chosen: Chosen, store: str, delay: Seconds) -> None:
    """Say which model is asked and where things are kept."""
    say("llmcache, with LangChain's own client for OpenAI, in two processes in turn.\n")
    show_model(chosen, delay)
    say(f"Store: {store}, namespace {NAMESPACE}.")
    say("       What an earlier demo left there is cleared first.")


def show_model(chosen: Chosen, delay: Seconds) -> None:
    """Say which model is asked."""
    if chosen.is_local:
        say("Model: OPENAI_API_KEY is not set, so no real model is asked. A server on this")
        say("       machine plays one: real HTTP and the real client, a text that follows")
        say(f"       from the question, and {delay:g} s before it begins to answer.")
        say("       Set OPENAI_API_KEY (OPENAI_BASE_URL, OPENAI_MODEL) to ask a real one.")
    else:
        say(f"Model: {chosen.name} at {chosen.base_url or 'api.openai.com'}.")
        say("       This costs a few hundred tokens.")


def show_asks(outcome: Outcome) -> None:
    """Show one question asked three times."""
    say("\n1. One question, three times", style=_HEADING)
    say(f"   {QUESTION}\n")
    columns = [
        Column("", keep=True), Column("Time", right=True), Column("Faster", right=True),
        Column("Model calls", right=True), Column("Tokens paid", right=True),
    ]  # fmt: skip
    first = outcome.asks[0]["seconds"]
    rows = [
        (ask["label"], as_time(ask["seconds"]), _times(first, ask["seconds"]), str(ask["calls"]), str(ask["tokens"]))
        for ask in outcome.asks
    ]
    show_table(columns, rows)


def show_turns(outcome: Outcome) -> None:
    """Show the conversation that went on in another process, and its repetition."""
    say("\n2. One conversation, continued after the restart\n", style=_HEADING)
    columns = [
        Column("Process"), Column("Who", keep=True), Column("Said"), Column("Remembered", right=True),
        Column("Time", right=True, keep=True),
    ]  # fmt: skip
    turns = [turn for turn in outcome.turns if turn["session"] == SESSION]
    show_table(columns, [row for turn in turns for row in _exchange(turn)])
    again = [turn for turn in outcome.turns if turn["session"] == REPLAY]
    say(
        f"\n   The same {len(again)} turns once more, as a new session: {sum(turn['calls'] for turn in again)} model calls, "
        f"{as_time(sum(turn['seconds'] for turn in again))} in all."
    )


def _exchange(turn: dict[str, Plain]) -> list[tuple[str, ...]]:
    """Return the rows of a question and its answer."""
    return [
        (str(turn["process"]), "you", turn["question"], str(turn["remembered"]), ""),
        ("", "model", turn["text"], "", as_time(turn["seconds"])),
    ]


def show_places(commands: Sequence[str]) -> None:
    """Show the commands that look at what was kept."""
    say("\n3. Look at what is kept\n", style=_HEADING)
    for command in commands:
        say(f"   {command}")
    say("\n   Where a store can list what it holds, `llmcache ls` and `llmcache stats` do, with the same --store.")


def commands(store: str, keys: Sequence[str]) -> list[str]:
    """Return shell commands that show what the demo kept, ready to paste; they work on every store."""
    return [f"{_program()} get {shlex.quote(key)} --store {shlex.quote(store)}" for key in keys]


def summary(chosen: Chosen, store: str, outcome: Outcome, looks: Sequence[str]) -> dict[str, Plain]:
    """Return the whole demonstration for programs."""
    return {
        "model": {"name": chosen.name, "base_url": chosen.base_url, "local": chosen.is_local},
        "store": store,
        "namespace": NAMESPACE,
        "question": QUESTION,
        "asks": outcome.asks,
        "turns": outcome.turns,
        "commands": list(looks),
    }


def _program() -> str:
    """Return how to call `llmcache` from this shell: by name where that is this installation, by path elsewhere."""
    ours = Path(sys.executable).with_name("llmcache")
    found = shutil.which("llmcache")
    if found is not None and Path(found) == ours:
        return "llmcache"
    if ours.is_relative_to(Path.cwd()):
        return shlex.quote(str(ours.relative_to(Path.cwd())))
    return shlex.quote(str(ours)) if ours.exists() else f"{shlex.quote(sys.executable)} -m llmcache"


def as_time(seconds: Seconds) -> str:
    """Return a time as people say it."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def _times(first: Seconds, seconds: Seconds) -> str:
    return "" if seconds == first else f"{first / seconds:,.0f}x"
