"""Many writers of one history on SQLite, from several processes: nothing lost, nothing split, each one's order kept."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from langchain_core.messages import BaseMessage, HumanMessage

import llmcache
from llmcache_langchain import ChatMessageHistory

PROCESSES, THREADS, TASKS, MESSAGES, AT_ONCE = 4, 8, 64, 200, 5


def batches(writer: str) -> list[list[BaseMessage]]:
    """The messages of one writer, in the batches it appends them in."""
    starts = range(0, MESSAGES, AT_ONCE)
    return [[HumanMessage(f"{writer} {number}") for number in range(start, start + AT_ONCE)] for start in starts]


def write_in_thread(history: ChatMessageHistory, writer: str) -> None:
    """Append a writer's messages one batch after the other."""
    for batch in batches(writer):
        history.add_messages(batch)


async def write_in_task(history: ChatMessageHistory, writer: str) -> None:
    """The same, awaited."""
    for batch in batches(writer):
        await history.aadd_messages(batch)


def write_all(url: str, process: str) -> None:
    """What one process does: threads and tasks at the same time, on one history."""
    with llmcache.open(url) as cache:
        history = ChatMessageHistory("shared", cache)
        threads = [
            threading.Thread(target=write_in_thread, args=(history, f"{process}-thread-{n}")) for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        asyncio.run(_all_tasks(history, process))
        for thread in threads:
            thread.join()


async def _all_tasks(history: ChatMessageHistory, process: str) -> None:
    await asyncio.gather(*(write_in_task(history, f"{process}-task-{n}") for n in range(TASKS)))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_split_or_reordered(tmp_path: Path) -> None:
    """4 processes, each with 8 threads and 64 tasks, each of which appends 200 messages, five at a time."""
    url = f"sqlite:{tmp_path}?timeout=120s"
    command = [sys.executable, "-c", f"from {__name__} import write_all; import sys; write_all(*sys.argv[1:])"]
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([*command, url, f"p{n}"], cwd=root) for n in range(PROCESSES)]
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
    assert all(numbers == list(range(MESSAGES)) for numbers in of_each.values())
    assert all(piece == [(piece[0][0], piece[0][1] + n) for n in range(AT_ONCE)] for piece in pieces)
