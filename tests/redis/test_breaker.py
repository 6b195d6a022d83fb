"""A server that hangs: a model call loses one deadline, the calls behind it none, and when it is back a read finds out."""

import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

import llmcache
from llmcache.errors import StoreTimeout
from llmcache_conformance.faults import BlackHole, Proxy, Towards
from llmcache_redis import open_pair
from tests.api.failing import cache_on
from tests.api.test_failing_store import PRODUCTS, Ask, ainvoke, get_or_call, request
from tests.redis.servers import Server

TIMEOUT = 0.8
"""Long enough for a server that is well on a busy machine."""


@dataclass
class Hangable:
    """A cache on a server that can hang; whoever sets `now` lets the breaker's pause pass."""

    server: Server
    proxy: Proxy
    cache: llmcache.Cache
    now: float = 0.0

    @contextmanager
    def stopped(self) -> Generator[None]:
        """Have the server's process stopped during a block."""
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.server.process.send_signal(signal.SIGCONT)

    @contextmanager
    def black_hole(self) -> Generator[None]:
        """Have nothing come back during a block."""
        with self.proxy.under(BlackHole()):
            yield


@pytest.fixture
def hangable(own_server: Server) -> Iterator[Hangable]:
    """A cache behind a proxy, in front of a server of its own; one entry was kept, so that everything is connected."""
    with Proxy(("127.0.0.1", own_server.port)) as proxy:
        pair = open_pair(f"redis://127.0.0.1:{proxy.port}", timeout=TIMEOUT, log_timeout=TIMEOUT)
        made = Hangable(own_server, proxy, None)  # type: ignore[arg-type]  # set in the next line
        made.cache = cache_on(pair, lambda: made.now)
        for ask in PRODUCTS:
            ask(made.cache, "kept")
        assert made.cache.stats().store_failed == 0
        yield made
        made.cache.close()


@pytest.mark.parametrize(
    ("how", "ask"),
    [*(("stopped", ask) for ask in PRODUCTS), ("black_hole", get_or_call), ("black_hole", ainvoke)],
)
def test_hung_server_costs_one_deadline_and_is_found_again(hangable: Hangable, how: str, ask: Ask) -> None:
    """Of three model calls one look-up times out; nothing else is sent; behind the pause the next answer is kept."""
    cache = hangable.cache
    before = cache.stats()
    with getattr(hangable, how)():
        answers = [ask(cache, "first")]
        sent = hangable.proxy.passed(Towards.SERVER)
        answers += [ask(cache, text) for text in ("second", "kept")]
        silent = hangable.proxy.passed(Towards.SERVER) == sent
    stats = cache.stats()

    assert ["you said: first", "you said: second", "you said: kept"] == answers
    assert (1, 1, True) == (stats.timed_out, stats.breaker_opened, silent)
    assert 6 == stats.store_failed
    hangable.now += 1.0
    assert ["you said: third"] * 2 == [ask(cache, "third") for _ in range(2)]
    after = cache.stats()
    assert (1, 1, 1) == (after.breaker_closed, after.kept - before.kept, after.hits - before.hits)


async def test_hung_server_makes_conversations_raise(hangable: Hangable) -> None:
    """Within their own time, in both colours, also while entries are not asked for; afterwards they go on."""
    blocking, awaiting = hangable.cache.history("s"), hangable.cache.awaiting.history("s")
    with hangable.stopped():
        hangable.cache.responses.get(request("x"))
        with pytest.raises(StoreTimeout, match="append of history"):
            blocking.append(["lost?"])
        with pytest.raises(StoreTimeout, match="log_length of history"):
            await awaiting.length()
    await awaiting.clear()
    blocking.append(["there"])
    found: list[Any] = await awaiting.all()

    assert ["there"] == found


def test_server_that_is_gone_opens_the_breaker_after_a_few_calls(hangable: Hangable) -> None:
    """A refused connection costs next to nothing, so a few are waited for; a server that comes back is found by a read."""
    ask, cache = get_or_call, hangable.cache
    hangable.server.kill()
    answers = [ask(cache, str(number)) for number in range(4)]
    opened = cache.stats()
    hangable.server.restart()
    hangable.now += 1.0
    answers += [ask(cache, "back") for _ in range(2)]
    stats = cache.stats()

    assert [*(f"you said: {number}" for number in range(4)), "you said: back", "you said: back"] == answers
    assert (1, 8) == (opened.breaker_opened, opened.store_failed)
    assert (1, 1) == (stats.breaker_closed, stats.hits - opened.hits)
