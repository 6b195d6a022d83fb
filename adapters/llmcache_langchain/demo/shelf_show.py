"""What the demonstration of the vector store prints."""

from collections.abc import Sequence
from dataclasses import asdict

from llmcache.cli.screen import Column, say, show_table
from llmcache.model.units import Plain
from llmcache_langchain.demo.shelf import CHANGED, NAMESPACE, NEW_TEXT, REMOVED, TEXTS, TTL, Outcome, Search
from llmcache_langchain.demo.show import as_time
from llmcache_minilm import MiniLM

_HEADING = "bold"


def show_setting(store: str) -> None:
    """Say which model embeds and where things are kept."""
    say("llmcache, as a vector store of LangChain's.\n")
    say(f"Model: {MiniLM.name}, on this machine, without a network and without a key.")
    say(f"Texts: {len(TEXTS)} files of a shop. As documents they live for {TTL // 60} minutes; then they are")
    say("       read and embedded again. The demo turns its own clock, so nobody waits.")
    say(f"Store: {store}, namespace {NAMESPACE}.")
    say("       What an earlier demo left there is cleared first.")


def show(outcome: Outcome) -> None:
    """Show what was found when, and what it took."""
    say("\n1. The files are embedded, and found by what they mean\n", style=_HEADING)
    _show_searches([search for search in outcome.searches if search.minutes == 0])
    say(f"\n2. {CHANGED} gets other words, and {REMOVED} is deleted\n", style=_HEADING)
    say(f"   {NEW_TEXT}\n")
    _show_searches([search for search in outcome.searches if search.minutes > 0])
    say("\n   After 30 minutes the old text was within its life. After 61 it was read and")
    say("   embedded again before the search was answered: what is found is never older.")
    say("\n3. What it took\n", style=_HEADING)
    say(f"   {outcome.embedded} texts embedded at first. An hour later {outcome.loaded} files were asked for, and")
    say(f"   {outcome.embedded_again} text was embedded: the one that had changed. The deleted one is gone.")


def _show_searches(searches: Sequence[Search]) -> None:
    columns = [
        Column("After", right=True, keep=True), Column("Asked, and found"), Column("Cosine", right=True, keep=True),
        Column("Time", right=True, keep=True),
    ]  # fmt: skip
    show_table(columns, [row for search in searches for row in _rows(search)])


def _rows(search: Search) -> list[tuple[str, ...]]:
    """Return the row of a question and that of what was found."""
    cosine = "" if search.found is None else f"{search.similarity:.2f}"
    return [
        (f"{search.minutes} min", search.question, "", as_time(search.seconds)),
        ("", f"-> {search.found or 'nothing near'}", cosine, ""),
    ]


def summary(store: str, outcome: Outcome) -> dict[str, Plain]:
    """Return the whole demonstration for programs."""
    about = {"model": MiniLM.name, "store": store, "namespace": NAMESPACE, "ttl": TTL}
    return about | asdict(outcome)
