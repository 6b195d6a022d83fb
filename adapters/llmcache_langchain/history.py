"""LangChain's chat message history on any llmcache store that keeps logs."""

from collections.abc import Sequence

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.history import last_from
from llmcache.errors import DecodeError
from llmcache.model.entry import Entry
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache_langchain.hits import ENTRY_TYPE
from llmcache_langchain.holding import Given, check_given, setup_of, shared_caches
from llmcache_langchain.messages import message_from_plain, message_to_plain


class ChatMessageHistory(BaseChatMessageHistory):
    """One session's messages, in full: tool calls, content blocks, usage, metadata, names and ids come back as they were.

    Both colours are native. Adding is one atomic operation, whatever the length of the session; nothing is lost or
    interleaved when several processes add at once. Unlike the answer cache, failures raise: a lost message is an error.

    Args:
        session_id: The session's name, any non-empty text.
        store: A store URL, the path of a llmcache.toml, an open cache, or None for what the environment or a file says.
            Histories that mean the same stores and settings share open ones for the life of the process.
        namespace: Keeps this application's sessions apart; only with a URL or None.
        ttl: Time to live of the session in seconds, from each append on unless the configuration says otherwise; None means
            the cache's own.
        max_messages: Most messages to keep, the oldest dropped first; None means the cache's own.
    """

    def __init__(
        self,
        session_id: str,
        store: Given = None,
        *,
        namespace: Namespace | str | None = None,
        ttl: Seconds | None = None,
        max_messages: int | None = None,
    ) -> None:
        check_given(store)
        if isinstance(store, Cache | AsyncCache):
            setup = setup_of(store, namespace)
        else:
            setup = shared_caches.get(store, namespace).setup
        self.session_id = session_id
        self._blocking = Cache(setup).history(session_id, ttl=ttl, max_messages=max_messages)
        self._awaiting = AsyncCache(setup).history(session_id, ttl=ttl, max_messages=max_messages)

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override] # an attribute there, a property in its own examples
        """All messages, oldest first, read anew each time; DataError where one cannot be read."""
        return _revived(self._blocking.entries())

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Add messages at the end, all or none, in one operation.

        Raises:
            UsageError: A message holds something that cannot be stored; nothing was added.
            StoreError: The store failed; on StoreTimeout it may have been added, once.
        """
        self._blocking.append([message_to_plain(message) for message in messages], type_name=ENTRY_TYPE)

    def last(self, n: int) -> list[BaseMessage]:
        """Return the last `n` messages, oldest first, without reading the others."""
        return _revived(self._blocking.entries(last_from(n)))

    def clear(self) -> None:
        """Drop the session."""
        self._blocking.clear()

    async def aget_messages(self) -> list[BaseMessage]:
        """As `messages`."""
        return _revived(await self._awaiting.entries())

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """As `add_messages`."""
        await self._awaiting.append([message_to_plain(message) for message in messages], type_name=ENTRY_TYPE)

    async def alast(self, n: int) -> list[BaseMessage]:
        """As `last`."""
        return _revived(await self._awaiting.entries(last_from(n)))

    async def aclear(self) -> None:
        """As `clear`."""
        await self._awaiting.clear()


def _revived(entries: Sequence[Entry]) -> list[BaseMessage]:
    return [_message(place, entry) for place, entry in enumerate(entries)]


def _message(place: int, entry: Entry) -> BaseMessage:
    if entry.type != ENTRY_TYPE:
        raise DecodeError(f"message {place} of the session holds {entry.type!r}, not a message of LangChain")
    return message_from_plain(entry.value)
