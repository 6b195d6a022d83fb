"""The layer that lets a caller go on before its answer is written, and the thread that writes."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from llmcache.drivers import draining
from llmcache.drivers.draining import Draining
from llmcache.drivers.worlds import Surroundings
from llmcache.errors import StoreLimit, StoreRefused, StoreTimeout, StoreUnavailable, UsageError
from llmcache.memory import MemoryStore
from llmcache.memory.backlog import OVERHEAD
from llmcache.model.event import Happening
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import Store
from tests.drivers.behind import LEASE, LONG, SPACE, TAG, A, B, Behind, C, D, later
from tests.forks import in_child


@pytest.fixture
def behind() -> Iterator[Behind]:
    """A store that is well."""
    made = Behind()
    yield made
    made.store.gate.set()
    made.blocking.close()


async def test_caller_goes_on_and_reads_what_it_wrote(behind: Behind) -> None:
    """Before anything is written, in both colours, beside what is in the store."""
    MemoryStore.put_many(behind.store, (Put(C, b"old"),))
    with behind.one_in_flight(A):
        await behind.awaiting.put_many((Put(B, b"b"), Put(C, b"new")))
        found = [behind.blocking.get_many((A, C, LEASE, B)), await behind.awaiting.get_many((B, A))]
        inside = behind.inside(A, B, C)

    assert [[b"body", b"new", None, b"b"], [b"b", b"body"]] == found
    assert [None, None, b"old"] == inside


def test_closing_writes_what_waits(behind: Behind) -> None:
    """In few calls, in order; the thread ends."""
    with behind.one_in_flight(A):
        behind.put(B, C)
    behind.blocking.close()

    assert [[A], [B, C]] == behind.store.batches
    assert not [thread for thread in threading.enumerate() if thread.name == "llmcache-memory-writer"]


async def test_closing_the_async_colour_does_too(behind: Behind) -> None:
    """Without blocking the event loop."""
    with behind.one_in_flight(A):
        await behind.awaiting.put_many((Put(B, b"b"),))
        closing = asyncio.ensure_future(behind.awaiting.close())
        await asyncio.sleep(0)
        assert not closing.done()
    await closing

    assert [[A], [B]] == behind.store.batches


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.delete_many((A,)),
        lambda store: store.clear(SPACE),
        lambda store: store.delete_if_equal(A, b"body"),
    ],
    ids=["delete", "clear", "delete if equal"],
)
@pytest.mark.parametrize("where", ["in flight", "waiting"])
def test_what_is_deleted_stays_deleted(behind: Behind, change: Callable[[Store], object], where: str) -> None:
    """A put that came before is not written behind it, whether it waits or is being written."""
    with behind.one_in_flight(A if where == "in flight" else B):
        behind.put(A)
        thread = later(lambda: change(behind.blocking))
        thread.join(0.1)
        waited = thread.is_alive()
    thread.join(LONG)
    behind.blocking.spaces()  # when everything is written

    assert [None] == behind.blocking.get_many((A,))
    assert waited or where == "waiting"


async def test_what_is_deleted_awaited_stays_deleted(behind: Behind) -> None:
    """The loop goes on while the write that is under way is waited for; whoever is cancelled spoils it for nobody."""
    with behind.one_in_flight(A):
        waits = [asyncio.ensure_future(behind.awaiting.delete_many((A,))) for _ in range(2)]
        await asyncio.sleep(0)
        waits[0].cancel()
        await asyncio.wait(waits[:1])
    await waits[1]

    assert [None] == await behind.awaiting.get_many((A,))


def test_conditions_see_what_waits(behind: Behind) -> None:
    """What waits under their key is written first."""
    with behind.one_in_flight(B):
        behind.put(A)
    answers = [
        behind.blocking.put_if_absent(Put(A, b"other")),
        behind.blocking.delete_if_equal(A, b"other"),
        behind.blocking.delete_if_equal(A, b"body"),
    ]

    assert [False, False, True] == answers


def test_listing_sees_what_waits(behind: Behind) -> None:
    """Who looks is shown what was put."""
    behind.put(A, B)

    assert [2] == [use.entries for use in behind.blocking.spaces()]
    behind.put(C)
    assert [A, B, C] == [listed.key for listed in behind.blocking.scan(SPACE)]


def test_what_cannot_be_had_again_is_written_at_once(behind: Behind) -> None:
    """Tag marks and leases never wait, nor what is put in one call with them."""
    behind.blocking.put_many((Put(TAG, b"mark"), Put(A, b"body")))

    assert [b"mark", b"body"] == behind.inside(TAG, A)
    with pytest.raises(UsageError):
        behind.blocking.put_many((Put(A, "text"),))  # type: ignore[arg-type]  # what is tested


def test_full_backlog_drops_the_oldest(behind: Behind) -> None:
    """It is told, and reads do not find it."""
    small = Behind(2 * (OVERHEAD + 4))
    with small.one_in_flight(A):
        small.put(B, C)
        found = small.blocking.get_many((B, C))
    small.blocking.close()

    assert [(Happening.DROPPED, "a")] == small.heard(1)
    assert ([b"body", b"body"], [[A], [B, C]]) == (found, small.store.batches)


def test_body_that_never_fits_is_written_at_once() -> None:
    """Slower, but kept."""
    small = Behind(OVERHEAD + 4)
    small.put(A, body=b"12345")

    assert [b"12345"] == small.inside(A)
    small.blocking.close()


def test_store_that_is_away_is_tried_again(behind: Behind) -> None:
    """What waits stays, is read, and is written when the store is back."""
    errors: list[Exception] = [StoreUnavailable("down"), StoreTimeout("late")]

    def fail(puts: Sequence[Put]) -> None:
        if errors:
            raise errors.pop()

    behind.store.fail = fail
    behind.put(A)
    for _ in range(3):
        assert behind.store.at_the_gate.acquire(timeout=LONG)
        assert [b"body"] == behind.blocking.get_many((A,))
    behind.blocking.close()

    assert ([[A]] * 3, []) == (behind.store.batches, behind.told)


def test_what_the_store_does_not_take_is_dropped_and_told(behind: Behind) -> None:
    """By the class of its error; its neighbours are written."""

    def fail(puts: Sequence[Put]) -> None:
        if any(put.key == B for put in puts):
            raise StoreLimit("large")
        if any(put.key == C for put in puts):
            raise StoreRefused("no")

    behind.store.fail = fail
    with behind.one_in_flight(D):
        behind.put(A, B, C)
    told = behind.heard(2)

    assert [(Happening.TOO_LARGE, "b"), (Happening.STORE_FAILED, "c")] == told
    assert [b"body", None, None] == behind.blocking.get_many((A, B, C))


def test_store_that_stays_away_costs_what_waits(behind: Behind) -> None:
    """Closing does not wait for it: everything is told as dropped."""

    def fail(puts: Sequence[Put]) -> None:
        raise StoreUnavailable("down")

    behind.store.fail = fail
    behind.put(A, B)
    assert behind.store.at_the_gate.acquire(timeout=LONG)
    behind.blocking.close()

    assert {(Happening.DROPPED, "a"), (Happening.DROPPED, "b")} == set(behind.heard(2))


def test_closing_waits_so_long(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that hangs keeps nobody from closing; what waits is told as dropped."""
    monkeypatch.setattr("llmcache.drivers.writing_behind.LONGEST_END", 0.05)
    with behind.one_in_flight(A):
        behind.put(B)
        behind.blocking.close()

    assert {(Happening.DROPPED, "a"), (Happening.DROPPED, "b")} == set(behind.heard(2))


