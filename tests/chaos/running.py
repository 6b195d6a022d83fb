"""One run of chaos: a stage, the processes of the workload, a script of faults, and the judge at the end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from llmcache.model.units import Seconds
from tests.chaos.clock import SharedClock
from tests.chaos.judging import Limits, Verdict, judged
from tests.chaos.options import SECRETS, file_of, keeps_back, unseen, waits
from tests.chaos.records import Appended, Records, Struck, Wrong, read_all
from tests.chaos.redis_stages import ClusterStage, RedisStage
from tests.chaos.script import script
from tests.chaos.stages import Fault, MemoryStage, MomentoStage, SqliteStage, Stage, clock_jumps
from tests.chaos.watching import Sample, Watch

ROOT = Path(__file__).parents[2]
STAGES: Mapping[str, Callable[[Path], Stage]] = {
    "memory": MemoryStage,
    "sqlite": SqliteStage,
    "redis": RedisStage,
    "redis-cluster": ClusterStage,
    "momento": MomentoStage,
}
_PATIENCE = 60.0
_PEACE = 1.5
"""Seconds without faults at the end, in which everything must work again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run."""

    verdict: Verdict
    samples: list[Sample]


def run(store: str, seed: int, seconds: Seconds, options: Sequence[str] = ()) -> Outcome:
    """Let chaos befall one kind of store.

    Args:
        store: One of `STAGES`.
        seed: Decides the script, and what each actor does.
        seconds: How long faults strike.
        options: Names of `options.OPTIONS` that the cache is opened with.
    """
    chance = Random(f"{store} {seed}")
    with ExitStack() as running:
        folder = Path(
            running.enter_context(tempfile.TemporaryDirectory(prefix="llmcache-chaos-", ignore_cleanup_errors=True))
        )
        stage = running.enter_context(closing(STAGES[store](folder)))
        clock = folder / "clock" if chance.random() < 0.5 else None
        records = running.enter_context(closing(Records(folder / "faults.records")))
        watch = running.enter_context(closing(Watch()))
        crew = Crew(_source(stage, folder, options), folder, f"{store} {seed}", clock, watch, chance)
        running.callback(crew.kill)
        crew.start(stage.processes)
        faults = {**stage.faults(crew, chance), **({} if clock is None else clock_jumps(SharedClock(clock), chance))}
        _strike(faults, chance, seconds, records)
        time.sleep(_PEACE)
        crew.finish(records)
        limits = Limits(
            stage.timeout,
            stage.log_timeout,
            loses=stage.loses,
            unseen=unseen(options),
            waits=waits(options),
            keeps_back=keeps_back(options),
        )
        verdict = judged(read_all(folder), limits)
        return Outcome(verdict, watch.samples)


def _strike(faults: Mapping[str, Fault], chance: Random, seconds: Seconds, records: Records) -> None:
    end = time.monotonic() + seconds
    for step in script(list(faults), chance, seconds):
        time.sleep(step.pause)
        began = time.monotonic()
        if began > end:
            return  # some take longer than they were to
        faults[step.fault](step.lasts)
        records.write(Struck(step.fault, began, time.monotonic()))


def _source(stage: Stage, folder: Path, options: Sequence[str]) -> str:
    if not options:
        return stage.url
    file = folder / "llmcache.toml"
    file.write_text(file_of(stage.url, options))
    return str(file)


class Crew:
    """The processes of the workload."""

    def __init__(self, source: str, folder: Path, seed: str, clock: Path | None, watch: Watch, chance: Random) -> None:
        self._arguments = (source, str(folder), "" if clock is None else str(clock))
        if clock is not None:
            SharedClock(clock)
        self._folder = folder
        self._seed = seed
        self._watch = watch
        self._chance = chance
        self._started = 0
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, many: int) -> None:
        """Start so many processes and wait until they work."""
        begun = [self._begun() for _ in range(many)]
        for process in begun:
            self._wait_for(process)
        self._processes += begun

    def kill_one(self) -> None:
        """Kill a process with no chance to clean up, and start another in its place.

        Never the first one: it lives as long as the run, so that it can be seen whether it grows.
        """
        victim = self._chance.choice(self._processes[1:])
        self._watch.remove(victim.pid)
        victim.kill()
        victim.communicate()
        self._processes.remove(victim)
        self.start(1)

    def fork_one(self) -> None:
        """Have one of them fork among its busy threads."""
        process = self._chance.choice(self._processes)
        assert process.stdin is not None
        process.stdin.write("fork\n")
        process.stdin.flush()

    def stop_one(self) -> int:
        """Have one of them stand still and return its process id."""
        process = self._chance.choice(self._processes)
        process.send_signal(signal.SIGSTOP)
        return process.pid

    def finish(self, records: Records) -> None:
        """End all, the last one after it has told what the conversations hold."""
        *others, teller = self._processes
        for process in others:
            self._end(process, 0, records)
        talks = {one.talk for one in read_all(self._folder) if isinstance(one, Appended)}
        # The one that tells goes on meanwhile, and may begin another conversation.
        self._end(teller, len(talks) + 2, records)
        self._processes.clear()

    def kill(self) -> None:
        """End whatever still runs."""
        for process in self._processes:
            process.kill()
            process.communicate()

    def _begun(self) -> "subprocess.Popen[str]":
        name = f"p{self._started}"
        source, folder, clock = self._arguments
        command = [
            sys.executable,
            "-m",
            "tests.chaos.worker",
            str(self._started),
            f"{self._seed} {name}",
            source,
            folder,
            clock,
        ]
        self._started += 1
        errors = (self._folder / f"{name}.errors").open("w")
        with errors:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **SECRETS},
            )

    def _wait_for(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            process.kill()
            process.communicate()
            raise RuntimeError(f"a process of the workload did not begin: {self._said()}")
        self._watch.add(process.pid)

    def _end(self, process: "subprocess.Popen[str]", talks: int, records: Records) -> None:
        self._watch.remove(process.pid)
        try:
            process.communicate(f"{talks}\n", _PATIENCE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR2)
            time.sleep(1.0)
            process.kill()
            process.communicate()
        if process.returncode != 0:
            records.write(Wrong("process that did not end", time.monotonic(), f"{process.returncode}: {self._said()}"))

    def _said(self) -> str:
        return "".join(path.read_text()[-2000:] for path in sorted(self._folder.glob("*.errors")))
