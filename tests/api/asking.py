"""A program that asks a cold key many times at once, sharing with other processes: `python -m tests.api.asking ...`.

It opens its cache, says "ready", waits for a line, asks, and prints what came. Each call of its model writes a line to a
file that all processes share.
"""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import llmcache
from llmcache.flows import once

if TYPE_CHECKING:
    from tests.langchain.models import FakeModel

REQUEST = llmcache.Request("m", [{"role": "user", "content": "cold"}])


def main(url: str, calls: str, how: str, many: str, model: str) -> None:
    """Ask in threads or tasks; the model answers after 0.2 s, fails once in the world, or never answers at all."""
    # A second is long enough to hold, and short enough to wait for.
    once.LEASE = 1.0  # type: ignore[misc]  # it is final for everybody else
    asking = {"threads": _in_threads, "tasks": _in_tasks, "invoke": _invoke, "ainvoke": _ainvoke}[how]
    with llmcache.open(url) as cache, llmcache.options(coalesce="shared"):
        cache.responses.get(REQUEST)
        print("ready", flush=True)
        sys.stdin.readline()
        for answer in asking(cache, Path(calls), int(many), model):
            print(answer, flush=True)
        print("coalesced", cache.stats().coalesced, flush=True)


def _called(calls: Path, model: str) -> str:
    """Write down the call, and behave as the model does."""
    number = _written(calls)
    print("called", flush=True)
    if model == "hangs":
        threading.Event().wait()
    if model == "fails once" and number == 1:
        raise ConnectionError("the provider's")
    return f"answer {number}"


def _written(calls: Path) -> int:
    with calls.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(calls.read_text().splitlines())


def _in_threads(cache: llmcache.Cache, calls: Path, many: int, model: str) -> list[str]:
    def call() -> str:
        threading.Event().wait(0.2)
        return _called(calls, model)

    def ask(_: int) -> str:
        with llmcache.options(coalesce="shared"):
            try:
                return str(cache.responses.get_or_call(REQUEST, call))
            except ConnectionError as error:
                return repr(error)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(ask, range(many)))


def _in_tasks(cache: llmcache.Cache, calls: Path, many: int, model: str) -> list[str]:
    async def call() -> str:
        await asyncio.sleep(0.2)
        return _called(calls, model)

    async def ask_all() -> list[str]:
        async with cache.awaiting as awaiting:
            asked = (awaiting.responses.get_or_call(REQUEST, call) for _ in range(many))
            found = await asyncio.gather(*asked, return_exceptions=True)
            return [answer if isinstance(answer, str) else repr(answer) for answer in found]

    return asyncio.run(ask_all())


def _model_of(cache: llmcache.Cache, calls: Path) -> "FakeModel":
    from langchain_core.messages import AIMessage, BaseMessage  # noqa: PLC0415 -- slow to import, and not every program asks so

    from llmcache_langchain import LLMCache  # noqa: PLC0415 -- likewise
    from tests.langchain.models import FakeModel  # noqa: PLC0415 -- likewise

    def answer(messages: list[BaseMessage]) -> AIMessage:
        threading.Event().wait(0.2)
        return AIMessage(_called(calls, "answers"))

    return FakeModel(cache=LLMCache(cache), answer=answer)


def _invoke(cache: llmcache.Cache, calls: Path, many: int, model: str) -> list[str]:
    asked = _model_of(cache, calls)

    def ask(_: int) -> str:
        with llmcache.options(coalesce="shared"):
            return asked.invoke("cold").text

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(ask, range(many)))


def _ainvoke(cache: llmcache.Cache, calls: Path, many: int, model: str) -> list[str]:
    asked = _model_of(cache, calls)

    async def ask_all() -> list[str]:
        async with cache.awaiting:
            found = await asyncio.gather(*(asked.ainvoke("cold") for _ in range(many)))
            return [message.text for message in found]

    return asyncio.run(ask_all())


if __name__ == "__main__":
    main(*sys.argv[1:])
