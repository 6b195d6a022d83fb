"""The near tier: what a near hit takes beside the stores themselves, how soon a change is told, and what S3-FIFO finds."""

import asyncio
import bisect
import itertools
import random
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import llmcache
from benchmarks.answers import each, each_awaited
from benchmarks.redis_answers import server
from benchmarks.timing import Contestant, quantile, race, table
from benchmarks.work import LLM_STRING, SHORT
from llmcache.memory.copies import OVERHEAD, Copies
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache.protocols.news import Changed, Listening, News
from llmcache_langchain import LLMCache
from llmcache_redis import open_store

_PATIENT = "timeout=5s&log_timeout=5s"
_SPACE = Space(Namespace(("bench",)), Kind.RESPONSE)
_READS, _KEYS, _EXPONENT = 200_000, 20_000, 0.9
_SCAN, _ROOMS = 5_000, (2 << 20, 6 << 20, 20 << 20)


def run() -> Iterator[str]:
    """Give one text after the other."""
    with server() as port, tempfile.TemporaryDirectory() as folder:
        yield from _lookups(port, Path(folder))
        yield _told(port)
    yield _hit_ratios()


def _lookups(port: int, folder: Path) -> Iterator[str]:
    urls = {"memory": "memory:", "sqlite": f"sqlite:{folder / 'kept'}", "redis": f"redis://127.0.0.1:{port}?{_PATIENT}"}
    with ExitStack() as opened:
        caches = {
            f"{name}{', near' if is_near else ''}": opened.enter_context(llmcache.open(_written(folder, url, is_near)))
            for name, url in urls.items()
            for is_near in ((False,) if name == "memory" else (False, True))
        }
        ours = {name: LLMCache(cache) for name, cache in caches.items()}
        for cache in ours.values():
            cache.update(SHORT.prompt, LLM_STRING, SHORT.answer)
            time.sleep(0.2)  # until one's own write was told, which takes the copy along
            for _ in range(3):
                cache.lookup(SHORT.prompt, LLM_STRING)
        blocking = [Contestant(name, each(SHORT, _asking(cache)), 20) for name, cache in ours.items()]
        race(blocking)
        yield table("near: LLMCache.lookup, a hit", blocking, "memory")
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            awaited = [
                Contestant(name, each_awaited(SHORT, _awaiting(cache), loop), 20) for name, cache in ours.items()
            ]
            race(awaited)
            yield table("near: LLMCache.alookup, a hit", awaited, "memory")
            for cache in ours.values():
                loop.run_until_complete(cache.aclose())


def _asking(cache: LLMCache) -> Callable[[str], object]:
    return lambda prompt: cache.lookup(prompt, LLM_STRING)


def _awaiting(cache: LLMCache) -> Callable[[str], object]:
    return lambda prompt: cache.alookup(prompt, LLM_STRING)


def _written(folder: Path, url: str, is_near: bool) -> str:
    path = folder / f"{url.partition(':')[0]}-{is_near}.toml"
    near = 'near = { max_bytes = "64MiB", ttl = "10m" }\n' if is_near else ""
    path.write_text(f'[llmcache]\nstore = "s"\n[stores.s]\nurl = "{url}"\n{near}')
    return str(path)


def _told(port: int) -> str:
    """Measure from before a put until another client is told of it."""
    times: list[float] = []
    watching, writing = (open_store(f"redis://127.0.0.1:{port}", timeout=5.0) for _ in range(2))

    def hear(news: News) -> None:
        if isinstance(news, Changed | Listening):
            times.append(time.perf_counter())

    watching.watch(hear)
    taken: list[float] = []
    for number in range(-20, 500):
        times.clear()
        began = time.perf_counter()
        writing.put_many((Put(Key(_SPACE, f"{number:064x}"), b"body"),))
        while not times:
            time.sleep(0)
        if number >= 0:
            taken.append((times[0] - began) * 1e6)
        time.sleep(0.001)
    watching.close()
    writing.close()
    shown = ", ".join(
        f"{name} {quantile(taken, part):,.0f}" for name, part in (("p10", 0.1), ("median", 0.5), ("p99", 0.99))
    )
    return f"near: from the begin of a put until another client is told, in µs: {shown}"


def _hit_ratios() -> str:
    lines = [
        f"near: hits among {_READS:,} reads of {_KEYS:,} keys by Zipf's law ({_EXPONENT}), bodies of 0.5 to 4.5 KB, by room",
        f"  {'':44}" + "".join(f"{room >> 20:>15} MiB" for room in _ROOMS),
        f"  {'':44}" + "       LRU S3-FIFO" * len(_ROOMS),
    ]
    for name, scans, once in (("plain", 0, 0.0), ("a scan of 5,000 now and then", 1, 0.0), ("30 % read once", 0, 0.3)):
        trace = _trace(scans, once)
        found = [(_least_recent(trace, room), _three_queues(trace, room)) for room in _ROOMS]
        lines.append(f"  {name:44}" + "".join(f"{lru:10.3f}{fifo:8.3f} " for lru, fifo in found))
    return "\n".join(lines)


def _trace(scans: int, once: float) -> list[int]:
    chance = random.Random(1)
    weights = list(itertools.accumulate(1 / (rank + 1) ** _EXPONENT for rank in range(_KEYS)))
    fresh = itertools.count(_KEYS)
    reads: list[int] = []
    for number in range(_READS):
        if scans and number % _KEYS == _KEYS // 2:
            reads += itertools.islice(fresh, _SCAN)
        if chance.random() < once:
            reads.append(next(fresh))
        reads.append(bisect.bisect(weights, chance.random() * weights[-1]))
    return reads


def _size(number: int) -> int:
    return 500 + (number * 2_654_435_761 >> 7) % 4_000


def _least_recent(trace: list[int], room: int) -> float:
    held: OrderedDict[int, int] = OrderedDict()
    used = hits = 0
    for number in trace:
        if number in held:
            held.move_to_end(number)
            hits += 1
            continue
        held[number] = _size(number) + len(_SPACE.prefix) + 64 + OVERHEAD
        used += held[number]
        while used > room:
            used -= held.popitem(last=False)[1]
    return hits / len(trace)


def _three_queues(trace: list[int], room: int) -> float:
    copies = Copies(room)
    body, hits = bytes(5_000), 0
    for number in trace:
        key = Key(_SPACE, f"{number:064x}")
        if copies.get(key, 0.0) is not None:
            hits += 1
        else:
            copies.keep(key, body[: _size(number)], 1.0, 0.0)
    return hits / len(trace)
