"""llmcache: the cache for applications on language models.

    with llmcache.open("sqlite:./.llmcache") as cache:
        answer = cache.responses.get_or_call(request, call, ttl=3600)

Importing this package is quick and imports no store, no plugin machinery and no event loop: names are
loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache.api.cache import AsyncCache, Cache
    from llmcache.api.counters import Stats
    from llmcache.api.embeddings import AsyncEmbeddingCache, EmbeddingCache
    from llmcache.api.history import AsyncChatHistory, ChatHistory
    from llmcache.api.opening import open, open_async  # noqa: A004 -- the name users type
    from llmcache.api.options import options
    from llmcache.api.responses import AsyncResponseCache, ResponseCache
    from llmcache.api.semantic import AsyncSemanticCache, SemanticCache
    from llmcache.api.vectors import AsyncCollection, Collection
    from llmcache.errors import (
        ClosedError,
        ConfigError,
        ConflictError,
        DataError,
        DecodeError,
        LLMCacheError,
        PluginError,
        SealError,
        StoreError,
        StoreLimit,
        StoreRefused,
        StoreTimeout,
        StoreUnavailable,
        UnsupportedError,
        UsageError,
        VersionError,
    )
    from llmcache.model.document import Document, Match
    from llmcache.model.entry import Entry, Provenance
    from llmcache.model.key import Key
    from llmcache.model.namespace import Namespace
    from llmcache.model.request import Request
    from llmcache.model.seal import Seal

_HOMES = {
    "AsyncCache": "llmcache.api.cache",
    "Cache": "llmcache.api.cache",
    "Stats": "llmcache.api.counters",
    "AsyncChatHistory": "llmcache.api.history",
    "AsyncEmbeddingCache": "llmcache.api.embeddings",
    "ChatHistory": "llmcache.api.history",
    "EmbeddingCache": "llmcache.api.embeddings",
    "open": "llmcache.api.opening",
    "open_async": "llmcache.api.opening",
    "options": "llmcache.api.options",
    "AsyncResponseCache": "llmcache.api.responses",
    "ResponseCache": "llmcache.api.responses",
    "AsyncSemanticCache": "llmcache.api.semantic",
    "SemanticCache": "llmcache.api.semantic",
    "AsyncCollection": "llmcache.api.vectors",
    "Collection": "llmcache.api.vectors",
    "Document": "llmcache.model.document",
    "Match": "llmcache.model.document",
    "Entry": "llmcache.model.entry",
    "Provenance": "llmcache.model.entry",
    "Key": "llmcache.model.key",
    "Namespace": "llmcache.model.namespace",
    "Request": "llmcache.model.request",
    "Seal": "llmcache.model.seal",
}

__all__ = [
    "AsyncCache",
    "AsyncChatHistory",
    "AsyncCollection",
    "AsyncEmbeddingCache",
    "AsyncResponseCache",
    "AsyncSemanticCache",
    "Cache",
    "ChatHistory",
    "ClosedError",
    "Collection",
    "ConfigError",
    "ConflictError",
    "DataError",
    "DecodeError",
    "Document",
    "EmbeddingCache",
    "Entry",
    "Key",
    "LLMCacheError",
    "Match",
    "Namespace",
    "PluginError",
    "Provenance",
    "Request",
    "ResponseCache",
    "Seal",
    "SealError",
    "SemanticCache",
    "Stats",
    "StoreError",
    "StoreLimit",
    "StoreRefused",
    "StoreTimeout",
    "StoreUnavailable",
    "UnsupportedError",
    "UsageError",
    "VersionError",
    "open",
    "open_async",
    "options",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'llmcache' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES.get(name, "llmcache.errors")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
