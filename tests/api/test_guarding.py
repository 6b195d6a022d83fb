"""What an opened store is wrapped in, by what it declares."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import llmcache
from llmcache.api.guarding import guarded, written_behind
from llmcache.drivers.layered import AsyncWrittenThrough, LayeredStore, WrittenThrough
from llmcache.drivers.offload import Offloaded
from llmcache.drivers.worlds import Surroundings
from llmcache.errors import ConfigError
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.capabilities import Capabilities, Limits
from llmcache.model.key import Key
from llmcache.protocols.whole import StorePair
from llmcache_sqlite import open_pair
from tests.api.failing import cache_on
from tests.api.test_failing_store import PRODUCTS, Ask, request

AROUND = Surroundings(lambda: 0.0, lambda: 0.0, lambda told: None)
LONG = 60.0


class Declaring(MemoryStore):
    """A store that declares what it is told."""

    def __init__(self, declared: Capabilities) -> None:
        super().__init__()
        self.declared = declared

    @property
    def capabilities(self) -> Capabilities:
        return self.declared


def wrappings(declared: Capabilities, deadline: float | None = None) -> list[float | None]:
    """Wrap a store and return the time limit that each wrapping declares, the outermost first."""
    store = Declaring(declared)
    pair, found = guarded(StorePair(store, AsyncMemoryStore(store)), AROUND, deadline=deadline), []
    inside = pair.blocking
    while isinstance(inside, LayeredStore):
        found.append(inside.capabilities.limits.timeout)
        inside = inside._shared.pair.blocking
    assert pair.blocking is not None
    pair.blocking.close()
    assert inside is store
    return found


def test_store_that_waits_for_nobody_stays_as_it_is() -> None:
    """Memory pays nothing."""
    assert [] == wrappings(Capabilities(inline_reads=True))


def test_store_that_reads_at_once_gets_a_breaker_for_its_writes() -> None:
    """SQLite: a writer of another process may keep them waiting."""
    assert [5.0] == wrappings(Capabilities(inline_reads=True, limits=Limits(timeout=5.0)))


def test_store_that_keeps_time_itself_gets_a_breaker_and_no_second_clock() -> None:
    """Redis, Momento, diskcache."""
    assert [0.1] == wrappings(Capabilities(limits=Limits(timeout=0.1)))


def test_store_that_does_not_say_gets_both() -> None:
    """A stranger's, unless it says otherwise; it declares the deadline from then on."""
    assert [5.0, 5.0] == wrappings(Capabilities())


def test_deadline_that_is_asked_for_is_kept() -> None:
    """Also around a store that claims to wait for nobody, whose reads are then not inline."""
    assert [0.25, 0.25] == wrappings(Capabilities(inline_reads=True), deadline=0.25)


def test_two_clocks_are_a_mistake() -> None:
    """A store that keeps time itself is told how long in its URL."""
    with pytest.raises(ConfigError, match=r"memory keeps a deadline of its own, 0.1 s; set it in the URL: \?timeout="):
        wrappings(Capabilities(limits=Limits(timeout=0.1)), deadline=0.25)


def test_memory_is_opened_as_it_is() -> None:
    """No call of it goes through a layer."""
    with llmcache.open("memory:") as cache:
        assert not isinstance(cache.setup.pair.blocking, LayeredStore)


async def test_reads_and_conversations_of_sqlite_go_through_no_layer(tmp_path: Path) -> None:
    """They are the store's own methods, in both colours: a hit pays nothing for the breaker of its writes."""
    with llmcache.open(f"sqlite:{tmp_path}") as cache:
        blocking, awaiting = cache.setup.pair.blocking, cache.setup.pair.awaiting
        assert isinstance(blocking, WrittenThrough)
        assert isinstance(awaiting, AsyncWrittenThrough)
        for layered, wrapped in ((blocking, blocking._world.store), (awaiting, awaiting._world.store)):
            for name in ("get_many", "append", "read_log", "log_length", "delete_log"):
                assert getattr(layered, name) == getattr(wrapped, name)


async def test_a_file_that_somebody_keeps_locked_costs_one_deadline(tmp_path: Path) -> None:
    """Answers are found as ever, and new ones are not kept for a while, in both colours; then one of them tries again."""
    now = 0.0
    pair = open_pair(tmp_path, timeout=0.2, clock=lambda: 1_000.0)
    with cache_on(pair, lambda: now) as cache:
        cache.responses.put(request("kept"), "kept")
        (path,) = tmp_path.glob("*.sqlite")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        found = [cache.responses.get_or_call(request(str(number)), lambda: "new") for number in range(3)]
        found.append(await cache.awaiting.responses.get_or_call(request("3"), lambda: "new"))
        found.append(cache.responses.get(request("kept")))
        first = cache.stats()
        other.execute("ROLLBACK")
        other.close()
        now = 60.0
        cache.responses.get_or_call(request("0"), lambda: "new")
        last = cache.stats()

        assert (["new"] * 4 + ["kept"], "new") == (found, cache.responses.get(request("0")))
    assert (1, 4, 1) == (first.timed_out, first.store_failed, first.breaker_opened)
    assert (1, 1) == (last.breaker_probed, last.breaker_closed)


