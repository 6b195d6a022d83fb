"""Stores that are refused, that hang, and that are not asked any more; and what guarding a store costs while it is well."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import llmcache
from benchmarks.timing import Contestant, Prepare, race, table
from llmcache.api.guarding import guarded
from llmcache.drivers.layered import layered
from llmcache.drivers.worlds import Surroundings
from llmcache.drivers.writing_behind import WritingBehind
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.capabilities import Capabilities
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import KeyValueStore, Put
from llmcache.protocols.whole import StorePair
from llmcache_redis import open_pair

TIMES = 20
AROUND = Surroundings(time.time, time.monotonic, lambda _: None)
KEY = Key(Space(Namespace(("bench",)), Kind.RESPONSE), "f" * 64)
PUT = Put(KEY, b"x" * 1_000, 3_600.0)


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """Give a port where somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """Give a port where nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def request(number: int) -> llmcache.Request:
    """Ask a model something that was never asked."""
    return llmcache.Request("m", [{"role": "user", "content": str(number)}])


def model_call(cache: llmcache.Cache, number: int) -> None:
    """One call of a model that takes no time, with its look-up and its keeping."""
    cache.responses.get_or_call(request(number), lambda: "answer")


def model_call_async(cache: llmcache.Cache, number: int, loop: asyncio.AbstractEventLoop) -> None:
    """The same, awaited."""

    async def call() -> None:
        await cache.awaiting.responses.get_or_call(request(number), lambda: "answer")

    loop.run_until_complete(call())


def first_calls(port: int) -> list[float]:
    """Milliseconds of the first model call of a process, of which each here is one."""
    took: list[float] = []
    for number in range(TIMES):
        with llmcache.open(f"redis://127.0.0.1:{port}") as cache:
            began = time.perf_counter()
            model_call(cache, number)
            took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


def failing() -> list[str]:
    """What a model call loses where Redis fails."""
    lines = [f"a model call on Redis that fails, look-up and keeping together, ms ({TIMES} first calls each)"]
    with deaf() as silent:
        for what, port in (("refused", free_port()), ("hung, timeout 100 ms", silent)):
            took = first_calls(port)
            lines.append(f"  {what:44}median {took[TIMES // 2]:8.2f}   max {took[-1]:8.2f}")
    return ["\n".join(lines)]


def counted(call: Callable[[int], Any]) -> Prepare:
    """Prepare calls with a number each."""

    def prepare(count: int) -> Callable[[], None]:
        def run() -> None:
            for number in range(count):
                call(number)

        return run

    return prepare


def opened() -> list[str]:
    """What a model call costs while the store is not asked."""
    loop = asyncio.new_event_loop()
    with deaf() as silent, llmcache.open(f"redis://127.0.0.1:{silent}?timeout=50ms") as cache:
        store = cache.setup.pair.blocking
        assert store is not None
        _keep_open(cache)
        found = [
            Contestant("model call, bypassing the cache", counted(partial(_bypassing, cache))),
            Contestant("model call, breaker open", counted(partial(model_call, cache))),
            Contestant("model call, breaker open, awaited", counted(lambda n: model_call_async(cache, n, loop))),
            Contestant("the store alone: one refused call", counted(lambda _: _refused(store))),
        ]
        race(found, slices=100)
    loop.close()
    return [table("a hung store that is not asked any more", found, found[0].name)]


def _bypassing(cache: llmcache.Cache, number: int) -> None:
    with llmcache.options(bypass=True):
        model_call(cache, number)


def _keep_open(cache: llmcache.Cache) -> None:
    """Let probe after probe fail, so that the pause is longer than the measurement takes."""
    ends = time.monotonic() + 15
    while time.monotonic() < ends and cache.stats().breaker_probed < 5:
        model_call(cache, 0)
        time.sleep(0.01)


def _refused(store: KeyValueStore) -> None:
    with contextlib.suppress(llmcache.StoreUnavailable):
        store.get_many((KEY,))


class Undeclared(MemoryStore):
    """A stranger's store that declares nothing."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, inline_reads=False)


def well() -> list[str]:
    """What guarding costs while the store is well."""
    from benchmarks.redis_answers import server

    strange, plain = Undeclared(), MemoryStore()
    wrapped = guarded(StorePair(strange, AsyncMemoryStore(strange)), AROUND).blocking
    with server() as port:
        pair = open_pair(f"redis://127.0.0.1:{port}", timeout=5.0)
        watched = guarded(pair, AROUND)
        assert watched.blocking is not None
        behind = WritingBehind(watched.blocking, AROUND, 1 << 24)
        late = layered(watched, behind, AROUND, closing=behind.closing)
        redis, guarded_redis, late_redis = pair.blocking, watched.blocking, late.blocking
        assert redis is not None
        assert late_redis is not None
        assert wrapped is not None
        for store in (plain, strange, redis):
            store.put_many((PUT,))
        reads = [
            Contestant("memory, as it is", counted(lambda _: plain.get_many((KEY,)))),
            Contestant("memory, a deadline from outside, a breaker", counted(lambda _: wrapped.get_many((KEY,)))),
            Contestant("redis, without a breaker", counted(lambda _: redis.get_many((KEY,)))),
            Contestant("redis, as it is opened", counted(lambda _: guarded_redis.get_many((KEY,)))),
        ]
        race(reads, slices=100)
        writes = [
            Contestant("redis, as it is opened", counted(lambda _: guarded_redis.put_many((PUT,)))),
            Contestant("redis, written behind", counted(lambda _: late_redis.put_many((PUT,)))),
        ]
        race(writes, slices=100)
        late_redis.close()
    return [
        table("a read of 1 KB, a store that is well", reads, reads[2].name),
        table("a write of 1 KB, a store that is well", writes, writes[0].name),
    ]


def run() -> list[str]:
    """Return all tables about stores that fail."""
    return [*failing(), *opened(), *well()]