def test_failed_condition_leaves_what_waits(behind: Behind) -> None:
    """What was to be written before it is still written later."""
    errors = [StoreUnavailable("down")]

    def fail(puts: Sequence[Put]) -> None:
        if errors and puts[0].key == A:
            raise errors.pop()

    def put_if_absent() -> None:
        with pytest.raises(StoreUnavailable):
            behind.blocking.put_if_absent(Put(A, b"x"))

    with behind.one_in_flight(B):
        behind.put(A)
        behind.store.fail = fail
        thread = later(put_if_absent)
    thread.join(LONG)
    for _ in range(2):
        assert behind.store.at_the_gate.acquire(timeout=LONG)
    behind.blocking.close()

    assert [[A], [A], [B]] == sorted(behind.store.batches, key=str)
    assert [A] == behind.store.batches[-1]


def test_child_process_begins_with_nothing(behind: Behind) -> None:
    """What waits is its parent's to write; its own puts are written by a thread of its own."""
    with behind.one_in_flight(A):
        behind.put(B)

        def work() -> bool:
            behind.store.gate.set()
            empty = behind.blocking.get_many((A, B))
            behind.put(C)
            behind.blocking.close()
            return empty == [None, None] and behind.store.batches == [[C]]

        status = in_child(work)
    behind.blocking.close()

    assert (0, [[A], [B]]) == (status, behind.store.batches)


def test_system_without_threads_writes_at_once(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slower, but kept."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    behind.put(A)

    assert [b"body"] == behind.inside(A)


def test_end_of_the_program_waits_for_all(behind: Behind) -> None:
    """What `atexit` runs ends every open backlog, whoever forgot to close it."""
    with behind.one_in_flight(A):
        behind.put(B)
    draining._end_all()

    assert [b"body", b"body"] == behind.inside(A, B)


def test_unused_one_is_forgotten() -> None:
    """No list holds what nobody uses."""
    import gc  # noqa: PLC0415 -- for this test alone

    def count() -> int:
        gc.collect()
        return len(draining._OPEN)

    before = count()
    made: list[Any] = [Draining(MemoryStore(), Surroundings(lambda: 0.0, lambda: 0.0, print), list)]  # type: ignore[arg-type]  # never used
    during = count()
    made.clear()

    assert (before + 1, before) == (during, count())
