"""Crowds: many callers who ask a cold key at once, of a model that takes 200 ms; how often it is called and how long all wait.

`python -m benchmarks.crowds URL HOW` is one process of the crowds that come in several: it says "ready", waits for a line, asks, and
says when it was answered; then once more.
"""

import asyncio
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from langchain_core.caches import BaseCache, InMemoryCache
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

import llmcache
from benchmarks import momento_local, redis_answers
from llmcache_langchain import LLMCache

TAKES = 0.2
THREADS, TASKS, PROCESSES, TASKS_EACH = 50, 200, 4, 50
ROUNDS = 5
CROWDS = ("the first question of all", "a later question")
"""What each process asks in turn. The first asking costs LangChain imports and makes what the store makes once; a process that
serves has had that behind it for long."""
PEER = "langchain"
"""Stands in the place of a URL for LangChain's own cache, which shares nothing."""
_numbers = itertools.count()


class SlowModel(BaseChatModel):
    """A chat model that takes its time, and counts its calls."""

    _calls: int = PrivateAttr(default=0)

    @property
    def calls(self) -> int:
        return self._calls

    @property
    def _llm_type(self) -> str:
        return "slow"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._calls += 1
        time.sleep(TAKES)
        return _answer()

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self._calls += 1
        await asyncio.sleep(TAKES)
        return _answer()


def _answer() -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=AIMessage("hello"))])


class Counted:
    """A model of no framework, of either colour."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        time.sleep(TAKES)
        return "hello"

    async def awaited(self) -> str:
        self.calls += 1
        await asyncio.sleep(TAKES)
        return "hello"


def cold() -> llmcache.Request:
    """A question that nobody has asked."""
    return llmcache.Request("m", [{"role": "user", "content": f"cold {next(_numbers)}"}])


def in_threads(ask: Callable[[], object]) -> None:
    """Ask in threads that are there already, as a server's are."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: time.sleep(0.01), range(THREADS)))
        began = time.perf_counter()
        for asked in [pool.submit(ask) for _ in range(THREADS)]:
            asked.result()
        _took.append(time.perf_counter() - began)


async def in_tasks(ask: Callable[[], Any]) -> None:
    """Ask in tasks of one loop."""
    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(TASKS)))
    _took.append(time.perf_counter() - began)


_took: list[float] = []


def by_request(cache: llmcache.Cache) -> Iterator[tuple[str, int]]:
    """Ask through `get_or_call`."""
    model = Counted()
    for _ in range(ROUNDS):
        asked = cold()
        in_threads(lambda asked=asked: cache.responses.get_or_call(asked, model))
    yield f"get_or_call, {THREADS} threads", model.calls
    model = Counted()
    for _ in range(ROUNDS):
        asked = cold()
        asyncio.run(in_tasks(lambda asked=asked: cache.awaiting.responses.get_or_call(asked, model.awaited)))
    yield f"get_or_call, {TASKS} tasks", model.calls


def by_langchain(cache: BaseCache) -> Iterator[tuple[str, int]]:
    """Ask through LangChain."""
    model = SlowModel(cache=cache)
    for number in range(ROUNDS):
        in_threads(lambda number=number: model.invoke(f"blocking {number}"))
    yield f"invoke, {THREADS} threads", model.calls
    model = SlowModel(cache=cache)
    for number in range(ROUNDS):
        asyncio.run(in_tasks(lambda number=number: model.ainvoke(f"awaited {number}")))
    yield f"ainvoke, {TASKS} tasks", model.calls


