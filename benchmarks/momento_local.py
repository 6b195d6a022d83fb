"""Momento: the store on the stand-in, in a process of its own, beside Momento's SDK by hand.

The stand-in is Python and not quick: what is compared is the client's part on one wire, never the service's.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from momento import CacheClient, CacheClientAsync, Configurations, CredentialProvider

from benchmarks.answers import each, each_awaited
from benchmarks.floors import digest, packed, unpacked
from benchmarks.histories import repeated
from benchmarks.timing import Contestant, Prepare, race, table
from benchmarks.work import LLM_STRING, SHORT
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_langchain import LLMCache
from llmcache_momento import Settings, open_account
from llmcache_momento.credentials import local_account

CACHE = "bench"
MANY = 100
VECTOR_BYTES = 6_200  # 1,536 float32 in their envelope
HOUR = timedelta(hours=1)


@contextlib.contextmanager
def server() -> Iterator[int]:
    """Run the stand-in and give its port."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--cache", CACHE]
    running: Any = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        yield int(running.stdout.readline())
    finally:
        running.stdin.close()
        running.wait(10)


def account(port: int) -> tuple[Any, ...]:
    """Return what the SDK's clients are made of."""
    return Configurations.InRegion.Default.v1(), CredentialProvider.for_momento_local("127.0.0.1", port), HOUR


async def async_client(port: int) -> CacheClientAsync:
    """Return the SDK's async client; it is made inside of a loop."""
    return CacheClientAsync(*account(port))


def awaited(call: Callable[[], Coroutine[Any, Any, object]], loop: asyncio.AbstractEventLoop) -> Prepare:
    """Await the call again and again in one loop."""

    def prepare(calls: int) -> Callable[[], None]:
        async def run() -> None:
            for _ in range(calls):
                await call()

        return lambda: loop.run_until_complete(run())

    return prepare


def lookups(port: int, client: CacheClient, theirs: CacheClientAsync, loop: asyncio.AbstractEventLoop) -> str:
    """Hits on one answer, which is asked for again and again."""
    ours = LLMCache(f"momento-local:127.0.0.1:{port}/{CACHE}?timeout=20s")
    ours.update(SHORT.prompt, LLM_STRING, SHORT.answer)
    client.set(CACHE, digest(SHORT.prompt, LLM_STRING), packed(SHORT.answer))

    def by_hand(prompt: str) -> Any:
        found: Any = client.get(CACHE, digest(prompt, LLM_STRING))
        return unpacked(found.value_bytes)

    async def by_hand_awaited(prompt: str) -> Any:
        found: Any = await theirs.get(CACHE, digest(prompt, LLM_STRING))
        return unpacked(found.value_bytes)

    found = [
        Contestant("floor: SDK get + decode", each(SHORT, by_hand)),
        Contestant("LLMCache momento:", each(SHORT, lambda p: ours.lookup(p, LLM_STRING))),
        Contestant("SDK get + decode, awaited", each_awaited(SHORT, by_hand_awaited, loop)),
        Contestant("LLMCache momento:, awaited", each_awaited(SHORT, lambda p: ours.alookup(p, LLM_STRING), loop)),
    ]
    race(found, slices=60)
    loop.run_until_complete(ours.aclose())
    return table(f"momento stand-in, lookup that hits, {SHORT.name}", found, "floor: SDK get + decode")


def gets(port: int, client: CacheClient) -> str:
    """One entry: while a lease runs, and without leases, where the token travels with every read."""
    key = Key(Space(Namespace.of("bench"), Kind.RESPONSE), "0" * 64)
    chosen: list[tuple[str, dict[str, Any]]] = [("ours", {}), ("ours, no lease", {"lease": 0.0})]
    stores: list[tuple[str, Any]] = [
        (name, open_account(local_account("127.0.0.1", port), Settings(CACHE, timeout=20.0, **options)).blocking)
        for name, options in chosen
    ]
    stores[0][1].put_many([Put(key, b"x" * 1_000, 3_600.0)])
    client.set(CACHE, "k", b"x" * 1_000)
    found = [Contestant("SDK get", repeated(lambda: client.get(CACHE, "k")))]
    found += [Contestant(name, repeated(partial(store.get_many, [key]))) for name, store in stores]
    race(found, slices=60)
    for _, store in stores:
        store.close()
    return table("momento stand-in, one entry of 1,000 bytes", found, "SDK get")


def batches(port: int, client: CacheClient, theirs: CacheClientAsync, loop: asyncio.AbstractEventLoop) -> str:
    """A hundred embeddings."""
    space = Space(Namespace.of("bench"), Kind.EMBEDDING)
    keys = [Key(space, f"{number:064x}") for number in range(MANY)]
    pair: Any = open_account(local_account("127.0.0.1", port), Settings(CACHE, timeout=20.0))
    pair.blocking.put_many([Put(key, b"v" * VECTOR_BYTES, 3_600.0) for key in keys])
    for number in range(MANY):
        client.set(CACHE, f"v{number}", b"v" * VECTOR_BYTES)

    async def gathered() -> None:
        await asyncio.gather(*(theirs.get(CACHE, f"v{number}") for number in range(MANY)))

    def in_turn() -> None:
        for number in range(MANY):
            client.get(CACHE, f"v{number}")

    found = [
        Contestant("SDK gather of gets, awaited", awaited(gathered, loop), calls=1),
        Contestant("SDK gets in turn", repeated(in_turn), calls=1),
        Contestant("ours, awaited", awaited(lambda: pair.awaiting.get_many(keys), loop), calls=1),
        Contestant("ours", repeated(lambda: pair.blocking.get_many(keys)), calls=1),
    ]
    race(found, slices=40)
    loop.run_until_complete(pair.awaiting.close())
    return table(f"momento stand-in, {MANY} bodies of {VECTOR_BYTES:,} bytes", found, "SDK gather of gets, awaited")


def appends(port: int, client: CacheClient) -> str:
    """One message at the end of a capped conversation."""
    log = Key(Space(Namespace.of("bench"), Kind.HISTORY), "session")
    store: Any = open_account(local_account("127.0.0.1", port), Settings(CACHE, timeout=20.0)).blocking
    body = b"m" * 500
    found = [
        Contestant(
            "SDK list_concatenate_back",
            repeated(lambda: client.list_concatenate_back(CACHE, "l", [body], truncate_front_to_size=200)),
        ),
        Contestant("ours", repeated(lambda: store.append(log, [body], max_length=200))),
    ]
    race(found, slices=60)
    store.close()
    return table("momento stand-in, append of one message, cap 200", found, "SDK list_concatenate_back")


def run() -> Iterator[str]:
    """Give each table when it is done."""
    loop = asyncio.new_event_loop()
    with server() as port, CacheClient(*account(port)) as client:
        theirs = loop.run_until_complete(async_client(port))
        yield lookups(port, client, theirs, loop)
        yield gets(port, client)
        yield batches(port, client, theirs, loop)
        yield appends(port, client)
        loop.run_until_complete(theirs.__aexit__(None, None, None))
    loop.close()
