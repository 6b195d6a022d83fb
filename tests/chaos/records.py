"""What happened, as lines of a file: each process writes its own, and the judge reads them all.

Times are those of the monotonic clock, which all processes of a machine share. A line is written at once, so that a process
that is killed loses at most the line of what it was just doing, which nobody was told of.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from llmcache.model.units import Seconds

AnswerId: TypeAlias = tuple[str, int]
"""Who made an answer, and which of its answers it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A model was asked through the cache.

    Attributes:
        way: How: "call" or "langchain".
        question: Its number; its tag is the number modulo `TAGS`.
        answer: What came; None where the model itself failed.
        was_called: The answer was made by this very call.
        model: Seconds that were spent in the model.
        is_kept: The answer was made by this very call, and the store acknowledged that it keeps it. False where that is not known:
            a write whose acknowledgement was lost may arrive later, also after a clearing.
    """

    way: str
    question: int
    began: float
    ended: float
    answer: AnswerId | None
    was_called: bool
    model: Seconds
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Cleared:
    """Answers were cleared, all of them where `tag` is None.

    Attributes:
        is_sure: It was acknowledged. Otherwise it may have been done, or be done later.
    """

    tag: int | None
    began: float
    ended: float
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Appended:
    """A message was appended, or should have been.

    Attributes:
        outcome: "kept", "maybe" where only the time limit passed, or "not".
    """

    talk: str
    writer: str
    number: int
    began: float
    ended: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Read:
    """The last messages of a conversation were read, or could not be."""

    talk: str
    began: float
    ended: float
    is_read: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that must not be, seen on the spot: an answer, or an exception that the cache caused."""

    what: str
    at: float
    said: str


@dataclass(frozen=True, slots=True)
class Late:
    """A plain sleep of the control thread of a process woke up so much too late."""

    process: str
    at: float
    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault lasted from `began` to `ended`."""

    fault: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Counted:
    """What the cache of one process had counted at its end."""

    name: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Held:
    """What a conversation held when all was over: writer and number of each message, in order."""

    talk: str
    messages: tuple[tuple[str, int], ...]


Record: TypeAlias = Asked | Cleared | Appended | Read | Wrong | Late | Struck | Counted | Held
_KINDS = {kind.__name__: kind for kind in (Asked, Cleared, Appended, Read, Wrong, Late, Struck, Counted, Held)}


class Records:
    """Writes to one file, from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, record: Record) -> None:
        """Add a line, in one call of the system, so that threads need no lock."""
        values = [getattr(record, name) for name in record.__dataclass_fields__]
        os.write(self._file, json.dumps([type(record).__name__, *values]).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_all(folder: Path) -> Iterator[Record]:
    """Give what all processes wrote, file by file; the last line of one that was killed may be cut off."""
    for path in sorted(folder.glob("*.records")):
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    kind, *values = json.loads(line)
                    yield _KINDS[kind](*map(_frozen, values))


def _frozen(value: Any) -> Any:
    """Return a value as it was before JSON made lists of its tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