def test_disk_is_opened_with_a_breaker(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It waits for other processes, and says for how long."""
    with llmcache.open(f"disk:{tmp_path_factory.mktemp('store')}") as cache:
        assert isinstance(cache.setup.pair.blocking, LayeredStore)
        assert 5.0 == cache.capabilities.limits.timeout


class Hanging(Declaring):
    """A stranger's store that hangs when asked, until it is let go."""

    def __init__(self) -> None:
        super().__init__(replace(MemoryStore().capabilities, inline_reads=False))
        self.asked = 0
        self.go_on = threading.Event()

    def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        self.asked += 1
        assert self.go_on.wait(LONG)
        return super().get_many(keys)


class AsyncHanging(AsyncMemoryStore):
    """The same, awaited."""

    def __init__(self, blocking: Hanging) -> None:
        super().__init__(blocking)
        self.blocking = blocking

    async def get_many(self, keys: Sequence[Key]) -> list[bytes | None]:
        self.blocking.asked += 1
        await asyncio.Event().wait()
        return []


@pytest.fixture(params=[None, AsyncHanging, Offloaded], ids=["blocking only", "native", "in threads"])
def strange(request: pytest.FixtureRequest) -> Iterator[tuple[Hanging, llmcache.Cache]]:
    """A cache on a stranger's store that hangs and keeps no time."""
    store, awaiting = Hanging(), request.param
    cache = cache_on(StorePair(store, awaiting(store) if awaiting else None), lambda: 0.0, deadline=0.2)
    yield store, cache
    store.go_on.set()
    cache.close()


@pytest.mark.parametrize("ask", PRODUCTS)
def test_strange_store_that_hangs_costs_one_deadline(strange: tuple[Hanging, llmcache.Cache], ask: Ask) -> None:
    """It is asked once; the answers are the models' own."""
    store, cache = strange
    answers = [ask(cache, text) for text in "abc"]

    assert ["you said: a", "you said: b", "you said: c"] == answers
    assert (1, 1) == (store.asked, cache.stats().timed_out)


def configured(folder: Path, store: str) -> llmcache.Cache:
    """Open a cache whose store has a table of its own."""
    file = folder / "llmcache.toml"
    file.write_text(f'[llmcache]\nstore = "s"\n[stores.s]\n{store}\n')
    return llmcache.open(str(file))


def test_deadline_of_the_configuration_is_kept(tmp_path: Path) -> None:
    """It is what the store declares from then on."""
    with configured(tmp_path, 'url = "memory:"\ndeadline = "250ms"') as cache:
        assert 0.25 == cache.capabilities.limits.timeout


def test_deadline_beside_a_stores_own_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    """It says where, and what to write instead; no store is opened."""
    with pytest.raises(
        ConfigError, match=r"llmcache.toml:5: \[stores.s\] deadline: sqlite keeps a deadline of its own"
    ):
        configured(tmp_path, f'url = "sqlite:{tmp_path}/kept"\ndeadline = "250ms"')
    assert not (tmp_path / "kept").exists()


def test_option_out_of_range_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    """The call of `open` is right: what is to be mended stands in the file, or in the URL."""
    with pytest.raises(ConfigError, match=r"llmcache.toml:4: \[stores.s\] url: sqlite: max_bytes is an integer of at"):
        configured(tmp_path, f'url = "sqlite:{tmp_path}?max_bytes=10"')
    with pytest.raises(ConfigError, match="sqlite: max_bytes is an integer of at least 1,048,576, found 10"):
        llmcache.open(f"sqlite:{tmp_path}?max_bytes=10")


def test_store_is_written_behind_where_the_configuration_says_so(tmp_path: Path) -> None:
    """What waits is read, and is in the store when the cache is closed."""
    with configured(tmp_path, 'url = "sqlite:./here"\nwrite_behind = "1MiB"') as cache:
        cache.responses.put(request("a"), "x")
        assert "x" == cache.responses.get(request("a"))
    with llmcache.open(f"sqlite:{tmp_path / 'here'}") as cache:
        assert "x" == cache.responses.get(request("a"))


def test_store_that_can_only_be_awaited_is_not_written_behind() -> None:
    """Its thread could not write."""
    with pytest.raises(ConfigError, match="can only be awaited"):
        written_behind(StorePair(None, AsyncMemoryStore(MemoryStore())), AROUND, 1 << 20)
