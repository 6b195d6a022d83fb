"""An open cache from its first use to its end, on every kind of store: loops, forks, closing, and programs that never close."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import llmcache
from llmcache.errors import ClosedError
from llmcache_conformance.watching import descriptors
from llmcache_momento.local import MomentoLocal
from tests.forks import in_child
from tests.redis.servers import Server

ROOT = Path(__file__).parents[2]
PATIENCE = 10.0


def request(text: str) -> llmcache.Request:
    """Ask a model something."""
    return llmcache.Request("m", [{"role": "user", "content": text}])


def use(cache: llmcache.Cache, text: str) -> Any:
    """Ask twice, and converse; what the model would have to be asked for a second time raises."""

    def never() -> Any:
        raise AssertionError("the model was asked again")

    cache.responses.get_or_call(request(text), lambda: text)
    cache.history(text).append([text])
    return cache.responses.get_or_call(request(text), never), cache.history(text).all()


async def use_async(cache: llmcache.AsyncCache, text: str) -> Any:
    """The same, awaited."""

    async def never() -> Any:
        raise AssertionError("the model was asked again")

    await cache.responses.get_or_call(request(text), lambda: text)
    await cache.history(text).append([text])
    return await cache.responses.get_or_call(request(text), never), await cache.history(text).all()


def used(text: str) -> Any:
    """What both return."""
    return text, [text]


def settled(count: Callable[[], "Counter[str]"], goal: "Counter[str]") -> "Counter[str]":
    """What there is more than `goal`, when that is nothing or after a bounded wait."""
    ends = time.monotonic() + PATIENCE
    while count() - goal and time.monotonic() < ends:
        gc.collect()
        threading.Event().wait(0.01)
    return count() - goal


def threads() -> "Counter[str]":
    """The threads that run, by name; those of Momento's stand-in, which a test has in this process, are not the cache's."""
    return Counter(thread.name for thread in threading.enumerate() if not thread.name.startswith("momento-local"))


def live(url: str) -> None:
    """Open, use in both colours and several loops, and close."""
    with llmcache.open(url) as cache:
        assert used("a") == use(cache, "a")
        for text in "bc":
            assert used(text) == asyncio.run(use_async(cache.awaiting, text))


def test_closing_leaves_nothing(fresh: Callable[[], str], tmp_path: Path) -> None:
    """Neither a thread nor a file, a connection or a socket, whichever colours and loops used the cache; nor what writes behind."""
    live(fresh())  # what stays for good, such as a library's own pool
    before = threads(), descriptors()
    live(fresh())
    live(behind(fresh(), tmp_path))

    assert (Counter(), Counter()) == (settled(threads, before[0]), settled(descriptors, before[1]))


async def test_closing_leaves_no_task(url: str) -> None:
    """Nothing of the cache runs on in the loop."""
    async with llmcache.open_async(url) as cache:
        await asyncio.gather(*(use_async(cache, str(number)) for number in range(5)))
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if others:
        await asyncio.wait(others, timeout=PATIENCE)

    assert [] == [task for task in others if not task.done()]


async def test_closed_cache_says_so(url: str) -> None:
    """Every use of either colour, before anything is paid; closing again does nothing."""
    cache = llmcache.open(url)
    use(cache, "a")
    cache.close()
    cache.close()
    await cache.awaiting.close()
    paid: list[str] = []
    asked: list[Callable[[], Any]] = [
        lambda: cache.responses.get_or_call(request("a"), lambda: paid.append("a")),
        lambda: cache.responses.get(request("a")),
        lambda: cache.responses.put(request("a"), "x"),
        lambda: cache.responses.delete(request("a")),
        cache.clear,
        lambda: cache.clear(tags=("faq",)),
        lambda: cache.history("a").append(["x"]),
        lambda: cache.history("a").all(),
    ]
    awaited = cache.awaiting
    for ask in asked:
        with pytest.raises(ClosedError):
            ask()
    for answer in (
        awaited.responses.get_or_call(request("a"), lambda: paid.append("a")),
        awaited.responses.get(request("a")),
        awaited.responses.put(request("a"), "x"),
        awaited.history("a").append(["x"]),
        awaited.history("a").all(),
    ):
        with pytest.raises(ClosedError):
            await answer
    assert [] == paid


def uses_of_a_child(cache: llmcache.Cache) -> int:
    """Fork, use the cache in the child in both colours, close it there, and return how that ended."""

    def work() -> bool:
        found = [use(cache, "child"), asyncio.run(use_async(cache.awaiting, "child, awaited"))]
        cache.close()
        return bool(found == [used("child"), used("child, awaited")])

    return in_child(work)


# Momento lists nothing, and its stand-in is in this process here: gRPC forks in no process that serves. See the next test.
@pytest.mark.stores(needs="scan")
def test_child_process_uses_the_cache_of_its_parent(url: str) -> None:
    """And closes it, which takes nothing from the parent."""
    with llmcache.open(url) as cache:
        use(cache, "before")
        asyncio.run(use_async(cache.awaiting, "awaited"))

        assert 0 == uses_of_a_child(cache)
        assert used("after") == use(cache, "after")
        assert used("after, awaited") == asyncio.run(use_async(cache.awaiting, "after, awaited"))


@pytest.mark.slow
def test_child_process_reaches_momento_anew() -> None:
    """Where its parent has used the blocking colour; what gRPC does for asyncio survives no fork."""
    command = [sys.executable, "-m", "llmcache_momento.local", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as standing_in:
        assert standing_in.stdout is not None
        port = next(line for line in standing_in.stdout if line.strip().isdigit()).strip()
        try:
            with llmcache.open(f"momento-local://127.0.0.1:{port}/shop?timeout=20s") as cache:
                use(cache, "before")

                assert 0 == uses_of_a_child(cache)
                assert used("after") == use(cache, "after")
        finally:
            standing_in.terminate()


def test_loops_of_several_threads_share_a_cache(url: str) -> None:
    """At the same time, beside blocking calls."""
    with llmcache.open(url) as cache:
        found: list[Any] = []

        def loop(text: str) -> None:
            found.append(asyncio.run(use_async(cache.awaiting, text)))

        running = [threading.Thread(target=loop, args=(str(number),)) for number in range(4)]
        for thread in running:
            thread.start()
        use(cache, "blocking")
        for thread in running:
            thread.join()

    assert sorted(used(str(number)) for number in range(4)) == sorted(found)


def behind(url: str, folder: Path) -> str:
    """Return the path of a file that has the store at `url` written behind."""
    file = folder / "behind.toml"
    file.write_text(f'[llmcache]\nstore = "s"\n[stores.s]\nurl = "{url}"\nwrite_behind = "1MiB"\n')
    return str(file)


FORGETFUL = """
import asyncio, sys, warnings
warnings.simplefilter("error")
import llmcache
from tests.api.test_lifecycle import use, use_async
for number, where in enumerate(sys.argv[1:]):
    cache = llmcache.open(where)
    use(cache, f"{number}")
    asyncio.run(use_async(cache.awaiting, f"{number}, awaited"))
