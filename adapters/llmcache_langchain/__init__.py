"""LangChain on llmcache: answers, conversations and vectors kept in any store.

A name is loaded when it is first used, so that an application pays for what it uses.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmcache_langchain.byte_store import ByteStore
    from llmcache_langchain.cache import LLMCache
    from llmcache_langchain.embeddings import CachedEmbeddings
    from llmcache_langchain.history import ChatMessageHistory
    from llmcache_langchain.momento_history import messages_from_momento
    from llmcache_langchain.semantic import SemanticCache
    from llmcache_langchain.vectorstore import VectorStore

_HOMES = {
    "ByteStore": "llmcache_langchain.byte_store",
    "CachedEmbeddings": "llmcache_langchain.embeddings",
    "ChatMessageHistory": "llmcache_langchain.history",
    "LLMCache": "llmcache_langchain.cache",
    "SemanticCache": "llmcache_langchain.semantic",
    "VectorStore": "llmcache_langchain.vectorstore",
    "messages_from_momento": "llmcache_langchain.momento_history",
}

_EXTRAS = {"langchain_core": "langchain", "numpy": "vectors"}
"""What brings a package that may be missing."""

__all__ = [
    "ByteStore",
    "CachedEmbeddings",
    "ChatMessageHistory",
    "LLMCache",
    "SemanticCache",
    "VectorStore",
    "messages_from_momento",
]


# Not shared with the other package that loads its names like this: an import of it would bring in three modules of the core.
def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llmcache_langchain' has no attribute {name!r}")
    try:
        home = import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        how = f"pip install 'llmcache-kit[{_EXTRAS[package]}]'"
        raise ModuleNotFoundError(f"{name} needs {package}; install with: {how}", name=package) from error
    found: object = getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
