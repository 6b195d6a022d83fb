"""Another process that stops in the middle of a write: opening and reading go on, writing waits no longer than it may."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmcache.errors import ClosedError, StoreTimeout
from llmcache.protocols.key_value import Put
from llmcache_sqlite import open_pair, open_store
from tests.sqlite.conftest import Opener
from tests.sqlite.programs import Program
from tests.sqlite.things import answer, body_of, file_of, key, log, put

pytestmark = pytest.mark.slow

TIMEOUT = 0.3
# A shared machine may take this much longer for anything.
SLACK = 1.5

STUCK = """
store = open_store(folder)
put(store, "old")
store.append(log(), [b"1"])
c = sqlite3.connect(folder / "llmcache-1.sqlite", isolation_level=None)
c.execute("BEGIN IMMEDIATE"); c.execute("DELETE FROM entry")
tell("stuck"); sys.stdin.readline()
c.execute("ROLLBACK"); tell("free"); sys.stdin.read()
"""


@pytest.fixture
def stuck(folder: Path) -> Iterator[Program]:
    """A process that was stopped by a signal while it held the write lock."""
    with Program(STUCK, folder) as program:
        assert "stuck" == program.line()
        program.freeze()
        yield program


def test_opening_writes_nothing_and_waits_for_nobody(stuck: Program, folder: Path, opener: Opener) -> None:
    """Opening and reading take their usual time, see what was committed, and leave the file as it was."""
    before = file_of(folder).stat()
    start = time.monotonic()
    store = opener()
    found, bodies = answer(store, "old"), store.read_log(log())
    took = time.monotonic() - start
    after = file_of(folder).stat()

    assert (body_of("old"), [b"1"]) == (found, bodies)
    assert took < SLACK
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


def test_writing_waits_no_longer_than_it_may(stuck: Program, opener: Opener) -> None:
    """Every kind of write ends by its time limit with StoreTimeout, and nothing of it is done."""
    store = opener(timeout=TIMEOUT)
    writes: list[Callable[[], object]] = [
        lambda: put(store, "new"),
        lambda: store.put_if_absent(Put(key("new"), b"")),
        lambda: store.delete_many((key("old"),)),
        lambda: store.clear(key("old").space),
        lambda: store.append(log(), [b"2"]),
        lambda: store.delete_log(log()),
    ]
    for write in writes:
        start = time.monotonic()
        with pytest.raises(StoreTimeout, match="another connection holds the lock"):
            write()
        assert TIMEOUT <= time.monotonic() - start < TIMEOUT + SLACK

    assert [body_of("old"), None] == store.get_many((key("old"), key("new")))
    assert [b"1"] == store.read_log(log())


def test_writing_goes_on_when_the_lock_is_free(stuck: Program, opener: Opener) -> None:
    """A write that gave up leaves nothing behind that would hinder the next."""
    store = opener(timeout=TIMEOUT)
    with pytest.raises(StoreTimeout):
        put(store, "new")
    stuck.thaw()
    stuck.say()
    assert "free" == stuck.line()
    put(store, "new")

    assert body_of("new") == answer(store, "new")


async def longest_pause(work: asyncio.Future[list[BaseException | None]]) -> float:
    """Return the longest time the loop did not come round while `work` was going on."""
    longest, last = 0.0, time.monotonic()
    while not work.done():
        await asyncio.sleep(0.001)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return longest


async def test_event_loop_is_not_blocked(stuck: Program, folder: Path) -> None:
    """While writes wait for the lock the loop goes round, and reads are answered."""
    store = open_pair(folder, timeout=1.0).awaiting
    assert store is not None
    writes = asyncio.gather(*(store.put_many((Put(key(n), b""),)) for n in range(20)), return_exceptions=True)
    pause = await longest_pause(writes)
    found = await store.get_many((key("old"),))
    outcomes = await writes
    await store.close()

    assert [body_of("old")] == found
    assert [StoreTimeout] * 20 == [type(outcome) for outcome in outcomes]
    # Not the loop's 20 ms, because another program may have had this processor; far from the second they waited.
    assert pause < 0.5


async def test_cancelled_while_waiting_does_nothing(stuck: Program, folder: Path) -> None:
    """A write that waits for the lock is cancelled at once, and is not done later."""
    store = open_pair(folder, timeout=30.0).awaiting
    assert store is not None
    write = asyncio.ensure_future(store.put_many((Put(key("new"), b""),)))
    append = asyncio.ensure_future(store.append(log(), [b"2"]))  # type: ignore[attr-defined]  # it is a whole store
    await asyncio.sleep(0)
    write.cancel()
    append.cancel()
    start = time.monotonic()
    await asyncio.gather(write, append, return_exceptions=True)
    took = time.monotonic() - start
    stuck.thaw()
    stuck.say()
    assert "free" == stuck.line()
    await store.put_many((Put(key("later"), b""),))
    found = await store.get_many((key("new"), key("later")))
    await store.close()

    assert took < SLACK
    assert [None, b""] == found
    second = open_store(folder)
    bodies = second.read_log(log())
    second.close()
    assert [b"1"] == bodies


def test_closing_ends_a_wait(stuck: Program, folder: Path) -> None:
    """A store is closed while a write of another thread waits for the lock: the write ends with ClosedError, soon."""
    code = """
store = open_store(folder, timeout=30)
def work():
    try:
        put(store, "new")
    except Exception as error:
        tell(type(error).__name__)
thread = threading.Thread(target=work)
thread.start()
while not engine_of(store)._writing._turn.locked():
    pass
store.close(); thread.join()
"""
    start = time.monotonic()
    with Program(code, folder) as program:
        told = program.line()
        program.end()

    assert ClosedError.__name__ == told
    assert time.monotonic() - start < 15.0
