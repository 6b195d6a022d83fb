"""Redis: answers and conversations on a real server of our own, beside redis-py by hand and LangChain's own classes."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import redis
import redis.asyncio

from benchmarks.answers import each, each_awaited
from benchmarks.floors import digest, packed, unpacked
from benchmarks.histories import last_of_all, repeated
from benchmarks.timing import Contestant, Prepare, race, table
from benchmarks.work import LLM_STRING, LONG, SHORT, Work
from llmcache_langchain import ChatMessageHistory, LLMCache

AT_ONCE = 50
LENGTHS = (10, 1_000, 10_000)
HOUR = 3_600
PATIENT = "timeout=5s&log_timeout=5s"
_APPEND = "local n = redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], ARGV[2]) return n"


@contextlib.contextmanager
def server() -> Iterator[int]:
    """Run a server without a disk, and give its port."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is not installed; run .ci/servers")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        running = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            _wait(port)
            yield port
        finally:
            running.terminate()
            running.wait(10)


def _wait(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


class RawSocket:
    """GET by hand on a socket: the physical limit from Python."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, name: bytes) -> bytes:
        """Return what is there; it must be."""
        self._socket.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(name), name))
        reply = self._socket.recv(65_536)
        head, _, body = reply.partition(b"\r\n")
        size = int(head[1:])
        while len(body) < size + 2:
            body += self._socket.recv(65_536)
        return body[:size]

    def close(self) -> None:
        """End it."""
        self._socket.close()


def peer_cache(port: int) -> Any:
    """LangChain community's RedisCache."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.cache import RedisCache

        return RedisCache(redis.Redis(port=port))


def lookups(work: Work, port: int) -> list[str]:
    """Hits, blocking and awaited."""
    client, raw, peer = redis.Redis(port=port), RawSocket(port), peer_cache(port)
    ours = LLMCache(f"redis://127.0.0.1:{port}?{PATIENT}")
    name = digest(work.prompt, LLM_STRING)
    client.set(name, packed(work.answer), ex=HOUR)
    for cache in (peer, ours):
        cache.update(work.prompt, LLM_STRING, work.answer)
    loop = asyncio.new_event_loop()
    found = [
        Contestant(
            "floor: redis-py GET + decode", each(work, lambda p: unpacked(_there(client.get(digest(p, LLM_STRING)))))
        ),
        Contestant("raw socket GET + decode", each(work, lambda p: unpacked(raw.get(digest(p, LLM_STRING))))),
        Contestant("LangChain RedisCache", each(work, lambda p: peer.lookup(p, LLM_STRING)), calls=20),
        Contestant("LLMCache redis:", each(work, lambda p: ours.lookup(p, LLM_STRING))),
        Contestant("LLMCache redis:, awaited", each_awaited(work, lambda p: ours.alookup(p, LLM_STRING), loop)),
    ]
    race(found)
    written = [
        Contestant(
            "floor: encode + redis-py SET",
            each(work, lambda p: client.set(digest(p, LLM_STRING), packed(work.answer), ex=HOUR)),
        ),
        Contestant("LangChain RedisCache", each(work, lambda p: peer.update(p, LLM_STRING, work.answer)), calls=20),
        Contestant("LLMCache redis:", each(work, lambda p: ours.update(p, LLM_STRING, work.answer))),
    ]
    race(written)
    loop.run_until_complete(ours.aclose())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    raw.close()
    client.close()
    return [
        table(f"lookup, hit, Redis, {work.name}", found, found[0].name),
        table(f"update, Redis, {work.name}", written, written[0].name),
    ]


def _there(found: Any) -> bytes:
    body: bytes = found
    return body


def looping(ask: Callable[[int], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> Prepare:
    """Prepare 50 tasks that read so many answers together, each one after the other."""

    async def work(number: int, count: int) -> None:
        for _ in range(count // AT_ONCE):
            await ask(number)

    async def all_of_them(count: int) -> None:
        await asyncio.gather(*(work(number, count) for number in range(AT_ONCE)))

    return lambda count: lambda: loop.run_until_complete(all_of_them(count))


def gathered(ask: Callable[[int], Awaitable[Any]], loop: asyncio.AbstractEventLoop) -> Prepare:
    """Prepare so many rounds of 50 tasks that each read one answer."""

    async def rounds(count: int) -> None:
        for _ in range(count // AT_ONCE):
            await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))

    return lambda count: lambda: loop.run_until_complete(rounds(count))


def together(work: Work, port: int) -> list[str]:
    """Fifty tasks that read at once."""
    loop = asyncio.new_event_loop()
    client = redis.asyncio.Redis(port=port, max_connections=AT_ONCE)
    ours = LLMCache(f"redis://127.0.0.1:{port}?{PATIENT}")
    prompts = [f"{number} {work.prompt}" for number in range(AT_ONCE)]

    async def prepare() -> None:
        for number, prompt in enumerate(prompts):
            await client.set(f"gather {number}", packed(work.answer))
            await ours.aupdate(prompt, LLM_STRING, work.answer)

    async def by_hand(number: int) -> object:
        found: Any = await client.get(f"gather {number}")
        return unpacked(found)

    loop.run_until_complete(prepare())
    found = [
        Contestant("redis-py GET", gathered(lambda n: client.get(f"gather {n}"), loop), calls=AT_ONCE),
        Contestant("redis-py GET + decode", gathered(by_hand, loop), calls=AT_ONCE),
        Contestant(
            "LLMCache redis:, alookup", gathered(lambda n: ours.alookup(prompts[n], LLM_STRING), loop), calls=AT_ONCE
        ),
        *_of_the_store(port, packed(work.answer), loop),
    ]
    race(found, slices=100)
    loop.run_until_complete(client.aclose())
    loop.run_until_complete(ours.aclose())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    return [table(f"50 tasks reading Redis at once, a read, {work.name}", found, found[0].name)]


def _of_the_store(port: int, body: bytes, loop: asyncio.AbstractEventLoop) -> list[Contestant]:
    """The same without decoding, through the store alone."""
    from llmcache.model.key import Key, Kind, Space
    from llmcache.model.namespace import Namespace
    from llmcache.protocols.key_value import Put
    from llmcache_redis import AsyncRedisStore, open_pair

    store = open_pair(f"redis://127.0.0.1:{port}", timeout=5.0).awaiting
    assert isinstance(store, AsyncRedisStore)
    keys = [Key(Space(Namespace(("bench",)), Kind.RESPONSE), f"{number:064x}") for number in range(AT_ONCE)]
    loop.run_until_complete(store.put_many([Put(key, body) for key in keys]))
    return [
        Contestant("the store alone, get_many", gathered(lambda n: store.get_many((keys[n],)), loop), calls=AT_ONCE),
        Contestant(
            "the same, 20 by each task", looping(lambda n: store.get_many((keys[n],)), loop), calls=20 * AT_ONCE
        ),
    ]


def conversations(port: int) -> list[str]:
    """Append one message, and read the last twenty, at three lengths."""
    client = redis.Redis(port=port)
    script = client.register_script(_APPEND)
    message, body = SHORT.answer[0].message, packed(SHORT.answer)
    tables = []
    for length in LENGTHS:
        ours = ChatMessageHistory(f"s{length}", f"redis://127.0.0.1:{port}?{PATIENT}")
        ours.add_messages([message] * length)
        client.rpush(f"floor{length}", *[body] * length)
        reading = [
            Contestant("floor: LRANGE + decode", repeated(partial(_last, client, f"floor{length}")), calls=10),
            Contestant("LLMCache ChatMessageHistory.last(20)", repeated(partial(ours.last, 20)), calls=10),
        ]
        race(reading, slices=100)
        adding = [
            Contestant(
                "floor: encode + one script",
                repeated(lambda name=f"floor{length}": script(keys=[name], args=[packed(SHORT.answer), HOUR * 1000])),  # type: ignore[misc]  # the type of a lambda with a default is not found out
                calls=10,
            ),
            Contestant(
                "LLMCache ChatMessageHistory.add_messages", repeated(partial(ours.add_messages, [message])), calls=10
            ),
        ]
        race(adding, slices=100)
        peer = _peer_history(port, length, message)
        race_peer = [
            Contestant("LangChain RedisChatMessageHistory, [-20:]", repeated(partial(last_of_all, peer)), calls=1)
        ]
        race(race_peer, slices=5 if length == LENGTHS[-1] else 20)
        tables.append(table(f"history on Redis, last 20 of {length:,}", reading + race_peer, reading[0].name))
        tables.append(table(f"history on Redis, append one at {length:,}", adding, adding[0].name))
    client.close()
    return tables


def _last(client: "redis.Redis", name: str) -> list[Any]:
    bodies: Any = client.lrange(name, -20, -1)
    return [unpacked(body)[0].message for body in bodies]


def _peer_history(port: int, length: int, message: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.chat_message_histories import RedisChatMessageHistory

        peer = RedisChatMessageHistory(f"s{length}", url=f"redis://127.0.0.1:{port}/1")
    peer.add_messages([message] * length)
    return peer


def run() -> list[str]:
    """Return all tables about Redis."""
    tables: list[str] = []
    with server() as port:
        for work in (SHORT, LONG):
            tables += lookups(work, port)
        tables += together(SHORT, port)
        tables += conversations(port)
    return tables
