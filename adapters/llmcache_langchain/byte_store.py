"""LangChain's store of bytes on any llmcache store."""

from collections.abc import AsyncIterator, Iterator, Sequence

from langchain_core.stores import BaseStore

from llmcache.api.cache import AsyncCache, Cache
from llmcache.api.raw import AsyncRawStore, RawStore
from llmcache.model.namespace import Namespace
from llmcache.model.units import Seconds
from llmcache_langchain.holding import Given, check_given, setup_of, shared_caches


class ByteStore(BaseStore[str, bytes]):
    """Keeps bytes under keys, for `CacheBackedEmbeddings`, `MultiVectorRetriever` and others; both colours are native.

    Unlike a cache it raises where the store fails, and a full store drops nothing of it: nobody knows whether it can be had
    again. For embeddings `CachedEmbeddings` is quicker, takes a fifth of the room, and outlives a store that fails.

    Args:
        store: A store URL, the path of a llmcache.toml, an open cache, or None for what the environment or a file says. Those
            that mean the same stores and settings share open ones for the life of the process.
        namespace: Keeps this application's bytes apart; only with a URL or None.
        ttl: Time to live in seconds, from each writing on; None means for ever.
    """

    def __init__(
        self, store: Given = None, *, namespace: Namespace | str | None = None, ttl: Seconds | None = None
    ) -> None:
        check_given(store)
        if isinstance(store, Cache | AsyncCache):
            setup = setup_of(store, namespace)
        else:
            setup = shared_caches.get(store, namespace).setup
        self._blocking, self._awaiting = RawStore(setup, ttl), AsyncRawStore(setup, ttl)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what is kept under each key, or None, in their order."""
        return self._blocking.get_many(keys)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keep bytes under keys.

        Raises:
            UsageError: A key is empty or longer than 400 bytes when escaped, or something else than bytes is to be kept.
            StoreError: The store failed; some may have been kept.
        """
        self._blocking.put_many(key_value_pairs)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Drop what is kept under keys; a missing one is no error."""
        self._blocking.delete_many(keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """Give every key that begins like that; UnsupportedError where the store cannot be listed, or its names are hidden."""
        return self._blocking.names(prefix or "")

    async def amget(self, keys: Sequence[str]) -> list[bytes | None]:
        """As `mget`."""
        return await self._awaiting.get_many(keys)

    async def amset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        """As `mset`."""
        await self._awaiting.put_many(key_value_pairs)

    async def amdelete(self, keys: Sequence[str]) -> None:
        """As `mdelete`."""
        await self._awaiting.delete_many(keys)

    async def ayield_keys(  # pyright: ignore[reportIncompatibleMethodOverride] -- there it is declared as a coroutine that returns one
        self, *, prefix: str | None = None
    ) -> AsyncIterator[str]:
        """As `yield_keys`."""
        async for name in self._awaiting.names(prefix or ""):
            yield name
