"""Writing behind and all else that is done under the same keys: nothing is overtaken, and nothing lost to a failure."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from llmcache.drivers import draining
from llmcache.errors import StoreUnavailable
from llmcache.flows.once import lease_key
from llmcache.memory import MemoryStore
from llmcache.memory.backlog import OVERHEAD
from llmcache.model.key import Key
from llmcache.protocols.key_value import Put
from llmcache.protocols.whole import Store
from tests.drivers.behind import LONG, SPACE, TAG, A, B, Behind, C, D, later


@pytest.fixture
def behind() -> Iterator[Behind]:
    """A store that is well."""
    made = Behind()
    yield made
    made.store.gate.set()
    made.blocking.close()


@pytest.mark.parametrize(
    "look",
    [
        lambda store: store.delete_if_equal(A, b"other"),
        lambda store: store.spaces(),
        lambda store: store.scan(SPACE),
    ],
    ids=["delete if equal", "spaces", "scan"],
)
def test_what_is_written_for_others_is_in_flight(behind: Behind, look: Callable[[Store], object]) -> None:
    """Who needs to find in the store what waits has it written; meanwhile it is read, and deleting waits for it."""
    others = threading.Event()
    seen: list[bytes | None] = []
    deleting = threading.Thread(target=lambda: behind.blocking.delete_many((A,)))

    def write(puts: Sequence[Put]) -> None:
        if puts[0].key == B:
            assert others.wait(LONG)
        else:
            seen.extend(behind.blocking.get_many((A,)))
            deleting.start()
            deleting.join(0.1)

    behind.store.fail = write
    behind.put(B)
    assert behind.store.at_the_gate.acquire(timeout=LONG)
    behind.put(A)
    looking = later(lambda: look(behind.blocking))
    looking.join(0.2)
    others.set()
    looking.join(LONG)
    deleting.join(LONG)

    assert ([b"body"], [None]) == (seen, behind.inside(A))


@pytest.mark.parametrize(
    ("meanwhile", "found"),
    [
        (lambda behind: behind.put(A, body=b"new"), [False, b"new"]),
        (lambda behind: behind.put(C, D), [True, b"other"]),
    ],
    ids=["replaced", "dropped"],
)
def test_what_others_wait_for_may_change(meanwhile: Callable[[Behind], None], found: list[object]) -> None:
    """What is put in its place is waited for instead; where nothing is left, nobody waits for it."""
    small = Behind(2 * (OVERHEAD + 4))
    answers: list[object] = []
    with small.one_in_flight(B):
        small.put(A)
        asking = later(lambda: answers.append(small.blocking.put_if_absent(Put(A, b"other"))))
        asking.join(0.1)
        meanwhile(small)
    asking.join(LONG)
    answers += small.inside(A)
    small.blocking.close()

    assert found == answers


@pytest.mark.parametrize("is_waiting", [False, True])
def test_nothing_is_written_in_the_middle_of_a_change(
    behind: Behind, monkeypatch: pytest.MonkeyPatch, is_waiting: bool
) -> None:
    """A deletion could undo what is still read from the backlog: what is put meanwhile is written behind it."""
    deleting, go = threading.Event(), threading.Event()
    delete = behind.store.delete_many

    def slow(keys: Sequence[Key]) -> None:
        deleting.set()
        assert go.wait(LONG)
        delete(keys)

    monkeypatch.setattr(behind.store, "delete_many", slow)
    if is_waiting:
        behind.put(A, body=b"old")
    deletion = later(lambda: behind.blocking.delete_many((A,)))
    assert deleting.wait(LONG)
    behind.put(A, B)
    behind.blocking.delete_if_equal(B, b"other")  # which B is written for
    before = (behind.inside(A, B), behind.blocking.get_many((A,)))
    go.set()
    deletion.join(LONG)
    behind.blocking.delete_if_equal(A, b"other")  # likewise A

    assert ([b"old" if is_waiting else None, b"body"], [b"body"]) == before
    assert [b"body", b"body"] == behind.inside(A, B)


def test_listing_writes_no_more_at_once_than_the_thread(behind: Behind) -> None:
    """Stores have limits for one call."""
    keys = [Key(SPACE, f"{number:012d}") for number in range(100)]
    behind.store.is_away = True
    with behind.one_in_flight(A):
        behind.put(*keys)
    with pytest.raises(StoreUnavailable):
        behind.blocking.delete_many((A,))  # when the thread has failed, and pauses
    behind.is_back()

    assert [101] == [use.entries for use in behind.blocking.spaces()]
    assert max(map(len, behind.store.batches)) == draining._BATCH


@pytest.mark.parametrize(
    "change",
    [
        lambda store: store.delete_many((A,)),
        lambda store: store.clear(SPACE),
        lambda store: store.put_many((Put(A, b"new"), Put(TAG, b"mark"))),
    ],
    ids=["delete", "clear", "put at once"],
)
def test_failed_change_leaves_what_waits(behind: Behind, change: Callable[[Store], object]) -> None:
    """It is read as before, and written when the store is back."""
    MemoryStore.put_many(behind.store, (Put(A, b"old"),))
    behind.store.is_away = True
    behind.put(A)
    with pytest.raises(StoreUnavailable):
        change(behind.blocking)
    found = behind.blocking.get_many((A,))
    behind.is_back()
    behind.blocking.spaces()  # when everything is written

    assert ([b"body"], [b"body"]) == (found, behind.inside(A))


def test_lease_is_given_back_behind_the_answer(behind: Behind) -> None:
    """Whoever takes it next, in another process, finds what it was taken for."""
    lease = lease_key(A)
    assert behind.blocking.put_if_absent(Put(lease, b"mine"))
    with behind.one_in_flight(A):
        giving = later(lambda: behind.blocking.delete_if_equal(lease, b"mine"))
        giving.join(0.1)
        inside = behind.inside(lease)
    giving.join(LONG)

    assert ([b"mine"], [None, b"body"]) == (inside, behind.inside(lease, A))
