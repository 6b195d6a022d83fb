"""Looking up and keeping answers: LangChain's caches, ours, and the floors."""

import asyncio
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from benchmarks.floors import SqliteFloor, packed, shallow
from benchmarks.timing import Contestant, Prepare, race, table
from benchmarks.work import LLM_STRING, LONG, SHORT, Work
from llmcache_langchain import LLMCache


def peer_sqlite(folder: Path) -> BaseCache:
    """LangChain community's SQLiteCache."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.cache import SQLiteCache

        cache: BaseCache = SQLiteCache(str(folder / "peer.db"))
        return cache


def each(work: Work, ask: Callable[[str], Any]) -> Prepare:
    """Prepare calls of `ask` with fresh prompts."""

    def prepare(count: int) -> Callable[[], None]:
        prompts = work.fresh_prompts(count)

        def run() -> None:
            for prompt in prompts:
                ask(prompt)

        return run

    return prepare


def each_awaited(work: Work, ask: Callable[[str], Any], loop: asyncio.AbstractEventLoop) -> Prepare:
    """The same for coroutines, one after the other in a running loop."""

    def prepare(count: int) -> Callable[[], None]:
        prompts = work.fresh_prompts(count)

        async def all_of_them() -> None:
            for prompt in prompts:
                await ask(prompt)

        return lambda: loop.run_until_complete(all_of_them())

    return prepare


def in_turn(prompts: list[str], ask: Callable[[str], Any]) -> Prepare:
    """Prepare calls of `ask` that go through the prompts, fresh objects each, again and again."""
    place = 0

    def prepare(count: int) -> Callable[[], None]:
        nonlocal place
        asked = [prompts[(place + n) % len(prompts)][:-1] + "]" for n in range(count)]
        place += count

        def run() -> None:
            for prompt in asked:
                ask(prompt)

        return run

    return prepare


def lookups(work: Work, folder: Path) -> list[str]:
    """Hits in memory and in SQLite, blocking and awaited."""
    live = {(work.prompt, LLM_STRING): work.answer}
    floor, peer_file = SqliteFloor(folder), peer_sqlite(folder)
    peer, memory, sqlite = InMemoryCache(), LLMCache("memory:"), LLMCache(f"sqlite:{folder / 'ours'}")
    floor.put(work.prompt, LLM_STRING, work.answer)
    for cache in (peer, peer_file, memory, sqlite):
        cache.update(work.prompt, LLM_STRING, work.answer)
    loop = asyncio.new_event_loop()
    in_memory = [
        Contestant("floor: dict of live objects + shallow copy", each(work, lambda p: shallow(live[p, LLM_STRING]))),
        Contestant("LangChain InMemoryCache (shares objects)", each(work, lambda p: peer.lookup(p, LLM_STRING))),
        Contestant("LLMCache memory:", each(work, lambda p: memory.lookup(p, LLM_STRING))),
        Contestant("LLMCache memory:, awaited", each_awaited(work, lambda p: memory.alookup(p, LLM_STRING), loop)),
    ]
    in_file = [
        Contestant("floor: sha256 + row + decode", each(work, lambda p: floor.get(p, LLM_STRING))),
        Contestant("LangChain SQLiteCache", each(work, lambda p: peer_file.lookup(p, LLM_STRING)), calls=10),
        Contestant("LLMCache sqlite:", each(work, lambda p: sqlite.lookup(p, LLM_STRING))),
        Contestant("LLMCache sqlite:, awaited", each_awaited(work, lambda p: sqlite.alookup(p, LLM_STRING), loop)),
        Contestant("LLMCache sqlite:, miss", each(work, lambda p: sqlite.lookup("?" + p, LLM_STRING))),
    ]
    race(in_memory)
    race(in_file)
    loop.close()
    for cache in (memory, sqlite):
        cache.close()
    floor.close()
    return [
        table(f"lookup, hit, memory, {work.name}", in_memory, in_memory[0].name),
        table(f"lookup, hit, SQLite, {work.name}", in_file, in_file[0].name),
    ]


def cold_lookups(work: Work, folder: Path) -> list[str]:
    """Hits on a thousand different entries, so that nothing decoded or keyed before can help."""
    floor, sqlite = SqliteFloor(folder), LLMCache(f"sqlite:{folder / 'ours'}")
    prompts = [work.prompt.replace("Tell", f"Tell {number}") for number in range(3000)]
    for prompt in prompts:
        floor.put(prompt, LLM_STRING, work.answer)
        sqlite.update(prompt, LLM_STRING, work.answer)

    contestants = [
        Contestant("floor: sha256 + row + decode", in_turn(prompts, lambda p: floor.get(p, LLM_STRING))),
        Contestant("LLMCache sqlite:", in_turn(prompts, lambda p: sqlite.lookup(p, LLM_STRING))),
    ]
    race(contestants)
    sqlite.close()
    floor.close()
    return [table(f"lookup, hit, SQLite, 3,000 entries in turn, {work.name}", contestants, contestants[0].name)]


def updates(work: Work, folder: Path) -> list[str]:
    """New entries, and what they take on disk."""
    floor, peer_file, sqlite = SqliteFloor(folder), peer_sqlite(folder), LLMCache(f"sqlite:{folder / 'ours'}")
    numbers = iter(range(10**9))

    def new(keep: Callable[[str], Any]) -> Prepare:
        def prepare(count: int) -> Callable[[], None]:
            prompts = [work.prompt.replace("Tell", f"Tell {next(numbers)}") for _ in range(count)]

            def run() -> None:
                for prompt in prompts:
                    keep(prompt)

            return run

        return prepare

    contestants = [
        Contestant("floor: sha256 + encode + upsert", new(lambda p: floor.put(p, LLM_STRING, work.answer)), calls=20),
        Contestant("LangChain SQLiteCache", new(lambda p: peer_file.update(p, LLM_STRING, work.answer)), calls=5),
        Contestant("LLMCache sqlite:", new(lambda p: sqlite.update(p, LLM_STRING, work.answer)), calls=20),
    ]
    race(contestants)
    sqlite.close()
    floor.close()
    return [table(f"update, new key, SQLite, {work.name}", contestants, contestants[0].name)]


def bytes_on_disk(work: Work, folder: Path) -> list[str]:
    """What 3,000 different entries take in the closed file, beside the packed answer; an empty file is taken off."""
    count = 3000
    one = len(packed(work.answer))
    lines = [f"bytes on disk an entry of {count:,}, {work.name}; the packed answer has {one:,}"]
    for name, pattern, make in (
        ("LangChain SQLiteCache", "peer.db", peer_sqlite),
        ("LLMCache sqlite:", "*.sqlite", lambda where: LLMCache(f"sqlite:{where}")),
    ):
        empty = _size(folder, pattern)
        cache = make(folder)
        for number in range(count if isinstance(cache, LLMCache) else count // 10):
            cache.update(work.prompt.replace("Tell", f"Tell {number}"), LLM_STRING, work.answer)
        written = count if isinstance(cache, LLMCache) else count // 10
        if isinstance(cache, LLMCache):
            cache.close()
        grown = (_size(folder, pattern) - empty) / written
        lines.append(f"  {name:44}{grown:10,.0f} bytes{grown / one:8.2f} x the packed answer")
    fixed = sum(path.stat().st_size for path in folder.glob("*.ballast"))
    lines.append(f"  beside the file, LLMCache keeps a reserve of {fixed:,} bytes for a full disk")
    return ["\n".join(lines)]


def _size(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def invokes(work: Work, folder: Path) -> list[str]:
    """A whole `invoke` of a chat model on a hit: LangChain's own part is most of it."""
    text = ("Tell me more about cats. " * 1000)[: 200 if work is SHORT else 20_000]
    caches: dict[str, BaseCache] = {
        "LangChain InMemoryCache": InMemoryCache(),
        "LangChain SQLiteCache": peer_sqlite(folder),
        "LLMCache memory:": LLMCache("memory:"),
        "LLMCache sqlite:": LLMCache(f"sqlite:{folder / 'ours'}"),
    }
    models = {name: FakeListChatModel(responses=["x" * 1000], cache=cache) for name, cache in caches.items()}

    def asking(model: FakeListChatModel) -> Prepare:
        model.invoke(text)

        def prepare(count: int) -> Callable[[], None]:
            def run() -> None:
                for _ in range(count):
                    model.invoke(text)

            return run

        return prepare

    contestants = [Contestant(name, asking(model), calls=10) for name, model in models.items()]
    race(contestants)
    for cache in caches.values():
        if isinstance(cache, LLMCache):
            cache.close()
    return [table(f"invoke on a hit, {work.name}", contestants, "LangChain InMemoryCache")]


