"""Hearing of changes from real servers, and what becomes of near copies where nothing can be heard."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import llmcache
from llmcache.drivers.tiered import tiered
from llmcache.drivers.worlds import Surroundings
from llmcache.errors import UnsupportedError
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Deaf, Listening, News, news_store
from llmcache.protocols.whole import StorePair
from llmcache_conformance import Clock, Colour, Run, Subject, conformance_cases
from llmcache_conformance.case import Need
from llmcache_redis import listening, open_pair, open_store
from tests.forks import in_child
from tests.redis.scripted import Scripted
from tests.redis.servers import Server
from tests.redis.things import PASSWORD, key

PATIENCE = 20.0
REQUEST = llmcache.Request("m", [{"role": "user", "content": "hi"}])
NEAR = """
[llmcache]
namespace = "{namespace}"
store = "shared"
[stores.shared]
url = "redis://127.0.0.1:{port}?timeout=20s"
near = {{ max_bytes = "1MiB", ttl = "10m" }}
"""


class Heard:
    """A watcher that remembers what it was told."""

    def __init__(self) -> None:
        self.news: list[News] = []

    def __call__(self, news: News) -> None:
        self.news.append(news)

    @property
    def states(self) -> list[type[News]]:
        """Whether the store could hear, from the first on."""
        return [type(news) for news in self.news if not isinstance(news, Changed)]


def until(is_so: Callable[[], object]) -> bool:
    """Wait until something is so, and return whether it ever was."""
    end = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < end:
        time.sleep(0.002)
    return bool(is_so())


@pytest.fixture
def quick_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life are asked for more often than in earnest."""
    monkeypatch.setattr(listening, "_BEAT", 0.1)


@pytest.fixture
def opening(tmp_path: Path) -> Iterator[Callable[[Server, str], llmcache.Cache]]:
    """Opens caches with a near tier whose time to live no test reaches."""
    with ExitStack() as opened:

        def one_more(server: Server, namespace: str) -> llmcache.Cache:
            path = tmp_path / "llmcache.toml"
            path.write_text(NEAR.format(port=server.port, namespace=namespace))
            return opened.enter_context(llmcache.open(str(path)))

        yield one_more


def test_change_by_another_is_seen_at_once(server: Server, opening: Callable[[Server, str], llmcache.Cache]) -> None:
    """Overwritten, deleted and cleared by another process, long before the near time to live is over."""
    ours, theirs = opening(server, "near/told"), opening(server, "near/told")
    theirs.responses.put(REQUEST, "old")
    assert until(lambda: ours.responses.get(REQUEST) == "old" and ours.stats().near_hits)
    theirs.responses.put(REQUEST, "new")
    assert until(lambda: ours.responses.get(REQUEST) == "new")
    theirs.responses.delete(REQUEST)
    assert until(lambda: ours.responses.get(REQUEST) is None)
    theirs.responses.put(REQUEST, "again")
    assert until(lambda: ours.responses.get(REQUEST) == "again")
    theirs.responses.clear()

    assert until(lambda: ours.responses.get(REQUEST) is None)
    assert ours.stats().near_dropped >= 2


def test_watcher_may_wait_for_whoever_watches(server: Server) -> None:
    """It is told under no lock, so neither it nor a fork waits for locks that wait for it."""
    heard, ended = Heard(), list[bool]()

    def watcher(news: News) -> None:
        if isinstance(news, Listening):
            thread = threading.Thread(target=store.watch, args=(heard,), daemon=True)
            thread.start()
            thread.join(PATIENCE)
            ended.append(not thread.is_alive())

    with contextlib.closing(open_store(f"redis://127.0.0.1:{server.port}", timeout=20.0)) as store:
        store.watch(watcher)
        assert until(lambda: ended)
    assert ([True], [Listening]) == (ended, heard.states)