def lines_of(found: Iterator[tuple[str, int]], name: str) -> Iterator[str]:
    """One line for each way of asking: calls of a round, and how long all waited, beside the model's time."""
    for way, calls in found:
        took = sorted(_took[-ROUNDS:])
        median = took[len(took) // 2]
        yield (
            f"  {name:16}{way:30}calls {calls / ROUNDS:6.1f}   all answered after {median * 1000:6.0f} ms"
            f" = {median / TAKES:5.2f} x the model (worst {took[-1] / TAKES:5.2f})"
        )


def processes(url: str, how: str) -> list[tuple[float, int]]:
    """Let several processes ask one key, and then another; return how long all took each time, and the calls of the model."""
    with ExitStack() as running:
        command = [sys.executable, "-m", "benchmarks.crowds", url, how]
        askers: list[Any] = [
            running.enter_context(
                subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
            )
            for _ in range(PROCESSES)
        ]
        return [_crowd(askers) for _ in CROWDS]


def _crowd(askers: list[Any]) -> tuple[float, int]:
    for asker in askers:
        asker.stdout.readline()
    began = time.time()
    for asker in askers:
        asker.stdin.write("go\n")
    answers = [asker.stdout.readline().split() for asker in askers]
    return max(float(ended) for ended, _ in answers) - began, sum(int(calls) for _, calls in answers)


async def crowds(ask_of: Callable[[str], Callable[[], Any]], calls: Callable[[], int]) -> None:
    """Be one of the processes: ask when told to."""
    for name in CROWDS:
        print("ready", flush=True)
        sys.stdin.readline()
        before, ask = calls(), ask_of(name)
        await asyncio.gather(*(ask() for _ in range(TASKS_EACH)))
        print(time.time(), calls() - before, flush=True)


def main(url: str, how: str) -> None:
    """Be one of the processes."""
    with llmcache.open("memory:" if url == PEER else url) as cache, llmcache.options(coalesce="shared"):
        counted, model = Counted(), SlowModel(cache=InMemoryCache() if url == PEER else LLMCache(cache))

        def ask_of(name: str) -> Callable[[], Any]:
            if how == "langchain":
                return lambda: model.ainvoke(name)
            request = llmcache.Request("m", [{"role": "user", "content": name}])
            return lambda: cache.awaiting.responses.get_or_call(request, counted.awaited)

        async def be() -> None:
            await cache.awaiting.responses.get(llmcache.Request("m", [{"role": "user", "content": "connect"}]))
            await crowds(ask_of, lambda: counted.calls + model.calls)
            await cache.awaiting.close()

        asyncio.run(be())


@contextmanager
def stores() -> Iterator[dict[str, Callable[[], str]]]:
    """Give the URLs of fresh stores by name."""
    with tempfile.TemporaryDirectory() as folder, redis_answers.server() as port, momento_local.server() as local:
        numbers = itertools.count()
        yield {
            "memory": lambda: "memory:",
            "sqlite": lambda: f"sqlite:{Path(folder) / str(next(numbers))}",
            "redis": lambda: f"redis://127.0.0.1:{port}/{next(numbers) % 16}?timeout=5s",
            "momento-local": lambda: (
                f"momento-local://127.0.0.1:{local}/{momento_local.CACHE}-{next(numbers)}?timeout=5s"
            ),
        }


def run() -> Iterator[str]:
    """Every store, every way of asking; and a cache that does not share calls."""
    with stores() as found:
        for name, fresh in found.items():
            with llmcache.open(fresh(), ttl=60) as cache:
                lines = [*lines_of(by_request(cache), name), *lines_of(by_langchain(LLMCache(cache)), name)]
            yield "\n".join([f"a cold key, a model of {TAKES * 1000:.0f} ms, {name}", *lines])
        peer = lines_of(by_langchain(InMemoryCache()), "InMemoryCache")
        yield "\n".join([f"a cold key, a model of {TAKES * 1000:.0f} ms, LangChain's own cache", *peer])
        yield "\n".join(
            [
                f"a cold key, a model of {TAKES * 1000:.0f} ms, {PROCESSES} processes of {TASKS_EACH} tasks, coalesce = shared",
                *(line for name in ("sqlite", "redis", "momento-local") for line in _across(found[name], name)),
                *_across(lambda: PEER, "InMemoryCache", ("langchain",)),
            ]
        )


def _across(fresh: Callable[[], str], name: str, ways: tuple[str, ...] = ("get_or_call", "langchain")) -> Iterator[str]:
    for how in ways:
        rounds = [processes(fresh(), how) for _ in range(ROUNDS)]
        for crowd, came in zip(CROWDS, zip(*rounds, strict=True), strict=True):
            took = sorted(seconds for seconds, _ in came)
            yield (
                f"  {name:16}{how:14}{crowd:32}calls {sum(calls for _, calls in came) / ROUNDS:6.1f}"
                f"   {took[ROUNDS // 2] / TAKES:5.2f} x the model (worst {took[-1] / TAKES:5.2f})"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
