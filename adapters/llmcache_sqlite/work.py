"""Work: what a call does, as a value, apart from how its caller waits for it."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from llmcache.protocols.deed import Deed
from llmcache_sqlite.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """A read.

    Attributes:
        deed: For messages.
        work: Does it with a reader, which it leaves in no transaction.
    """

    deed: Deed
    work: Callable[[sqlite3.Cursor], T]


@dataclass(frozen=True, slots=True)
class Write(Generic[T]):
    """A write.

    Attributes:
        deed: For messages.
        work: Does it in a transaction, and may be called again if that is rolled back.
        grows: About how many bytes the file grows by; 0 for what only deletes, which is never refused for room.
    """

    deed: Deed
    work: Callable[[Transaction], T]
    grows: int = 0
