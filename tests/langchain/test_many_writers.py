"""Many writers of one history, from several processes: nothing lost, nothing split, each one's order kept."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

import llmcache
from llmcache_langchain import ChatMessageHistory
from tests.stores import Kind

PROCESSES, THREADS, TASKS, AT_ONCE = 4, 8, 64, 5
LONG, SHORT = 200, 20
"""Messages of each writer. The long conversation has 12 MB, more than Momento takes; the short one is as hard to share."""


def batches(writer: str, messages: int) -> list[list[BaseMessage]]:
    """The messages of one writer, in the batches it appends them in."""
    starts = range(0, messages, AT_ONCE)
    return [[HumanMessage(f"{writer} {number}") for number in range(start, start + AT_ONCE)] for start in starts]


def write_in_thread(history: ChatMessageHistory, writer: str, messages: int) -> None:
    """Append a writer's messages one batch after the other."""
    for batch in batches(writer, messages):
        history.add_messages(batch)


async def write_in_task(history: ChatMessageHistory, writer: str, messages: int) -> None:
    """The same, awaited."""
    for batch in batches(writer, messages):
        await history.aadd_messages(batch)


def write_all(url: str, process: str, messages: str) -> None:
    """What one process does: threads and tasks at the same time, on one history."""
    many = int(messages)
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("shared", cache)
        threads = [
            threading.Thread(target=write_in_thread, args=(history, f"{process}-thread-{n}", many))
            for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        asyncio.run(_all_tasks(history, process, many))
        for thread in threads:
            thread.join()


async def _all_tasks(history: ChatMessageHistory, process: str, messages: int) -> None:
    await asyncio.gather(*(write_in_task(history, f"{process}-task-{n}", messages) for n in range(TASKS)))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.stores(needs="shared", cluster=True)
def test_nothing_is_lost_split_or_reordered(url: str, store_kind: Kind) -> None:
    """4 processes, each with 8 threads and 64 tasks, each of which appends 200 messages, or 20, five at a time."""
    url, many = patient(url), LONG if store_kind.name in {"sqlite", "redis"} else SHORT
    command = [sys.executable, "-c", f"from {__name__} import write_all; import sys; write_all(*sys.argv[1:])"]
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([*command, url, f"p{n}", str(many)], cwd=root) for n in range(PROCESSES)]
    codes = [writer.wait() for writer in writers]
    with llmcache.open(url) as cache:
        texts = [message.text for message in ChatMessageHistory("shared", cache).messages]
    lines = [(writer, int(number)) for writer, number in (text.rsplit(" ", 1) for text in texts)]
    of_each: dict[str, list[int]] = {}
    for writer, number in lines:
        of_each.setdefault(writer, []).append(number)
    pieces = [lines[start : start + AT_ONCE] for start in range(0, len(lines), AT_ONCE)]

    assert codes == [0] * PROCESSES
    assert len(of_each) == PROCESSES * (THREADS + TASKS)
    assert all(numbers == list(range(many)) for numbers in of_each.values())
    assert all(piece == [(piece[0][0], piece[0][1] + n) for n in range(AT_ONCE)] for piece in pieces)


def patient(url: str) -> str:
    """Return the URL with time limits for 288 writers at once."""
    before = url.partition("?")[0]
    longer = "log_timeout=120s" if before.startswith("redis") else "timeout=120s"
    return f"{before}?{longer}" if not before.startswith("lmdb") else url