def headline(folder: Path) -> list[str]:
    """A model that takes one second, asked again."""
    caches: dict[str, BaseCache] = {
        "LangChain InMemoryCache": InMemoryCache(),
        "LangChain SQLiteCache": peer_sqlite(folder),
        "LLMCache memory:": LLMCache("memory:"),
        "LLMCache sqlite:": LLMCache(f"sqlite:{folder / 'ours'}"),
    }
    lines = ["a repeated prompt, a model of one second (median of 60 hits)"]
    for name, cache in caches.items():
        model = FakeListChatModel(responses=["x" * 1000], cache=cache, sleep=1.0)
        miss = _seconds(partial(model.invoke, "hi"))
        hits = sorted(_seconds(partial(model.invoke, "hi")) for _ in range(60))
        lines.append(
            f"  {name:44}miss {miss * 1000:8.1f} ms   hit {hits[30] * 1000:7.3f} ms   hit / miss {hits[30] / miss:.5f}"
        )
        if isinstance(cache, LLMCache):
            cache.close()
    return ["\n".join(lines)]


def _seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def run() -> list[str]:
    """Return all tables about answers."""
    tables: list[str] = []
    for measure in (lookups, cold_lookups, updates, bytes_on_disk, invokes):
        for work in (SHORT, LONG):
            with tempfile.TemporaryDirectory() as folder:
                tables += measure(work, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        tables += headline(Path(folder))
    return tables
