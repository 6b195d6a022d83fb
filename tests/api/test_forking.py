"""An open cache in a child process, and in the middle of itself: no lock stays taken."""

import threading
from collections.abc import Callable

import llmcache
from llmcache.api.counters import Counters
from llmcache.api.decoded import Decoded
from llmcache.codec.envelope import pack
from llmcache.memory import forking
from llmcache.model.entry import Entry
from llmcache.model.event import Event, Happening
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from tests.forks import in_child

KEY = Key(Space(Namespace.of("shop"), Kind.RESPONSE), "ab" * 32)
BODY = pack(Entry("x", made_at=1.0), KEY)


def use(counters: Counters, decoded: Decoded) -> bool:
    """Take every lock of an open cache once."""
    counters.count(Event(Happening.MISS, KEY.digest))
    counters.add_miss()
    decoded.unpack(BODY, KEY)
    return counters.stats().misses > 0


def is_done(work: Callable[[], object]) -> bool:
    """True where `work` ends in a thread of its own within ten seconds."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(timeout=10)
    return not thread.is_alive()


def test_a_signal_in_the_middle_of_counting_does_not_wait_for_itself() -> None:
    """A handler runs in the thread that it interrupts, which may hold a lock already."""
    counters, decoded = Counters(), Decoded()

    def interrupted() -> None:
        with counters._lock, decoded._lock:
            use(counters, decoded)

    assert is_done(interrupted)
    assert counters.stats().misses == 2


def test_a_child_finds_every_lock_of_a_cache_free() -> None:
    """The fork waits for what other threads do under the locks of an open cache."""
    before = set(forking._locks)
    cache = llmcache.open("memory:")
    locks = {cache.setup.counters._lock, cache.setup.decoded._lock}

    assert locks <= set(forking._locks) - before


def test_a_child_counts_and_decodes_for_itself() -> None:
    """Also where it was forked among threads that do the same all the time."""
    counters, decoded, stop = Counters(), Decoded(), threading.Event()

    def work() -> None:
        while not stop.is_set():
            use(counters, decoded)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        statuses = {in_child(lambda: is_done(lambda: use(counters, decoded))) for _ in range(10)}
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert statuses == {0}
