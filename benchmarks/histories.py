"""Conversations: appending, and reading the last twenty, as the history grows."""

import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage

from benchmarks.floors import SqliteFloor, packed
from benchmarks.timing import Contestant, Prepare, race, table
from benchmarks.work import SHORT
from llmcache_langchain import ChatMessageHistory

LENGTHS = (10, 1_000, 10_000)


def repeated(call: Callable[[], Any]) -> Prepare:
    """Prepare the same call over and over."""

    def prepare(count: int) -> Callable[[], None]:
        def run() -> None:
            for _ in range(count):
                call()

        return run

    return prepare


def peer_history(folder: Path, length: int) -> Any:
    """LangChain community's SQLChatMessageHistory on SQLite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from langchain_community.chat_message_histories import SQLChatMessageHistory

        return SQLChatMessageHistory(f"s{length}", connection=f"sqlite:///{folder / 'peer.db'}")


def last_of_all(peer: Any) -> list[Any]:
    """The last twenty, where only all can be had."""
    messages: list[Any] = peer.messages[-20:]
    return messages


def growth(folder: Path) -> list[str]:
    """Append one message, and read the last twenty, at three lengths."""
    message = SHORT.answer[0].message
    assert isinstance(message, AIMessage)
    body = packed(SHORT.answer)
    floor = SqliteFloor(folder)
    tables = []
    for length in LENGTHS:
        ours = ChatMessageHistory(f"s{length}", f"sqlite:{folder / 'ours'}")
        ours.add_messages([message] * length)
        for _ in range(length):
            floor.append(length, body)
        peer = peer_history(folder, length)
        peer.add_messages([message] * length)
        reading = [
            Contestant("floor: rows + decode", repeated(partial(floor.last, length, 20)), calls=5),
            Contestant("LLMCache ChatMessageHistory.last(20)", repeated(partial(ours.last, 20)), calls=5),
        ]
        race(reading, slices=100)
        race_peer = [
            Contestant(
                "LangChain SQLChatMessageHistory, .messages[-20:]", repeated(partial(last_of_all, peer)), calls=1
            )
        ]
        race(race_peer, slices=5 if length == LENGTHS[-1] else 20)
        tables.append(table(f"history, last 20 of {length:,}", reading + race_peer, reading[0].name))
        adding = [
            Contestant(
                "floor: encode + one insert", repeated(partial(floor.append_packed, length, SHORT.answer)), calls=5
            ),
            Contestant(
                "LLMCache ChatMessageHistory.add_messages", repeated(partial(ours.add_messages, [message])), calls=5
            ),
            Contestant("LangChain SQLChatMessageHistory", repeated(partial(peer.add_messages, [message])), calls=2),
        ]
        race(adding, slices=100)
        tables.append(table(f"history, append one at {length:,}", adding, adding[0].name))
    floor.close()
    return tables


def run() -> list[str]:
    """Return all tables about conversations."""
    with tempfile.TemporaryDirectory() as folder:
        return growth(Path(folder))
