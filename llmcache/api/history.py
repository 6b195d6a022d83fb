"""The chat history: one conversation's messages in order, in a blocking class and its async twin."""

from collections.abc import Iterable, Sequence
from typing import Any

from llmcache.api.setup import Setup
from llmcache.drivers.aio import run_async
from llmcache.drivers.blocking import run
from llmcache.errors import UsageError
from llmcache.flows import history as flow
from llmcache.model.entry import Entry
from llmcache.model.key import Key
from llmcache.model.units import Plain
from llmcache.protocols.steps import Steps
from llmcache.protocols.store_ops import DeleteLog


class Conversation:
    """What both colours of a chat history do before any I/O."""

    def __init__(self, setup: Setup, log: Key, *, lifetime: flow.Lifetime, max_messages: int | None) -> None:
        self._setup = setup
        self._log = log
        self._lifetime = lifetime
        self._max_messages = max_messages

    @property
    def key(self) -> Key:
        """Where the conversation lies."""
        return self._log

    def _append_steps(self, messages: Iterable[Plain], type_name: str) -> Steps[int]:
        if isinstance(messages, str | bytes | dict) or not isinstance(messages, Iterable):
            raise UsageError(
                f"append takes a list of messages, found one {type(messages).__name__}; write append([message])"
            )
        return self._setup.observed(
            flow.append(
                self._log,
                list(messages),
                self._setup.envelopes,
                type_name=type_name,
                max_length=self._max_messages,
                lifetime=self._lifetime,
            )
        )

    def _read_steps(self, start: int = 0, stop: int | None = None) -> Steps[list[Entry]]:
        return self._setup.observed(flow.read(self._log, self._setup.envelopes, start, stop))

    def _length_steps(self) -> Steps[int]:
        return self._setup.observed(flow.length(self._log))

    def _clear_steps(self) -> Steps[None]:
        return self._setup.observed(iter(DeleteLog(self._log)))


def last_from(n: int) -> int:
    """Return where a slice of the last `n` begins; UsageError unless `n` is at least 1."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UsageError(f"last(n) takes a whole number of messages of at least 1, found {n!r}")
    return -n


def _values(entries: Sequence[Entry]) -> list[Any]:
    return [entry.value for entry in entries]


class ChatHistory(Conversation):
    """One conversation, blocking. Losing a message is an error: a store that fails raises StoreError."""

    def append(self, messages: Iterable[Plain], *, type_name: str = "json") -> int:
        """Add messages at the end, all or none, and return how many there are then.

        One round trip, whatever the length; two where the time to live does not slide. What two writers append never interleaves inside one call.

        Args:
            messages: JSON-like data, such as {"role": "user", "content": "hi"}.
            type_name: Which codec made them; for integrations.

        Raises:
            UsageError: A message is not JSON-like, or the cache is closed; nothing was appended.
            StoreTimeout: It may have been appended, once; read before repeating.
            StoreError: Nothing was appended.
        """
        return run(self._append_steps(messages, type_name), self._setup.blocking_world)

    def last(self, n: int) -> list[Any]:
        """Return the last `n` messages, oldest first, without reading the others."""
        return _values(self.entries(last_from(n)))

    def all(self) -> list[Any]:
        """Return all messages, oldest first."""
        return _values(self.entries())

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return the messages of the slice `[start:stop]` with their times and types.

        Raises:
            DataError: A message cannot be read; says which.
        """
        return run(self._read_steps(start, stop), self._setup.blocking_world)

    def length(self) -> int:
        """Return how many messages there are."""
        return run(self._length_steps(), self._setup.blocking_world)

    def clear(self) -> None:
        """Drop the whole conversation in one step."""
        run(self._clear_steps(), self._setup.blocking_world)


class AsyncChatHistory(Conversation):
    """One conversation, awaited: `ChatHistory` in the other colour, method by method."""

    async def append(self, messages: Iterable[Plain], *, type_name: str = "json") -> int:
        """As `ChatHistory.append`."""
        return await run_async(self._append_steps(messages, type_name), self._setup.awaiting_world)

    async def last(self, n: int) -> list[Any]:
        """As `ChatHistory.last`."""
        return _values(await self.entries(last_from(n)))

    async def all(self) -> list[Any]:
        """As `ChatHistory.all`."""
        return _values(await self.entries())

    async def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """As `ChatHistory.entries`."""
        return await run_async(self._read_steps(start, stop), self._setup.awaiting_world)

    async def length(self) -> int:
        """As `ChatHistory.length`."""
        return await run_async(self._length_steps(), self._setup.awaiting_world)

    async def clear(self) -> None:
        """As `ChatHistory.clear`."""
        await run_async(self._clear_steps(), self._setup.awaiting_world)
