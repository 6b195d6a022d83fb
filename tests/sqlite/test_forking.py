"""Forks while other threads are busy: parent and child go on, each with connections of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sqlite.programs import PREAMBLE, ROOT

pytestmark = pytest.mark.slow

# Python 3.12 and later warn about every fork of a process with threads, rightly; that they work is what is shown here.
FORKING = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            import traceback; traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid

def ended(pid):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(pid, 9); os.waitpid(pid, 0)
    return "hung"
"""


def forked(code: str, folder: Path) -> str:
    """Run a program that forks, and return what it printed; a child's errors are shown where it fails.

    Without coverage: a child that was forked while a thread held coverage's own lock would wait for it for ever.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREAMBLE + FORKING + code, str(folder)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip

    assert "" == done.stderr
    return done.stdout.strip()


BUSY = """
store = open_store(folder)
is_over = threading.Event()
written = [[] for _ in range(3)]
failed = []

def work(thread):
    try:
        number = 0
        while not is_over.is_set():
            put(store, f"{thread} {number}", size=3_000)
            written[thread].append(number)
            assert answer(store, f"{thread} {number}") == body_of(f"{thread} {number}", 3_000)
            store.append(log(f"{thread}"), [b"%d" % number])
            number += 1
    except BaseException as error:
        failed.append(repr(error))

threads = [threading.Thread(target=work, args=(thread,)) for thread in range(3)]
for thread in threads:
    thread.start()
"""


def test_fork_with_busy_threads(folder: Path) -> None:
    """Twenty forks while three threads read and write: every child reads, writes and ends; no thread of the parent fails."""
    code = (
        BUSY
        + """
outcomes = []
for fork in range(20):
    seen = [list(numbers) for numbers in written]
    def child():
        for thread, numbers in enumerate(seen):
            for number in numbers[-3:]:
                assert answer(store, f"{thread} {number}") == body_of(f"{thread} {number}", 3_000)
        put(store, f"child {fork}")
        store.append(log("children"), [b"%d" % fork])
        assert answer(store, f"child {fork}") == body_of(f"child {fork}")
        store.close()
    outcomes.append(ended(in_child(child)))
is_over.set()
for thread in threads:
    thread.join()
whole = all(store.read_log(log(f"{t}")) == [b"%d" % n for n in written[t]] for t in range(3))
children = store.read_log(log("children")) == [b"%d" % fork for fork in range(20)]
print(set(outcomes), failed, whole, children, store.health().damaged, store.health().set_aside)
store.close()
"""
    )

    assert "{0} [] True True 0 0" == forked(code, folder)


def test_fork_in_a_running_loop(folder: Path) -> None:
    """A program that awaits forks in the middle: the child writes in a loop of its own, the parent's writes all end."""
    code = """
import asyncio
from llmcache.protocols.key_value import Put
store = open_pair(folder).awaiting

async def main():
    writes = [asyncio.ensure_future(store.put_many((Put(key(n), body_of(n)),))) for n in range(50)]
    await asyncio.sleep(0)
    pid = os.fork()
    if pid == 0:
        return None
    await asyncio.gather(*writes)
    return pid

async def in_child():
    await store.put_many((Put(key("child"), b"child"),))
    assert [b"child"] == await store.get_many((key("child"),))
    await store.close()

loop = asyncio.new_event_loop()
pid = loop.run_until_complete(main())
if pid is None:
    asyncio.set_event_loop(None)
    asyncio._set_running_loop(None)
    asyncio.new_event_loop().run_until_complete(in_child())
    os._exit(0)
status = ended(pid)
found = loop.run_until_complete(store.get_many([key(n) for n in range(50)] + [key("child")]))
loop.run_until_complete(store.close())
loop.close()
print(status, sum(body is not None for body in found))
"""

    assert "0 51" == forked(code, folder)


def test_child_that_outlives_its_parent_loses_nothing(folder: Path) -> None:
    """The parent closes the store, last but for the child: the child's writes are in the file, not in a log that was deleted."""
    code = """
store = open_store(folder)
put(store, "parent")
from_child, to_parent = os.pipe()
from_parent, to_child = os.pipe()

def child():
    put(store, "before"); os.write(to_parent, b"x")
    os.read(from_parent, 1)
    put(store, "after")
    store.close()

pid = in_child(child)
os.read(from_child, 1)
store.close()
os.write(to_child, b"x")
status = ended(pid)
store = open_store(folder)
print(status, [body is not None for body in answers(store, "parent", "before", "after")])
store.close()
"""

    assert "0 [True, True, True]" == forked(code, folder)


def test_idle_store_and_multiprocessing(folder: Path) -> None:
    """The store is inherited by the workers of a pool that forks, and used in all of them."""
    code = """
import multiprocessing
store = open_store(folder)
put(store, "parent")

def work(number):
    put(store, number)
    return answer(store, "parent") == body_of("parent") and answer(store, number) == body_of(number)

with multiprocessing.get_context("fork").Pool(4) as pool:
    good = pool.map(work, range(40))
print(all(good), sum(body is not None for body in answers(store, *range(40))))
store.close()
"""

    assert "True 40" == forked(code, folder)


def test_fork_waits_no_longer_than_it_may(folder: Path) -> None:
    """A call that does not end does not hold a fork up for ever; the child then leaves alone what it inherited."""
    code = """
from llmcache_sqlite import forking
forking._PATIENCE = 0.2
store = open_store(folder)
put(store, "parent")
reader = engine_of(store).file.take_reader(may_wait=True)

def child():
    put(store, "child")
    assert answer(store, "parent") == body_of("parent")

status = ended(in_child(child))
engine_of(store).file.give_back(reader)
print(status, [body is not None for body in answers(store, "parent", "child")])
store.close()
"""

    assert "0 [True, True]" == forked(code, folder)