def test_closing_waits_for_no_child_process(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the child has a copy of each socket that closing is told by."""
    monkeypatch.setattr(listening, "_BEAT", 10 * PATIENCE)
    (begun, begin), (ended, end) = os.pipe(), os.pipe()
    statuses: list[int] = []

    def work() -> bool:
        os.write(begin, b"x")
        return os.read(ended, 1) == b"x"

    store, heard = open_store(f"redis://127.0.0.1:{server.port}", timeout=20.0), Heard()
    store.watch(heard)
    assert until(lambda: heard.states)
    child = threading.Thread(target=lambda: statuses.append(in_child(work)))
    child.start()
    os.read(begun, 1)
    store.close()
    os.write(end, b"x")
    child.join()
    for pipe in (begun, begin, ended, end):
        os.close(pipe)

    # A child that lives for too long is killed, and then closing goes on.
    assert [0] == statuses


def test_lost_server_takes_the_copies_along(
    own_server: Server, opening: Callable[[Server, str], llmcache.Cache]
) -> None:
    """What is near is dropped when it cannot be heard any more whether it holds, and kept again later."""
    cache = opening(own_server, "near")
    cache.responses.put(REQUEST, "x")
    assert until(lambda: cache.responses.get(REQUEST) == "x" and cache.stats().near_hits)
    own_server.kill()
    assert until(lambda: cache.stats().near_deaf == 1)
    weight = cache.stats().near_bytes
    own_server.restart()
    cache.responses.put(REQUEST, "y")

    assert weight == 0
    assert until(lambda: cache.responses.get(REQUEST) == "y")
    assert until(lambda: cache.responses.get(REQUEST) == "y" and cache.stats().near_bytes)


def test_restarted_server_is_listened_to_again(own_server: Server) -> None:
    """With a pause that grows; each state is told once."""
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0)
    store.watch(heard)
    assert until(lambda: heard.states == [Listening])
    own_server.kill()
    assert until(lambda: heard.states == [Listening, Deaf])
    own_server.restart()
    assert until(lambda: heard.states == [Listening, Deaf, Listening])
    store.put_many((Put(key("x"), b"1"),))

    assert until(lambda: any(isinstance(news, Changed) and key("x") in news.keys for news in heard.news))
    store.close()


@pytest.mark.usefixtures("quick_beat")
def test_server_that_hangs_is_not_heard(own_server: Server) -> None:
    """A connection that stays open and says nothing is no connection: it must show signs of life."""
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{own_server.port}")
    store.watch(heard)
    assert until(lambda: heard.states == [Listening])
    own_server.process.send_signal(signal.SIGSTOP)
    is_deaf = until(lambda: heard.states == [Listening, Deaf])
    own_server.process.send_signal(signal.SIGCONT)

    assert is_deaf
    assert until(lambda: heard.states == [Listening, Deaf, Listening])
    store.close()


def test_flushed_database_is_told_as_everything(own_server: Server) -> None:
    """The server names nothing then, so everything may have changed."""
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{own_server.port}", timeout=20.0)
    store.watch(heard)
    assert until(lambda: heard.states == [Listening])
    own_server.ask("FLUSHALL")

    assert until(lambda: heard.states == [Listening, Listening])
    store.close()


def test_foreign_names_are_not_told(server: Server) -> None:
    """Other programs' keys stay silent, and what begins as ours and is none names no key."""
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{server.port}", timeout=20.0)
    store.watch(heard)
    assert until(lambda: heard.states == [Listening])
    for name in ("other:1", "llmcache:1:nonsense", "llmcache:1:a:b:c:d"):
        server.ask("SET", name, "x", "PX", "10000")
    store.put_many((Put(key("last", "foreign"), b"1"),))
    assert until(lambda: any(isinstance(news, Changed) and key("last", "foreign") in news.keys for news in heard.news))
    told = {one for news in heard.news if isinstance(news, Changed) for one in news.keys}
    store.close()

    assert told == {key("last", "foreign")}


def test_user_of_our_keys_alone_may_listen(locked: Server) -> None:
    """It takes no channel, no SUBSCRIBE and no administration."""
    heard = Heard()
    store = open_store(
        f"redis://app:{PASSWORD.replace('@', '%40').replace(':', '%3A').replace('/', '%2F')}@127.0.0.1:{locked.port}"
    )
    store.watch(heard)

    assert until(lambda: heard.states == [Listening])
    store.close()


@pytest.mark.parametrize(
    "reply", ["-ERR unknown command 'HELLO'", "-NOPERM no", "+OK\r\n-ERR no tracking here", "?nonsense"]
)
def test_server_that_refuses_is_told_as_deaf(reply: str) -> None:
    """Once, with the code and nothing of the server's own text; the near time to live is what is left then."""
    server = Scripted([reply])
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{server.port}")
    store.watch(heard)
    is_deaf = until(lambda: heard.states == [Deaf])
    store.close()
    server.close()

    assert is_deaf
    assert "no" not in [getattr(news, "reason", "") for news in heard.news]


def test_restricted_store_does_not_declare_news(server: Server) -> None:
    """Services that forbid what is not data do not tell either."""
    store = open_store(f"redis://127.0.0.1:{server.port}", restricted=True)

    assert not store.capabilities.news
    with pytest.raises(UnsupportedError, match="hears of no changes"):
        store.watch(lambda news: None)
    store.close()


async def test_closing_either_colour_ends_the_thread(server: Server) -> None:
    """And the connections; nothing is begun before somebody watches."""
    for closes_by_awaiting in (True, False):
        pair = open_pair(f"redis://127.0.0.1:{server.port}")
        assert pair.blocking is not None
        assert pair.awaiting is not None
        before = _listeners()
        heard = Heard()
        news_store(pair.awaiting if closes_by_awaiting else pair.blocking).watch(heard)
        during = _listeners()
        await (pair.awaiting.close() if closes_by_awaiting else asyncio.to_thread(pair.blocking.close))

        assert (0, 1, 0) == (before, during, _listeners())


def _listeners() -> int:
    return sum(thread.name == "llmcache-redis-news" for thread in threading.enumerate())


def test_child_process_listens_by_itself(server: Server) -> None:
    """It is not told what the parent watches, watches on connections of its own, and takes nothing from the parent."""
    heard = Heard()
    store = open_store(f"redis://127.0.0.1:{server.port}", timeout=20.0)
    store.watch(heard)
    assert until(lambda: heard.states == [Listening])

    def listens() -> bool:
        own = Heard()
        store.watch(own)
        was_heard = until(lambda: own.states == [Listening])
        store.close()
        return was_heard and heard.states == [Listening]

    assert in_child(listens) == 0
    store.put_many((Put(key("after", "fork"), b"1"),))
    assert until(lambda: any(isinstance(news, Changed) and key("after", "fork") in news.keys for news in heard.news))
    store.close()


NEAR_RUNS = [
    run
    for run in conformance_cases(without={Need.SECOND, Need.SCAN, Need.SMALL, Need.BODY_LIMIT, Need.NEWS})
    if run.colour is Colour.ASYNC_WRITES and any(one.startswith("KV") for one in run.case.clauses)
]


@pytest.mark.slow
@pytest.mark.parametrize("run", NEAR_RUNS, ids=str)
def test_redis_behind_a_near_tier_conforms(run: Run, server: Server) -> None:
    """Copies never show what the server would not, while it tells of one's own changes, too."""

    def opened(clock: Clock) -> StorePair:
        pair = open_pair(f"redis://127.0.0.1:{server.port}", clock=clock, timeout=20.0, log_timeout=20.0)
        around = Surroundings(clock, time.monotonic, lambda told: None)
        return tiered(pair, around, max_bytes=1 << 22, ttl=0.25, clock=clock)

    run.on(Subject("near redis", open=opened))
