"""What a seal costs: the same work on a readable cache, a sealed one, and one whose names are hidden, too."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import llmcache
from benchmarks.answers import each, in_turn
from benchmarks.timing import Contestant, race, table
from benchmarks.work import LLM_STRING, LONG, SHORT, Work
from llmcache_langchain import LLMCache

SEALS = {
    "readable": None,
    "sealed": llmcache.Seal(b"k" * 32),
    "sealed, names hidden": llmcache.Seal(b"k" * 32, names=b"n" * 32),
}
MANY = 3_000
"""Different entries, asked in turn: more than are remembered opened."""


@contextmanager
def caches(url: str) -> Iterator[dict[str, LLMCache]]:
    """Open one cache for each seal, each in a namespace of its own."""
    with ExitStack() as opened:
        yield {
            name: LLMCache(opened.enter_context(llmcache.open(url, namespace=f"n{place}", seal=seal)))
            for place, (name, seal) in enumerate(SEALS.items())
        }


def variants(work: Work, count: int) -> list[str]:
    """Return as many prompts of the same length."""
    return [work.prompt.replace("Tell", f"Tell {number:05}") for number in range(count)]


def one(work: Work, url: str) -> str:
    """Hits on one entry, which is remembered opened, and updates."""
    scheme = url.partition(":")[0]
    with caches(url) as opened:
        for cache in opened.values():
            cache.update(work.prompt, LLM_STRING, work.answer)
        hits = [
            Contestant(name, each(work, partial(lambda cache, p: cache.lookup(p, LLM_STRING), cache)))
            for name, cache in opened.items()
        ]
        race(hits)
    return table(f"lookup, hit, {scheme}, {work.name}", hits, hits[0].name)


def many(work: Work, url: str) -> list[str]:
    """First hits, on more entries than are remembered, and updates."""
    scheme, prompts = url.partition(":")[0], variants(work, MANY)
    with caches(url) as opened:
        for cache in opened.values():
            for prompt in prompts:
                cache.update(prompt, LLM_STRING, work.answer)
        hits = [
            Contestant(name, in_turn(prompts, partial(lambda cache, p: cache.lookup(p, LLM_STRING), cache)))
            for name, cache in opened.items()
        ]
        race(hits)
        writes = [
            Contestant(
                name, in_turn(prompts, partial(lambda cache, p: cache.update(p, LLM_STRING, work.answer), cache))
            )
            for name, cache in opened.items()
        ]
        race(writes)
    return [
        table(f"lookup, hit, {scheme}, {MANY:,} entries in turn, {work.name}", hits, hits[0].name),
        table(f"update, {scheme}, {work.name}", writes, writes[0].name),
    ]


def run() -> Iterator[str]:
    """Every table, on memory and SQLite, for a short and a long prompt."""
    for work in (SHORT, LONG):
        for scheme in ("memory", "sqlite"):
            with tempfile.TemporaryDirectory() as folder:
                url = "memory:" if scheme == "memory" else f"sqlite:{Path(folder) / 'store'}"
                yield one(work, url)
                yield from many(work, url)
