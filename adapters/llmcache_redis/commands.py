"""Commands and replies as values, apart from the colour that carries them.

Those that every call makes are not frozen, though nobody changes them: to make a frozen one takes four times as long.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from llmcache.model.units import Seconds
from llmcache_redis.deadline import Deadline
from llmcache_redis.scripts import Script

T = TypeVar("T")

Word: TypeAlias = str | bytes | int
Reply: TypeAlias = Any
"""What the server answered: bytes, int, None, or a list of these; the reader of a command knows which."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        host: Name or number; "" for a Unix socket.
        port: 0 for a Unix socket.
        path: Of a Unix socket.
        is_sentinel: It is asked for the master, by other credentials, and keeps nothing.
    """

    host: str
    port: int
    path: str = ""
    is_sentinel: bool = False

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


@dataclass(slots=True)
class Command:
    """One command.

    Attributes:
        words: As they are sent.
        slot: The slot of its keys; 0 on one server.
        script: What `words` call by digest; None where it is a plain command.
    """

    words: Sequence[Word] = field(repr=False)
    slot: int = 0
    script: Script | None = None

    def in_full(self) -> "Command":
        """Return the same call of a script with its text, for a server that does not know it."""
        return Command(("EVAL", self.script.text if self.script else "", *self.words[2:]), self.slot)


def call(script: Script, keys: Sequence[str], arguments: Sequence[Word], slot: int) -> Command:
    """Return the call of a script; all `keys` lie in `slot`."""
    return Command(("EVALSHA", script.digest, len(keys), *keys, *arguments), slot, script)


@dataclass(frozen=True, slots=True)
class Lost:
    """No reply to a command.

    Attributes:
        error: What happened; None where the command was not tried because of others of its round.
        sent: The server may have got it, and may have done it.
    """

    error: BaseException | None
    sent: bool


Outcome: TypeAlias = Any
"""A `Reply`, a `redis.ResponseError`, or `Lost`."""


@dataclass(slots=True)
class Part:
    """Commands for one server, in one pipeline.

    Attributes:
        asking: Each is preceded by ASKING: its slot is just moving there.
    """

    address: Address
    commands: Sequence[Command]
    asking: bool = False


@dataclass(slots=True)
class Round:
    """One round trip, to several servers at once; the answer is a list of outcomes for each part."""

    parts: Sequence[Part]
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait a moment; the answer is an empty list."""

    seconds: Seconds


Wire: TypeAlias = Generator[Round | Pause, list[list[Outcome]], T]
"""Steps that need nothing but round trips; a wire of either colour carries them out."""
