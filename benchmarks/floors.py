"""The floor of each medium: the shortest correct way by hand to the same objects."""

import hashlib
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration


def shallow(generations: Sequence[ChatGeneration]) -> list[ChatGeneration]:
    """Copy the generations and their messages one level deep, as the least that keeps callers from each other's objects."""
    copies = []
    for generation in generations:
        copy = generation.model_copy()
        copy.message = generation.message.model_copy()
        copies.append(copy)
    return copies


def digest(prompt: str, llm_string: str) -> bytes:
    """The safest quick digest of both strings."""
    return hashlib.sha256(f"{len(prompt)}:{prompt}{llm_string}".encode()).digest()


def packed(generations: Sequence[ChatGeneration]) -> bytes:
    """The fields that matter, as JSON."""
    return orjson.dumps(
        [
            {
                "content": generation.message.content,
                "id": generation.message.id,
                "usage_metadata": generation.message.usage_metadata,  # type: ignore[attr-defined] # an AIMessage
                "response_metadata": generation.message.response_metadata,
                "info": generation.generation_info,
            }
            for generation in generations
        ]
    )


def unpacked(body: bytes) -> list[ChatGeneration]:
    """Validated messages from those fields."""
    return [
        ChatGeneration(
            message=AIMessage(
                content=fields["content"],
                id=fields["id"],
                usage_metadata=fields["usage_metadata"],
                response_metadata=fields["response_metadata"],
            ),
            generation_info=fields["info"],
        )
        for fields in orjson.loads(body)
    ]


class SqliteFloor:
    """One table, one row an entry, WAL, synchronous=NORMAL."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "floor.db"
        self._file = sqlite3.connect(self.path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute("CREATE TABLE entry (key BLOB PRIMARY KEY, ends REAL, body BLOB) WITHOUT ROWID")
        self._file.execute(
            "CREATE TABLE message (session INTEGER, number INTEGER, body BLOB, PRIMARY KEY (session, number))"
        )

    def get(self, prompt: str, llm_string: str) -> list[ChatGeneration] | None:
        """Digest, read, decode."""
        row = self._file.execute("SELECT ends, body FROM entry WHERE key = ?", (digest(prompt, llm_string),)).fetchone()
        if row is None or (row[0] is not None and row[0] < time.time()):
            return None
        return unpacked(row[1])

    def put(self, prompt: str, llm_string: str, generations: Sequence[ChatGeneration]) -> None:
        """Digest, encode, write."""
        self._file.execute(
            "INSERT INTO entry VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET ends = excluded.ends, body = excluded.body",
            (digest(prompt, llm_string), None, packed(generations)),
        )

    def append(self, session: int, body: bytes) -> None:
        """Add one message at the end."""
        self._file.execute(
            "INSERT INTO message SELECT ?1, coalesce(max(number), 0) + 1, ?2 FROM message WHERE session = ?1",
            (session, body),
        )

    def append_packed(self, session: int, generations: Sequence[ChatGeneration]) -> None:
        """Encode one message and add it."""
        self.append(session, packed(generations))

    def last(self, session: int, count: int) -> list[Any]:
        """Read the last messages and decode them."""
        rows = self._file.execute(
            "SELECT body FROM message WHERE session = ? ORDER BY number DESC LIMIT ?", (session, count)
        ).fetchall()
        return [unpacked(body)[0].message for (body,) in reversed(rows)]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
