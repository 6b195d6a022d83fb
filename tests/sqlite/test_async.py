"""What is the async colour's own: where the work is done, and what a cancelled call leaves."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from llmcache.errors import ClosedError
from llmcache.protocols.deed import Deed
from llmcache.protocols.key_value import Put
from llmcache_sqlite import AsyncSqliteStore, SqliteStore, open_pair
from llmcache_sqlite.entries import Item
from llmcache_sqlite.transaction import Transaction
from llmcache_sqlite.work import Write
from tests.sqlite.things import SPACE, body_of, engine_of, key, log


@pytest.fixture
async def pair(folder: Path) -> AsyncIterator[tuple[SqliteStore, AsyncSqliteStore]]:
    """Both colours of one open store."""
    opened = open_pair(folder)
    assert isinstance(opened.blocking, SqliteStore)
    assert isinstance(opened.awaiting, AsyncSqliteStore)
    yield opened.blocking, opened.awaiting
    await opened.awaiting.close()


Pair = tuple[SqliteStore, AsyncSqliteStore]


async def test_reads_start_no_thread_and_writes_one(pair: Pair) -> None:
    """Reads are answered in the loop's own thread; all writes share one other."""
    store = pair[1]
    before = threading.active_count()
    assert [None] == await store.get_many((key("a"),))
    assert ([], 0) == (await store.read_log(log()), await store.log_length(log()))
    assert before == threading.active_count()
    await asyncio.gather(*(store.put_many((Put(key(number), b""),)) for number in range(50)))

    assert before + 1 == threading.active_count()


async def test_read_is_done_before_anything_else_runs(pair: Pair) -> None:
    """A read does not give the loop away: it costs a task no turn."""
    store = pair[1]
    await store.put_many((Put(key("a"), b"a"),))
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "another")
    found = await store.get_many((key("a"),))

    assert ([b"a"], []) == (found, turns)


async def test_tasks_that_write_together_are_few_commits(pair: Pair) -> None:
    """A hundred tasks that put at once need a few transactions, not a hundred."""
    blocking, store = pair
    await store.put_many((Put(key("first"), b""),))
    commits: list[str] = []
    file = engine_of(blocking).file
    with file.gate:
        file.writer().connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        writes = asyncio.gather(*(store.put_many((Put(key(number), body_of(number)),)) for number in range(100)))
        await asyncio.sleep(0)
    await writes

    assert len(commits) <= 10
    assert [body_of(number) for number in range(100)] == await store.get_many([key(n) for n in range(100)])


async def test_loop_is_free_while_the_writer_is_held_up(pair: Pair) -> None:
    """Another thread of this process is in the middle of a transaction: reads and other tasks go on."""
    blocking, store = pair
    await store.put_many((Put(key("a"), b"old"),))
    inside, may_end = threading.Event(), threading.Event()

    def slow(transaction: Transaction) -> None:
        transaction.execute("DELETE FROM entry")
        inside.set()
        may_end.wait()

    thread = threading.Thread(target=lambda: engine_of(blocking).write(Write(Deed("test"), slow)))
    thread.start()
    await asyncio.to_thread(inside.wait)
    write = asyncio.ensure_future(store.put_many((Put(key("b"), b"new"),)))
    during = await store.get_many((key("a"), key("b")))
    was_done = write.done()
    may_end.set()
    await write
    thread.join()

    assert ([b"old", None], False) == (during, was_done)
    assert [None, b"new"] == await store.get_many((key("a"), key("b")))


async def test_cancelled_in_the_middle_is_done_when_told(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write whose transaction has begun is waited for: whoever cancelled it finds the store after it."""
    blocking, store = pair
    inside, may_end = threading.Event(), threading.Event()
    keep = engine_of(blocking).entries.write

    def slow(transaction: Transaction, items: Sequence[Item]) -> None:
        inside.set()
        may_end.wait()
        keep(transaction, items)

    monkeypatch.setattr(engine_of(blocking).entries, "write", slow)
    write = asyncio.ensure_future(store.put_many((Put(key("a"), b"a"),)))
    await asyncio.to_thread(inside.wait)
    write.cancel()
    await asyncio.sleep(0)
    write.cancel()
    was_done = write.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await write

    assert not was_done
    assert [b"a"] == await store.get_many((key("a"),))


async def test_writes_that_wait_end_when_the_store_is_closed(pair: Pair) -> None:
    """Closing while writes wait fails them with ClosedError or does them; none hangs."""
    blocking, store = pair
    file = engine_of(blocking).file
    with file.gate:
        writes = [asyncio.ensure_future(store.put_many((Put(key(n), b""),))) for n in range(20)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*writes, closing, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} <= {type(None), ClosedError}


async def test_loops_in_two_threads_share_a_store(pair: Pair) -> None:
    """Each caller is woken in its own loop."""
    store = pair[1]

    async def work(name: str) -> int:
        for number in range(50):
            await store.append(log(name), [b"%d" % number])
        return await store.log_length(log(name))

    other = asyncio.to_thread(lambda: asyncio.run(work("other")))
    lengths = list(await asyncio.gather(work("own"), other))

    assert [50, 50] == lengths


def test_loop_that_is_gone_does_not_stop_the_worker(folder: Path) -> None:
    """A loop is closed while its write is in the queue: writes of other loops go on."""
    opened = open_pair(folder)
    assert isinstance(opened.blocking, SqliteStore)
    assert isinstance(opened.awaiting, AsyncSqliteStore)
    store = opened.awaiting
    file = engine_of(opened.blocking).file
    loop = asyncio.new_event_loop()
    with file.gate:
        left = loop.create_task(store.put_many((Put(key("left"), b""),)))
        loop.run_until_complete(asyncio.sleep(0))
        left._log_destroy_pending = False  # type: ignore[attr-defined]  # it is left on purpose
        loop.close()
    asyncio.run(store.put_many((Put(key("later"), b"later"),)))
    left.get_coro().close()
    found = opened.blocking.get_many((key("later"),))
    opened.blocking.close()

    assert [b"later"] == found


async def test_listing_is_done_in_a_thread(pair: Pair) -> None:
    """What may take seconds in a large store does not hold the loop up."""
    store = pair[1]
    await store.put_many((Put(key("a"), b"12"),))
    turns: list[str] = []
    asyncio.get_running_loop().call_soon(turns.append, "another")
    uses = await store.spaces()

    assert ["another"] == turns
    assert [(SPACE, 1, 2)] == [(use.space, use.entries, use.body_bytes) for use in uses]
    assert [key("a")] == [listed.key for listed in await store.scan(SPACE)]