print("over")
"""


@pytest.mark.slow
@pytest.mark.stores(needs="persistent")
def test_program_that_never_closes_ends(url: str, tmp_path: Path) -> None:
    """At once and without a word; what was acknowledged is there, and so is what waited to be written behind."""
    command = [sys.executable, "-c", FORGETFUL, url, behind(url, tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    with llmcache.open(url) as cache:
        found = [cache.responses.get(request(text)) for text in ("0", "0, awaited", "1", "1, awaited")]
        said = cache.history("0, awaited").all()

    assert (0, "over\n", "") == (ended.returncode, ended.stdout, ended.stderr)
    assert ["0", "0, awaited", "1", "1, awaited"] == found
    assert ["0, awaited"] == said


HUNG = """
import asyncio, threading
import llmcache
from tests.api.failing import cache_on
from tests.api.test_guarding import Hanging
from tests.api.test_failing_store import get_or_call, get_or_call_async
from llmcache.drivers.offload import Offloaded
from llmcache.protocols.whole import StorePair
for ask in (get_or_call, get_or_call_async):
    for in_threads in (lambda store: None, Offloaded):
        store = Hanging()
        print(ask(cache_on(StorePair(store, in_threads(store)), lambda: 0.0, deadline=0.1), "a"))
"""


@pytest.mark.slow
def test_program_ends_while_a_call_hangs() -> None:
    """A thread that was left behind with a stranger's store keeps nobody from ending."""
    command = [sys.executable, "-c", HUNG]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (0, "you said: a\n" * 4, "") == (ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module", params=["memory", "sqlite", "disk", "redis", "momento-local"])
def module_cache(
    request: pytest.FixtureRequest, redis_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[llmcache.AsyncCache]:
    """A cache that outlives the event loops of its tests, as pytest-asyncio makes one for each function."""
    with ExitStack() as running:
        if request.param == "redis":
            url = f"redis://127.0.0.1:{redis_server.port}/15?timeout=20s&log_timeout=20s"
        elif request.param == "momento-local":
            url = f"momento-local://{running.enter_context(MomentoLocal()).address}?timeout=20s"
        else:
            url = f"{request.param}:{'' if request.param == 'memory' else tmp_path_factory.mktemp('store')}"
        cache = llmcache.open_async(url, namespace=f"module-{time.time_ns()}")
        yield cache
        cache.blocking.close()


@pytest.mark.parametrize("number", range(3))
async def test_cache_of_a_module_serves_the_loops_of_its_functions(
    module_cache: llmcache.AsyncCache, number: int
) -> None:
    """Each test has a loop of its own, and the cache is opened once; it is closed when no loop runs."""
    assert used(str(number)) == await use_async(module_cache, str(number))
