"""The locks that forks wait for: a fork gets past whoever holds some of them, and nobody takes one under another."""

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import llmcache
from llmcache.memory import flights, forking
from tests.stores import Fresh

PATIENCE = 20.0
FILE = """
[llmcache]
namespace = "locks"
store = "one"
[stores.one]
url = "{url}"
{more}
[profiles.default]
responses = {{ ttl = "100s", early_refresh = "99%", background_refresh = true, coalesce = "shared" }}
"""
MORE = {
    "memory": 'write_behind = "1MiB"\ndeadline = "20s"',
    "sqlite": 'write_behind = "1MiB"',
    "disk": "",
    "redis": 'near = { max_bytes = "1MiB", ttl = "10m" }\nwrite_behind = "1MiB"',
    "momento-local": 'near = { max_bytes = "1MiB", ttl = "10m" }',
}


class Announced:
    """A re-entrant lock that tells when it has been taken."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.is_taken = threading.Event()

    def acquire(self, timeout: float = -1) -> bool:
        has = self._lock.acquire(timeout=timeout)
        self.is_taken.set()
        return has

    def release(self) -> None:
        self._lock.release()


def test_fork_gets_past_who_takes_a_lock_under_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a finalizer may, whatever its thread holds: the forking thread holds none while it waits without end."""
    inner, outer = Announced(), Announced()
    monkeypatch.setattr(forking, "_locks", [inner, outer])
    monkeypatch.setattr(forking, "_gate", Announced())
    monkeypatch.setattr(forking, "_taken", [])
    is_held = threading.Event()

    def nested() -> None:
        outer.acquire()
        inner.is_taken.clear()
        is_held.set()
        assert inner.is_taken.wait(PATIENCE)
        inner.acquire()
        inner.release()
        outer.release()

    def fork() -> None:
        assert is_held.wait(PATIENCE)
        forking._take_all()
        forking._release_all()

    threads = [threading.Thread(target=work, daemon=True) for work in (nested, fork)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert [False, False] == [thread.is_alive() for thread in threads]
    assert [] == forking._taken


class Watched:
    """A re-entrant lock that notes under which others it is taken; obeys what `threading.Condition` asks of one."""

    here = threading.local()
    nested: ClassVar[set[tuple[str, str]]] = set()

    def __init__(self, made_by: str) -> None:
        self._lock: Any = threading.RLock()
        self._made_by = made_by

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        held = self._held()
        if self not in held:
            self.nested.update((under._made_by, self._made_by) for under in held)
        has = bool(self._lock.acquire(blocking, timeout))
        held.extend([self] * has)
        return has

    def release(self) -> None:
        self._held().remove(self)
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _held(self) -> list["Watched"]:
        held: list[Watched] = self.here.__dict__.setdefault("held", [])
        return held

    def _is_owned(self) -> bool:
        return bool(self._lock._is_owned())

    def _release_save(self) -> tuple[Any, int]:
        times = self._held().count(self)
        self.here.held = [held for held in self._held() if held is not self]
        return self._lock._release_save(), times

    def _acquire_restore(self, saved: tuple[Any, int]) -> None:
        state, times = saved
        self._lock._acquire_restore(state)
        self._held().extend([self] * times)


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Who made the locks that were taken, first under which, then which; of all locks that are made from now on."""

    def made() -> Watched:
        frame = sys._getframe(2)
        return Watched(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")

    monkeypatch.setattr(Watched, "nested", set())
    monkeypatch.setattr(forking, "threading", SimpleNamespace(RLock=made))
    monkeypatch.setattr(forking, "_gate", Watched("gate"))
    monkeypatch.setattr(flights, "_lock", Watched("flights"))
    return Watched.nested


def test_nested_locks_are_seen(nested: set[tuple[str, str]]) -> None:
    """The next test can turn red."""
    condition, lock = threading.Condition(forking.lock_across_forks()), forking.lock_across_forks()
    with condition, condition:
        condition.wait(0.001)
    with lock, lock:
        pass
    assert set() == nested
    with condition:
        condition.wait(0.001)
        with lock:
            forking.lock_across_forks()

    me = f"{__name__}.test_nested_locks_are_seen"
    assert {(me, me), (me, "gate")} == nested


def at_once(works: list[Callable[[], object]]) -> None:
    """Do works in threads of their own."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def use(cache: llmcache.Cache, other: llmcache.Cache) -> None:
    """Do what takes locks: both colours, shared and refreshed calls, what others change, conversations, and counting."""
    requests = [llmcache.Request("m", [{"role": "user", "content": str(number)}]) for number in range(4)]

    def share() -> None:
        for request in requests * 2:
            cache.responses.get_or_call(request, lambda: "x")
            cache.responses.get(request)

    async def share_async() -> None:
        async def call() -> str:
            return "x"

        await asyncio.gather(*(cache.awaiting.responses.get_or_call(request, call) for request in requests * 2))

    def change() -> None:
        for request in requests:
            other.responses.put(request, "y")
            other.responses.delete(request)

    at_once([share, share, change, lambda: asyncio.run(share_async())])
    cache.history("talk").append([{"role": "user", "content": "hi"}])
    cache.responses.clear()
    cache.stats()


def test_no_lock_is_taken_under_another(
    fresh: Fresh, nested: set[tuple[str, str]], tmp_path: Path, store_kind: Any
) -> None:
    """Nor is one made: then a fork, which takes them all, waits for no one who waits for it."""
    path = tmp_path / "llmcache.toml"
    path.write_text(FILE.format(url=fresh(), more=MORE.get(store_kind.name, "")))
    with llmcache.open(str(path)) as cache, llmcache.open(str(path)) as other:
        use(cache, other)

    assert set() == nested
