"""Closing, event loops, threads and forks."""

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from llmcache.errors import ClosedError
from llmcache.protocols.key_value import Put
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account
from llmcache_momento.errors import Failure
from llmcache_momento.local import MomentoLocal
from tests.forks import in_child
from tests.momento.driving import COLOURS, LOG, Clock, Shop, key

KEY = key()


def pair_on(server: MomentoLocal) -> Any:
    """Open the store."""
    return open_account(local_account(server.host, server.port), Settings("shop", timeout=10.0, lease=0.0))


def test_closing_waits_for_a_call_that_is_in_flight(server: MomentoLocal) -> None:
    """To close under it would end the process; the call gets its answer."""
    pair = pair_on(server)
    pair.blocking.put_many([Put(KEY, b"body")])
    server.faults.add("GetBatch", delay=0.3, count=1)
    before = server.count("GetBatch")
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(pair.blocking.get_many, [KEY])
        wait_for(lambda: server.count("GetBatch") > before)
        pair.blocking.close()

        assert [b"body"] == pending.result(30)


def wait_for(is_so: Any) -> None:
    """Wait until `is_so()`, at most twenty seconds."""
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.001)


@pytest.mark.slow
def test_many_threads_that_call_while_it_is_closed_get_an_error_of_ours(server: MomentoLocal) -> None:
    """Each call has its answer or ClosedError; the process lives. In a process of its own, because the danger is its end."""
    program = f"""
import threading
from llmcache.errors import ClosedError
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account

key, log = (Key(Space(Namespace.of("a"), kind), "k") for kind in (Kind.RESPONSE, Kind.HISTORY))
for _ in range(20):
    store = open_account(local_account("127.0.0.1", {server.port}), Settings("shop")).blocking
    begun = threading.Barrier(9)

    def work(number):
        begun.wait()
        try:
            for _ in range(100):
                store.get_many([key]) if number % 2 else store.append(log, [b"x"], max_length=5)
        except ClosedError:
            pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    begun.wait()
    store.close()
    for thread in threads:
        thread.join()
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=100)

    assert (0, "alive\n") == (done.returncode, done.stdout), done.stderr


@pytest.mark.parametrize("closing", COLOURS)
def test_closing_one_colour_closes_both(closing: str, server: MomentoLocal, clock: Clock) -> None:
    """Twice does nothing."""
    with Shop(server, clock, closing) as shop:
        shop("append", LOG, [b"1"])
        shop("close")
        shop("close")
        with pytest.raises(ClosedError):
            shop.pair.blocking.get_many([KEY])  # type: ignore[union-attr]  # both colours are there
        with pytest.raises(ClosedError):
            shop.run(shop.pair.awaiting.get_many([KEY]))  # type: ignore[union-attr]  # as above


async def test_a_call_that_is_awaited_while_it_is_closed_ends(server: MomentoLocal) -> None:
    """With its answer: closing gives it its time."""
    pair = pair_on(server)
    await pair.awaiting.put_many([Put(KEY, b"body")])
    server.faults.add("GetBatch", delay=0.3, count=1)
    before = server.count("GetBatch")
    pending = asyncio.ensure_future(pair.awaiting.get_many([KEY]))
    await asyncio.to_thread(wait_for, lambda: server.count("GetBatch") > before)
    await pair.awaiting.close()

    assert [b"body"] == await pending


def test_every_loop_has_connections_of_its_own(server: MomentoLocal) -> None:
    """Loops one after the other, and at the same time in threads, on one store."""
    pair = pair_on(server)

    async def work(number: int) -> list[bytes | None]:
        mine = key(f"{number}")
        for _ in range(20):
            await pair.awaiting.put_many([Put(mine, b"%d" % number)])
        return list(await pair.awaiting.get_many([mine]))

    in_turn = [asyncio.run(work(number)) for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(lambda number: asyncio.run(work(number)), range(3)))
    pair.blocking.close()

    assert [[b"0"], [b"1"], [b"2"]] == in_turn == at_once


def test_connections_of_loops_that_ended_are_let_go(server: MomentoLocal) -> None:
    """A program that runs a loop for each request does not collect them."""
    pair = pair_on(server)
    for _ in range(5):
        asyncio.run(pair.awaiting.get_many([KEY]))
    held = len(pair.awaiting._link._async_wires)
    pair.blocking.close()

    assert 1 == held


def test_tasks_of_one_loop_travel_together(server: MomentoLocal) -> None:
    """Each gets its own answer."""
    pair = pair_on(server)

    async def work() -> list[list[bytes | None]]:
        keys = [key(f"{number}") for number in range(50)]
        await asyncio.gather(*(pair.awaiting.put_many([Put(each, each.name.encode())]) for each in keys))
        answers = await asyncio.gather(*(pair.awaiting.get_many([each]) for each in keys))
        await pair.awaiting.close()
        return list(answers)

    assert [[b"%d" % number] for number in range(50)] == asyncio.run(work())


def test_threads_share_one_store(server: MomentoLocal) -> None:
    """Each gets its own answer."""
    pair = pair_on(server)

    def work(number: int) -> list[bytes | None]:
        mine = key(f"{number}")
        for _ in range(10):
            pair.blocking.put_many([Put(mine, b"%d" % number)])
        return list(pair.blocking.get_many([mine]))

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(work, range(16)))
    pair.blocking.close()

    assert [[b"%d" % number] for number in range(16)] == found


@pytest.mark.slow
def test_a_forked_child_connects_anew() -> None:
    """A store that was used before the fork answers in the child and goes on in the parent.

    The server is another process: what is forked here has gRPC's client only, and no call in flight.
    """
    command = [sys.executable, "-m", "llmcache_momento.local", "--cache", "shop"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        port = int(program.stdout.readline())
        store: Any = open_account(local_account("127.0.0.1", port), Settings("shop", timeout=10.0)).blocking
        store.put_many([Put(KEY, b"parent")])

        def work() -> bool:
            store.append(LOG, [b"child"])
            return bool(store.get_many([KEY]) == [b"parent"])

        status = in_child(work)
        after = store.read_log(LOG), store.get_many([KEY])
        store.close()
        assert program.stdin is not None
        program.stdin.close()
        program.wait(timeout=30)

    assert (0, ([b"child"], [b"parent"])) == (status, after)


@pytest.mark.parametrize(
    "text", ["Cancelling all calls", "Socket closed", "GOAWAY received", "recvmsg:Connection reset by peer"]
)
def test_a_connection_whose_server_goes_is_known_by_its_word(text: str) -> None:
    """All that an append hears that was on its way; what came by that connection is not asked again over it."""
    failure = Failure(grpc.StatusCode.UNAVAILABLE, text)

    assert (True, False) == (failure.is_of_the_wire, failure.is_certainly_not_done)


def test_nothing_is_left_running(server: MomentoLocal) -> None:
    """No thread of ours after the store is closed."""
    before = set(threading.enumerate())
    pair = pair_on(server)
    pair.blocking.append(LOG, [b"1"])
    asyncio.run(pair.awaiting.append(LOG, [b"2"]))
    pair.blocking.close()
    server.stop()

    ours = [thread.name for thread in set(threading.enumerate()) - before if "llmcache" in thread.name]
    assert [] == ours
