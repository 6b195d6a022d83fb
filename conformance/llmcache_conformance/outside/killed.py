"""Writers that are killed in the middle of a write: what they were told is there, and no half of anything."""

import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from llmcache.model.key import Kind
from llmcache.model.units import Seconds
from llmcache.protocols.key_value import Put
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import Append, Clear, GetMany, PutMany, ReadLog
from llmcache_conformance.bench import Handle, opened
from llmcache_conformance.case import Need
from llmcache_conformance.check import check_of
from llmcache_conformance.colour import Colour, drive
from llmcache_conformance.expect import Broken, expect, expect_equal
from llmcache_conformance.outside.writing import ENTRIES, PER_APPEND, bodies, entry, log, number_of, space
from llmcache_conformance.subject import Subject

# Moments after an acknowledged write, so that the next one is met at its beginning, in its middle, and between its parts.
_MOMENTS = (0.0, 0.002, 0.007)
_WRITES = 20
_LONGEST_START = 60.0
_LONGEST_END = 10.0


def killed_writer_leaves_no_half_entry(subject: Subject) -> None:
    """A process that is killed while it puts leaves what it was told, or what came after; and the store can be written."""
    for moment in _MOMENTS:
        root = secrets.token_hex(8)
        last = _killed_after(subject, root, moment)
        _look(subject, root, _entries_are_whole(root, last))


def killed_writer_leaves_whole_messages(subject: Subject) -> None:
    """A process that is killed while it appends leaves every message it was told, whole and in order, and no half call."""
    for moment in _MOMENTS:
        root = secrets.token_hex(8)
        last = _killed_after(subject, root, moment)
        _look(subject, root, _messages_are_whole(root, last))


def other_processes_see_what_is_written(subject: Subject) -> None:
    """What another process was told that it wrote is read here while that process still runs."""
    root = secrets.token_hex(8)
    with writer("writer", subject, root, str(_WRITES)) as process:
        last = acknowledged(process, _WRITES)
        _look(subject, root, _entries_are_there(root, last), clear=False)
    _look(subject, root, _entries_are_whole(root, last))


def _entries_are_whole(root: str, last: int) -> Steps[None]:
    yield from _entries_are_there(root, last)
    yield from PutMany((Put(entry(root, 0), b"written again"),))
    again = yield from GetMany((entry(root, 0),))
    expect_equal([b"written again"], list(again), "what is put after the writer was killed")


def _entries_are_there(root: str, last: int) -> Steps[None]:
    found = yield from GetMany([entry(root, number) for number in range(ENTRIES)])
    for place, held in enumerate(found):
        newest = max(number for number in range(last + 1) if number % ENTRIES == place)
        number = -1 if held is None else number_of(held)
        # The write behind the last one acknowledged may have been done, too.
        expect(number >= newest, f"write {newest} was acknowledged, and what is there is {_said(number, held)}")


def _messages_are_whole(root: str, last: int) -> Steps[None]:
    found = list((yield from ReadLog(log(root))))
    calls = len(found) // PER_APPEND
    expect_equal(
        [part for number in range(calls) for part in bodies(number)], found, "the log of a writer that was killed"
    )
    expect(calls > last, f"append {last} was acknowledged, and the log ends with append {calls - 1}")
    length = yield from Append(log(root), (b"appended again",))
    expect_equal(len(found) + 1, length, "the length after an append behind the killed writer's")


def _said(number: int, held: bytes | None) -> str:
    return "nothing" if held is None else f"of write {number}" if number >= 0 else f"no whole body: {held[:60]!r}..."


def _look(subject: Subject, root: str, steps: Steps[None], *, clear: bool = True) -> None:
    """Do `steps` here, in a store opened for them, and clear what the writer wrote."""
    clock = subject.clock()
    with opened(subject.open(clock), clock) as handle:
        try:
            drive(steps, handle, Colour.BLOCKING)
        finally:
            if clear:
                drive(_clear(root, handle), handle, Colour.BLOCKING)


def _clear(root: str, handle: Handle) -> Steps[None]:
    yield from Clear(space(root, Kind.RESPONSE))
    if handle.capabilities.log:
        yield from Clear(space(root, Kind.HISTORY))


def _killed_after(subject: Subject, root: str, moment: Seconds) -> int:
    """Let a writer write some, kill it a `moment` later, and return the number of the last write it was told."""
    with writer("writer", subject, root) as process:
        last = acknowledged(process, _WRITES)
        time.sleep(moment)
        process.kill()
        rest = _read_all(process)
    return max(last, *map(int, rest)) if rest else last


@contextmanager
def writer(module: str, subject: Subject, root: str, *more: str) -> Generator["subprocess.Popen[str]"]:
    """Have a writer of this package run during a block, and killed at its end at the latest."""
    command = [sys.executable, "-m", f"{__package__}.{module}", subject.url, root, *more]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: S603 -- our own
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: "subprocess.Popen[str]", writes: int) -> int:
    """Wait for so many acknowledged writes and return the number of the last; `Broken` where the writer cannot write."""
    watch = threading.Timer(_LONGEST_START, process.kill)
    watch.start()
    try:
        lines = [_line(process) for _ in range(writes)]
    finally:
        watch.cancel()
    if "" in lines:
        process.kill()
        told = (process.stderr.read() if process.stderr else "").strip().splitlines()
        raise Broken(f"another process could not write: {told[-1] if told else f'nothing within {_LONGEST_START:g} s'}")
    return int(lines[-1])


def _line(process: "subprocess.Popen[str]") -> str:
    return process.stdout.readline() if process.stdout else ""


def _read_all(process: "subprocess.Popen[str]") -> Sequence[str]:
    out, _ = process.communicate(timeout=_LONGEST_END)
    # The last line may have been cut off with the process.
    return [line for line in out.split("\n")[:-1] if line]


KILLED = (
    check_of(killed_writer_leaves_no_half_entry, ("KV-5", "KV-10"), (Need.PROCESS,)),
    check_of(killed_writer_leaves_whole_messages, ("LOG-1", "LOG-3"), (Need.PROCESS, Need.LOG)),
    check_of(other_processes_see_what_is_written, ("KV-6",), (Need.PROCESS,)),
)
