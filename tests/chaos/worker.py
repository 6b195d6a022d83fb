"""One process of the workload: threads and tasks on one open cache, until its input ends.

`python -m tests.chaos.worker NAME SEED SOURCE FOLDER CLOCK`: SOURCE is a store URL or the path of a file, FOLDER takes the
records, CLOCK is the file of a shared clock or "" for the real one. A number in a line of its input ends it, and first it writes
down what so many conversations hold. A signal SIGUSR1 makes it fork and look whether the child can go on.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import llmcache
from llmcache_langchain import LLMCache
from tests.chaos.actors import Actor, Surroundings
from tests.chaos.clock import SharedClock
from tests.chaos.model import TTL, made, problem_in, request
from tests.chaos.records import Counted, Held, Late, Records, Wrong
from tests.forks import in_child

THREADS = 3
TASKS = 5
_CONTROL = 0.01
_WORTH_NOTING = 0.005


def main(name: str, seed: str, source: str, folder: str, clock: str) -> None:
    """Work until the input ends."""
    # The process's id too: one that was killed and came back must not repeat what it said before.
    name = f"{name}.{os.getpid()}"
    records = Records(Path(folder) / f"{name}.records")
    time_of_day = SharedClock(Path(clock)) if clock else time.time
    over = threading.Event()
    with llmcache.open(source, clock=time_of_day) as cache:
        around = Surroundings(cache, LLMCache(cache), records.write, time_of_day, over)
        signal.signal(signal.SIGUSR1, lambda *_: _fork(name, around))
        actors = [Actor(f"{name}.{number}", f"{seed} {number}", around) for number in range(THREADS + TASKS)]
        threads = [threading.Thread(target=actor.run) for actor in actors[:THREADS]]
        threads += [threading.Thread(target=asyncio.run, args=(_all_tasks(actors[THREADS:]),))]
        threads += [threading.Thread(target=_control, args=(name, records, over))]
        for thread in threads:
            thread.start()
        print("ready", flush=True)
        told = sys.stdin.readline()
        over.set()
        for thread in threads:
            thread.join()
        for number in range(int(told or 0)):
            records.write(_held(cache, f"talk-{number}"))
        counts = {what: int(number) for what, number in cache.stats().as_dict().items()}
    records.write(Counted(name, counts))
    records.close()


def _held(cache: llmcache.Cache, talk: str) -> Held:
    return Held(talk, tuple((message["writer"], message["number"]) for message in cache.history(talk).all()))


async def _all_tasks(actors: list[Actor]) -> None:
    await asyncio.gather(*(actor.run_async() for actor in actors))


def _control(name: str, records: Records, over: threading.Event) -> None:
    """Write down how late a plain sleep wakes up: what is late for that reason is nobody's fault."""
    due = time.monotonic() + _CONTROL
    while not over.is_set():
        time.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        if now - due > _WORTH_NOTING:
            records.write(Late(name, now, now - due))
        due = now + _CONTROL


def _fork(name: str, around: Surroundings) -> None:
    """Fork among the busy threads: the child asks and is answered, as if it had always been alone."""
    status = in_child(lambda: _works(around))
    if status != 0:
        around.write(Wrong("failed call", time.monotonic(), f"{name}: a forked child ended with {status}"))


def _works(around: Surroundings) -> bool:
    """Ask ten questions in a child; it must not be told anything wrong, and not wait for ever."""
    return not any(_problem(around, question) for question in range(10))


def _problem(around: Surroundings, question: int) -> str:
    def call() -> dict[str, Any]:
        return made(question, "child", os.getpid(), around.clock())

    return problem_in(around.cache.responses.get_or_call(request(question), call, ttl=TTL), question)


if __name__ == "__main__":
    main(*sys.argv[1:])
