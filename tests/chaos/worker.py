"""One process of the workload: threads and tasks on one open cache, until its input ends.

`python -m tests.chaos.worker NUMBER SEED SOURCE FOLDER CLOCK`: SOURCE is a store URL or the path of a file, FOLDER takes the
records, CLOCK is the file of a shared clock or "" for the real one. A line of its input that says "fork" makes it fork and look
whether the child can go on; a number ends it, and first it writes down what so many conversations hold. SIGUSR2 makes it say where
each of its threads is.
"""

import asyncio
import faulthandler
import os
import signal
import sys
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import llmcache
from llmcache.model.event import Told
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


def main(number: str, seed: str, source: str, folder: str, clock: str) -> None:
    """Work until the input ends."""
    faulthandler.register(signal.SIGUSR2)
    # The process's id too: one that was killed and came back must not repeat what it said before.
    name = f"p{number}.{os.getpid()}"
    records = Records(Path(folder) / f"{name}.records")
    time_of_day = SharedClock(Path(clock)) if clock else time.time
    over = threading.Event()
    heard: ContextVar[list[Told]] = ContextVar("heard")

    def listen(told: Told) -> None:
        said = heard.get(None)
        if said is not None:
            said.append(told)

    # Half of the processes have no listener: LangChain's look-ups take a shorter way there.
    listener = listen if int(number) % 2 == 0 else None
    with llmcache.open(source, clock=time_of_day, listener=listener) as cache:
        around = Surroundings(cache, LLMCache(cache), records.write, time_of_day, over, heard)
        actors = [Actor(f"{name}.{place}", f"{seed} {place}", around) for place in range(THREADS + TASKS)]
        threads = [threading.Thread(target=actor.run) for actor in actors[:THREADS]]
        threads += [threading.Thread(target=asyncio.run, args=(_all_tasks(actors[THREADS:]),))]
        threads += [threading.Thread(target=_control, args=(name, records, over))]
        for thread in threads:
            thread.start()
        print("ready", flush=True)
        while (told := sys.stdin.readline()) == "fork\n":
            _fork(name, around)
        over.set()
        for thread in threads:
            thread.join()
        for place in range(int(told or 0)):
            records.write(_held(cache, f"talk-{place}"))
        counts = {what: int(count) for what, count in cache.stats().as_dict().items()}
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
