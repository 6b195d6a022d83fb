"""Forks, several event loops, many threads, and what is left when a store is closed."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmcache.errors import StoreTimeout
from llmcache.protocols.key_value import Put
from llmcache_conformance.faults import BlackHole, Delay, Proxy
from llmcache_redis import AsyncRedisStore, RedisStore, open_pair
from tests.forks import in_child
from tests.redis.servers import Server
from tests.redis.things import key, log

Pair = tuple[RedisStore, AsyncRedisStore]


def opened(port: int, **options: object) -> Pair:
    """Open both colours, with time limits that a busy machine does not reach."""
    pair = open_pair(f"redis://127.0.0.1:{port}", **{"timeout": 20.0, "log_timeout": 20.0, **options})  # type: ignore[arg-type]  # checked there
    assert isinstance(pair.blocking, RedisStore)
    assert isinstance(pair.awaiting, AsyncRedisStore)
    return pair.blocking, pair.awaiting


@pytest.mark.slow
def test_fork_among_busy_threads(server: Server) -> None:
    """Ten children of a process whose threads are busy read and write, each on connections of its own; no answer goes astray."""
    blocking, awaiting = opened(server.port)
    blocking.put_many([Put(key(f"fork {number}"), b"%d" % number) for number in range(50)])
    over, wrong = threading.Event(), list[object]()

    def read() -> None:
        while not over.is_set():
            for number in range(50):
                found = blocking.get_many((key(f"fork {number}"),))
                if found != [b"%d" % number]:
                    wrong.append(found)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()

    def child() -> bool:
        numbers = range(50)
        right = [blocking.get_many((key(f"fork {number}"),)) for number in numbers] == [[b"%d" % n] for n in numbers]
        found = asyncio.run(awaiting.get_many([key(f"fork {number}") for number in numbers]))
        blocking.append(log("forks"), (b"%d" % os.getpid(),))
        blocking.close()
        return right and found == [b"%d" % number for number in numbers]

    blocking.delete_log(log("forks"))
    outcomes = [in_child(child) for _ in range(10)]
    over.set()
    for thread in threads:
        thread.join()
    children = blocking.read_log(log("forks"))
    blocking.close()

    assert ([0] * 10, []) == (outcomes, wrong)
    assert 10 == len(set(children))


@pytest.mark.slow
def test_child_makes_connections_of_its_own(server: Server) -> None:
    """An idle connection of the parent is not used by its child, in neither colour, and the parent goes on with it."""
    with Proxy(("127.0.0.1", server.port)) as proxy:
        blocking, _ = opened(proxy.port)
        blocking.put_many((Put(key("inherited"), b"body"),))
        before = proxy.connections
        outcome = in_child(lambda: blocking.get_many((key("inherited"),)) == [b"body"])
        during = proxy.connections
        found = blocking.get_many((key("inherited"),))
        after = proxy.connections
        blocking.close()

    assert (1, 0, 2, [b"body"], 2) == (before, outcome, during, found, after)


def test_loops_one_after_the_other(server: Server) -> None:
    """A store is used in one loop after another, without closing it in between, and leaves no socket open."""
    blocking, awaiting = opened(server.port)
    before = _sockets()
    for number in range(5):
        asyncio.run(awaiting.put_many((Put(key("loops"), b"%d" % number),)))
        assert [b"%d" % number] == asyncio.run(awaiting.get_many((key("loops"),)))
    after = _sockets()
    blocking.close()

    assert before == after


def test_loops_side_by_side(server: Server) -> None:
    """Two loops in two threads use one store at once, and closing it in one of them leaves nothing open in either."""
    before = _sockets()
    _, awaiting = opened(server.port)
    ready, go_on = threading.Barrier(2, timeout=20.0), threading.Event()

    async def one(name: str) -> list[bytes | None]:
        await awaiting.put_many((Put(key(name), name.encode()),))
        found = [*(await asyncio.gather(*(awaiting.get_many((key(name),)) for _ in range(50))))]
        await asyncio.to_thread(ready.wait)
        if name == "closer":
            await awaiting.close()
            go_on.set()
        else:
            await asyncio.to_thread(go_on.wait, 20.0)
        return [body for (body,) in found]

    with ThreadPoolExecutor(2) as pool:
        answers = [
            pending.result() for pending in [pool.submit(asyncio.run, one(name)) for name in ("closer", "other")]
        ]

    assert [[b"closer"] * 50, [b"other"] * 50] == answers
    assert before == _sockets()


async def test_closing_leaves_nothing(server: Server) -> None:
    """After close no task and no socket is left, also of connections in use by a call that was cancelled."""
    before = _sockets()
    blocking, awaiting = opened(server.port)
    tasks = [asyncio.ensure_future(awaiting.append(log(number), (b"1",))) for number in range(20)]
    await asyncio.sleep(0.001)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    blocking.get_many((key(1),))
    await awaiting.close()
    await awaiting.close()
    await asyncio.sleep(0)

    assert before == _sockets()
    assert {asyncio.current_task()} == asyncio.all_tasks()


def test_many_threads_few_connections(server: Server) -> None:
    """Thirty threads share three connections, and each gets its own answers."""
    with Proxy(("127.0.0.1", server.port)) as proxy:
        blocking, _ = opened(proxy.port, max_connections=3)
        blocking.put_many([Put(key(f"few {number}"), b"%d" % number) for number in range(30)])

        def read(number: int) -> bool:
            return all(blocking.get_many((key(f"few {number}"),)) == [b"%d" % number] for _ in range(20))

        with ThreadPoolExecutor(30) as pool:
            right = list(pool.map(read, range(30)))
        made = proxy.connections
        blocking.close()

    assert [True] * 30 == right
    assert 3 >= made


@pytest.mark.parametrize("colour", ["blocking", "async"])
def test_waiting_for_a_connection_ends(server: Server, colour: str) -> None:
    """Where all connections hang, those who wait for one give up by their own deadline."""
    with Proxy(("127.0.0.1", server.port)) as proxy, proxy.under(BlackHole()):
        blocking, awaiting = opened(proxy.port, max_connections=1, timeout=0.2, log_timeout=0.2)

        def fail(number: int) -> bool:
            calls: dict[str, Callable[[], object]] = {
                "blocking": lambda: blocking.append(log(number), (b"1",)),
                "async": lambda: asyncio.run(_both(awaiting, number)),
            }
            with pytest.raises(StoreTimeout):
                calls[colour]()
            return True

        with ThreadPoolExecutor(4) as pool:
            failed = list(pool.map(fail, range(4)))
        blocking.close()

    assert [True] * 4 == failed


async def _both(store: AsyncRedisStore, number: int) -> None:
    calls = [store.append(log(number), (b"1",)), store.append(log(number), (b"2",))]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if not isinstance(answer, StoreTimeout):
            raise AssertionError(f"got {answer!r}")
    raise answers[0]  # type: ignore[misc]  # each is an error, as was just seen


async def test_fifty_reads_travel_together(server: Server) -> None:
    """Reads that fifty tasks ask for at once are one round trip on one connection, each with its own answer."""
    with Proxy(("127.0.0.1", server.port)) as proxy:
        _, awaiting = opened(proxy.port)
        keys = [key(f"fifty {number}") for number in range(50)]
        await awaiting.put_many([Put(one, one.name.encode()) for one in keys])
        with proxy.under(Delay(0.01)):
            loop = asyncio.get_running_loop()
            began = loop.time()
            answers = await asyncio.gather(*(awaiting.get_many((one, keys[0])) for one in keys))
            took = loop.time() - began
        made = proxy.connections
        await awaiting.close()

    assert [[one.name.encode(), keys[0].name.encode()] for one in keys] == answers
    assert 1 == made
    assert took < 5.0


def _sockets() -> int:
    """Return how many sockets this process has open."""
    links = []
    for each in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(each))  # noqa: PTH115 -- text is compared
        except FileNotFoundError:
            continue
    return sum(link.startswith("socket:") for link in links)
