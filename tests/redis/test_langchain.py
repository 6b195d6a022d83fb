"""LangChain's own standard suites for caches on Redis, in both colours, and many writers of one history."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from langchain_core.caches import BaseCache
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite

import llmcache
from llmcache_langchain import ChatMessageHistory, LLMCache
from tests.langchain.test_many_writers import AT_ONCE, MESSAGES, PROCESSES, TASKS, THREADS
from tests.redis.servers import Server

# Every test begins with an empty cache, and databases of one server are cheap to tell apart.
BLOCKING, ASYNC, HISTORY = 7, 8, 9


class TestRedis(SyncCacheTestSuite):
    """The blocking suite."""

    @pytest.fixture
    def cache(self, server: Server) -> Iterator[BaseCache]:
        opened = LLMCache(f"redis://127.0.0.1:{server.port}/{BLOCKING}?timeout=20s")
        opened.clear()
        yield opened
        opened.close()


class TestRedisAsync(AsyncCacheTestSuite):
    """The async suite."""

    @pytest.fixture
    async def cache(self, server: Server) -> AsyncIterator[BaseCache]:
        opened = LLMCache(f"redis://127.0.0.1:{server.port}/{ASYNC}?timeout=20s")
        await opened.aclear()
        yield opened
        await opened.aclose()


@pytest.mark.slow
def test_many_writers_of_one_history(server: Server) -> None:
    """4 processes, each with 8 threads and 64 tasks, each of which appends 200 messages, five at a time: none is lost or split."""
    url = f"redis://127.0.0.1:{server.port}/{HISTORY}?log_timeout=60s"
    with llmcache.open(url) as cache:
        cache.history("shared").clear()
    code = "from tests.langchain.test_many_writers import write_all; import sys; write_all(*sys.argv[1:])"
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([*command, url, f"p{n}"], cwd=root) for n in range(PROCESSES)]
    codes = [writer.wait(110) for writer in writers]
    with llmcache.open(url) as cache:
        texts = [message.text for message in ChatMessageHistory("shared", cache).messages]
        cache.history("shared").clear()
    lines = [(writer, int(number)) for writer, number in (text.rsplit(" ", 1) for text in texts)]
    of_each: dict[str, list[int]] = {}
    for writer, number in lines:
        of_each.setdefault(writer, []).append(number)
    pieces = [lines[start : start + AT_ONCE] for start in range(0, len(lines), AT_ONCE)]

    assert [0] * PROCESSES == codes
    assert PROCESSES * (THREADS + TASKS) == len(of_each)
    assert all(numbers == list(range(MESSAGES)) for numbers in of_each.values())
    assert all(piece == [(piece[0][0], piece[0][1] + n) for n in range(AT_ONCE)] for piece in pieces)
