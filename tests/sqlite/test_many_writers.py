"""Many writers of one log, from several processes: nothing lost, nothing split, each one's order kept."""

import asyncio
import threading
from pathlib import Path

import pytest

from llmcache.protocols.log import AsyncLogStore, LogStore
from llmcache_sqlite import AsyncSqliteStore, SqliteStore, open_pair, open_store
from tests.sqlite.programs import Program
from tests.sqlite.things import log

PROCESSES, THREADS, TASKS, MESSAGES = 4, 8, 64, 200


def batches(writer: str) -> list[list[bytes]]:
    """Return what one writer appends, call by call: 200 messages, one, two or three at a time."""
    messages = [f"{writer} {number}".encode() for number in range(MESSAGES)]
    calls: list[list[bytes]] = []
    while messages:
        size = len(calls) % 3 + 1
        calls.append(messages[:size])
        del messages[:size]
    return calls


def append_all(store: LogStore, writer: str) -> None:
    """Append a writer's messages, call after call."""
    for bodies in batches(writer):
        store.append(log(), bodies)


async def append_all_awaiting(store: AsyncLogStore, writer: str) -> None:
    """The same, awaited."""
    for bodies in batches(writer):
        await store.append(log(), bodies)


async def _all_tasks(store: AsyncLogStore, process: str) -> None:
    await asyncio.gather(*(append_all_awaiting(store, f"{process} task {number}") for number in range(TASKS)))


def write_all(folder: Path, process: str) -> None:
    """What one process does: threads and tasks at the same time, on one log."""
    pair = open_pair(folder, timeout=100.0)
    assert isinstance(pair.blocking, SqliteStore)
    assert isinstance(pair.awaiting, AsyncSqliteStore)
    threads = [
        threading.Thread(target=append_all, args=(pair.blocking, f"{process} thread {number}"))
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    asyncio.run(_all_tasks(pair.awaiting, process))
    for thread in threads:
        thread.join()
    pair.blocking.close()


def calls_found(bodies: list[bytes]) -> dict[str, list[int]]:
    """Return, for each writer, the numbers of its messages in the order they are found."""
    found: dict[str, list[int]] = {}
    for body in bodies:
        writer, _, number = body.decode().rpartition(" ")
        found.setdefault(writer, []).append(int(number))
    return found


def split_calls(bodies: list[bytes]) -> list[bytes]:
    """Return the first message of every call whose messages do not lie side by side."""
    place = {body: number for number, body in enumerate(bodies)}
    writers = {body.decode().rpartition(" ")[0] for body in bodies}
    return [
        call[0]
        for writer in writers
        for call in batches(writer)
        if [place[body] for body in call] != list(range(place[call[0]], place[call[0]] + len(call)))
    ]


@pytest.mark.slow
def test_nothing_is_lost_split_or_reordered(folder: Path) -> None:
    """Four processes, each with 8 threads and 64 tasks, each of which appends 200 messages to one log."""
    code = "from tests.sqlite.test_many_writers import write_all; write_all(folder, 'NUMBER')"
    programs = [Program(code.replace("NUMBER", str(number)), folder) for number in range(PROCESSES)]
    try:
        for program in programs:
            program.end()
    finally:
        for program in programs:
            program.__exit__(None, None, None)
    store = open_store(folder)
    bodies, length = store.read_log(log()), store.log_length(log())
    store.close()
    found = calls_found(bodies)

    assert PROCESSES * (THREADS + TASKS) * MESSAGES == length == len(bodies)
    assert PROCESSES * (THREADS + TASKS) == len(found)
    assert [] == [writer for writer, numbers in found.items() if numbers != list(range(MESSAGES))]
    assert [] == split_calls(bodies)
