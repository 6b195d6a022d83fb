"""How many of the same faults our suite and LangChain's standard suites catch: `python -m benchmarks.suites`.

Every saboteur of our suite, a memory store broken in exactly one way, is put behind the thinnest cache and the thinnest
`BaseStore` that LangChain's interfaces allow: names are not hashed and failures not hidden, so that a fault of the store is a
fault of what LangChain's suites see. A suite catches a saboteur if one of its tests fails; on the store that is not
broken all of them pass, or the comparison stops. The result is kept in benchmarks/results.
"""

import asyncio
import datetime as dt
import inspect
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
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

from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_conformance.cases import CASES
from llmcache_conformance.matrix import kill_matrix
from llmcache_conformance.saboteurs import SABOTEURS, Saboteur

SPACE = Space(Namespace(("suites",)), Kind.RESPONSE)
IN_REACH = frozenset(f"KV-{number}" for number in (1, 2, 3, 4, 5, 6, 10, 12, 14, 15))
"""Clauses about what LangChain's interfaces have, too: get, set, delete and clear, without times to live and conditions."""

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


CACHE_SUITES = (SyncCacheTestSuite, AsyncCacheTestSuite)
STORE_SUITES = (BaseStoreSyncTests, BaseStoreAsyncTests)


def caught(saboteur: Saboteur | None, suites: Sequence[type]) -> bool:
    """Return whether a test of `suites` fails on a saboteur; None stands for the store that is not broken."""
    return any(_fails(test, suite, saboteur) for suite in suites for test in _tests(suite))


def main() -> None:
    """Compare, print, and keep what was printed."""
    warnings.simplefilter("ignore")
    if caught(None, (*CACHE_SUITES, *STORE_SUITES)):
        raise SystemExit("LangChain's suites fail on the store that is not broken: the comparison means nothing")
    began = time.monotonic()
    ours = {name for name, killers in kill_matrix(SABOTEURS, CASES).items() if killers}
    took = time.monotonic() - began
    cache = {one.name for one in SABOTEURS if caught(one, CACHE_SUITES)}
    store = {one.name for one in SABOTEURS if caught(one, STORE_SUITES)}
    report = _report(ours, cache, store, took)
    print(report)
    kept = Path(__file__).parent / "results" / f"suites-{dt.datetime.now(dt.UTC):%Y-%m-%d}.txt"
    kept.write_text(report + "\n", "utf-8")


def _report(ours: set[str], cache: set[str], store: set[str], took: float) -> str:
    families = list(dict.fromkeys(_family(one) for one in SABOTEURS))
    groups: list[tuple[str, list[Saboteur]]] = [
        (name, [s for s in SABOTEURS if _family(s) == name]) for name in families
    ]
    groups.append(("all", list(SABOTEURS)))
    groups.append(("in reach of their interfaces", [one for one in SABOTEURS if _is_in_reach(one)]))
    tests = {suites: sum(len(_tests(suite)) for suite in suites) for suites in (CACHE_SUITES, STORE_SUITES)}
    lines = [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, langchain-tests {version('langchain-tests')}, llmcache-kit {version('llmcache-kit')}",
        f"Caught by: ours, {len(CASES)} cases in up to four colours, {took:.0f} s;",
        f"LangChain's cache suites, {tests[CACHE_SUITES]} tests; LangChain's BaseStore suites, {tests[STORE_SUITES]} tests.",
        "",
        f"{'faults':<30}{'of':>5}{'ours':>7}{'cache':>7}{'store':>7}",
    ]
    for name, members in groups:
        names = {one.name for one in members}
        counts = [len(names), *(len(names & found) for found in (ours, cache, store))]
        lines.append(f"{name:<30}{counts[0]:>5}{counts[1]:>7}{counts[2]:>7}{counts[3]:>7}")
    lines += [
        "",
        "The faults are those we thought of: this compares suites on one list, and says nothing of how often each happens.",
        "In reach: faults of getting, setting, deleting and clearing, which LangChain's interfaces have, too.",
    ]
    return "\n".join(lines)


def _is_in_reach(saboteur: Saboteur) -> bool:
    return bool(set(saboteur.clauses) & IN_REACH) and _family(saboteur) not in {"times", "room", "limits"}


def _family(saboteur: Saboteur) -> str:
    broken = saboteur.store if saboteur.awaiting is AsyncMemoryStore else saboteur.awaiting
    return broken.__module__.rpartition(".")[2]


def _tests(suite: type) -> list[Callable[..., Any]]:
    found = inspect.getmembers(suite, inspect.isfunction)
    return [test for name, test in found if name.startswith("test_") and "DO_NOT_OVERRIDE" not in name]


def _fails(test: Callable[..., Any], suite: type, saboteur: Saboteur | None) -> bool:
    blocking = (saboteur.store if saboteur else MemoryStore)(max_bytes=1 << 24)
    awaiting = (saboteur.awaiting if saboteur else AsyncMemoryStore)(blocking)
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


if __name__ == "__main__":
    main()
