"""LangChain's standard suites, on the thinnest cache and the thinnest `BaseStore` that its interfaces allow."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.load import dumps, loads
from langchain_core.stores import BaseStore
from langchain_tests.integration_tests import (
    AsyncCacheTestSuite,
    BaseStoreAsyncTests,
    BaseStoreSyncTests,
    SyncCacheTestSuite,
)

from benchmarks.suites.peer import Peer, stores_of
from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs import Saboteur

SPACE = Space(Namespace(("suites",)), Kind.RESPONSE)
THREE_VALUES = (b"foo", b"bar", b"buzz")


class ThinCache(BaseCache):
    """Keeps generations under the prompt and the model's text."""

    def __init__(self, blocking: MemoryStore, awaiting: AsyncMemoryStore) -> None:
        self._blocking = blocking
        self._awaiting = awaiting

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return _decoded(self._blocking.get_many((_key(prompt, llm_string),))[0])

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        self._blocking.put_many((Put(_key(prompt, llm_string), _encoded(return_val)),))

    def clear(self, **kwargs: Any) -> None:
        self._blocking.clear(SPACE)

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return _decoded((await self._awaiting.get_many((_key(prompt, llm_string),)))[0])

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        await self._awaiting.put_many((Put(_key(prompt, llm_string), _encoded(return_val)),))

    async def aclear(self, **kwargs: Any) -> None:
        await self._awaiting.clear(SPACE)


class ThinStore(BaseStore[str, bytes]):
    """Keeps bytes under their names."""

    def __init__(self, blocking: MemoryStore, awaiting: AsyncMemoryStore) -> None:
        self._blocking = blocking
        self._awaiting = awaiting

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        return list(self._blocking.get_many([Key(SPACE, key) for key in keys]))

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        self._blocking.put_many([Put(Key(SPACE, key), value) for key, value in key_value_pairs])

    def mdelete(self, keys: Sequence[str]) -> None:
        self._blocking.delete_many([Key(SPACE, key) for key in keys])

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        names = [listed.key.name for listed in self._blocking.scan(SPACE, count=10_000)]
        yield from (name for name in names if name.startswith(prefix or ""))

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        return list(await self._awaiting.get_many([Key(SPACE, key) for key in keys]))

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        await self._awaiting.put_many([Put(Key(SPACE, key), value) for key, value in key_value_pairs])

    async def amdelete(self, keys: Sequence[str]) -> None:
        await self._awaiting.delete_many([Key(SPACE, key) for key in keys])

    async def ayield_keys(self, *, prefix: str | None = None) -> AsyncIterator[str]:
        for listed in await self._awaiting.scan(SPACE, count=10_000):
            if listed.key.name.startswith(prefix or ""):
                yield listed.key.name


def _tests(suite: type) -> list[Callable[..., Any]]:
    found = inspect.getmembers(suite, inspect.isfunction)
    return [test for name, test in found if name.startswith("test_") and "DO_NOT_OVERRIDE" not in name]


def _fails(test: Callable[..., Any], suite: type, saboteur: Saboteur | None) -> bool:
    blocking, awaiting = stores_of(saboteur)
    fixtures = {
        "cache": ThinCache(blocking, awaiting),
        "kv_store": ThinStore(blocking, awaiting),
        "three_values": THREE_VALUES,
    }
    # The suites' classes are abstract in their fixtures, which are given here.
    instance: Any = object.__new__(type("Given", (suite,), {"__abstractmethods__": frozenset()}))
    wanted = {name: fixtures[name] for name in inspect.signature(test).parameters if name != "self"}
    try:
        answer = test(instance, **wanted)
        if inspect.iscoroutine(answer):
            asyncio.run(answer)
    except Exception:  # noqa: BLE001 -- whatever a broken store raises, the test has seen it
        return True
    return False


def _key(prompt: str, llm_string: str) -> Key:
    return Key(SPACE, f"{prompt}|{llm_string}")


def _encoded(value: RETURN_VAL_TYPE) -> bytes:
    return dumps(list(value)).encode("utf-8")


def _decoded(body: bytes | None) -> RETURN_VAL_TYPE | None:
    if body is None:
        return None
    found: RETURN_VAL_TYPE = loads(body.decode("utf-8"), allowed_objects="core")
    return found


def _peer(name: str, told: str, *suites: type) -> Peer:
    tests = [(test, suite) for suite in suites for test in _tests(suite)]
    return Peer(
        name, told, "langchain-tests", len(tests), lambda one: any(_fails(test, suite, one) for test, suite in tests)
    )


CACHE = _peer("cache", "LangChain's cache suites", SyncCacheTestSuite, AsyncCacheTestSuite)
STORE = _peer("store", "LangChain's BaseStore suites", BaseStoreSyncTests, BaseStoreAsyncTests)
