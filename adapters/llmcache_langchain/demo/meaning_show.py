"""What the demonstration of the semantic cache prints."""

from collections.abc import Sequence
from dataclasses import asdict

from llmcache.cli.screen import Column, say, show_table
from llmcache.model.units import Plain
from llmcache_langchain.demo.meaning import NAMESPACE, Outcome
from llmcache_langchain.demo.show import as_time, show_model
from llmcache_langchain.demo.story import Chosen
from llmcache_minilm import MiniLM

_HEADING = "bold"


def show_setting(chosen: Chosen, store: str, delay: float) -> None:
    """Say which models are asked and where things are kept."""
    say("llmcache by meaning, with LangChain's client for OpenAI, in two processes.\n")
    show_model(chosen, delay)
    say(f"       {MiniLM.name} embeds, on this machine and without a network.")
    say(f"Store: {store}, namespace {NAMESPACE}.")
    say("       What an earlier demo left there is cleared first.")


def show(outcome: Outcome) -> None:
    """Show what was asked, who answered, and what kept the cache from answering."""
    say("\n1. Process 1 asks the model\n", style=_HEADING)
    show_table(
        [Column("Asked", keep=True), Column("Time", right=True, keep=True), Column("By", keep=True)],
        [(one["question"], as_time(one["seconds"]), _by(one)) for one in outcome.kept],
    )
    say("\n2. Process 2 asks the same in other words\n", style=_HEADING)
    _show_compared(outcome.same)
    say("\n3. ... and what is not the same, however near\n", style=_HEADING)
    _show_compared(outcome.other)
    nearest = max(outcome.other, key=lambda one: one["cosine"])
    say(f"\n   No threshold tells these from those above: {nearest['cosine']:.3f} is nearer than any of them.")
    say("   What differs stands in the words, and the cache reads it there.")


def _show_compared(steps: Sequence[dict[str, Plain]]) -> None:
    columns = [
        Column("Asked, and the nearest kept question"), Column("Cosine", right=True, keep=True),
        Column("Time", right=True, keep=True), Column("By, and why", keep=True),
    ]  # fmt: skip
    show_table(columns, [row for step in steps for row in _rows(step)])


def _rows(step: dict[str, Plain]) -> list[tuple[str, ...]]:
    """Return the row of a question and that of the kept one nearest to it."""
    why = "the same" if step["semantic"] else step["why_not"] or "too far away"
    return [
        (step["question"], "", as_time(step["seconds"]), _by(step)),
        (f"  {step['nearest']}", f"{step['cosine']:.3f}", "", f"  {why}"),
    ]


def _by(step: dict[str, Plain]) -> str:
    return "the cache" if step["semantic"] else "the model" if step["calls"] else "the cache, exactly"


def summary(chosen: Chosen, store: str, outcome: Outcome) -> dict[str, Plain]:
    """Return the whole demonstration for programs."""
    about = {
        "model": {"name": chosen.name, "base_url": chosen.base_url, "local": chosen.is_local},
        "embedding_model": MiniLM.name,
        "store": store,
        "namespace": NAMESPACE,
    }
    return about | asdict(outcome)
