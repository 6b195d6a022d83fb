"""Keys: what was asked, as a digest inside a namespace. What explains a key is loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING

from llmcache.keys.langchain import langchain_key, langchain_model
from llmcache.keys.request import request_key

if TYPE_CHECKING:
    from llmcache.keys.difference import Difference, first_difference
    from llmcache.keys.drops import Dropped
    from llmcache.keys.embedding import embedding_keys
    from llmcache.keys.explain import Explanation, explain_embedding, explain_langchain, explain_request

_HOMES = {
    "Difference": "llmcache.keys.difference",
    "Dropped": "llmcache.keys.drops",
    "Explanation": "llmcache.keys.explain",
    "embedding_keys": "llmcache.keys.embedding",
    "explain_embedding": "llmcache.keys.explain",
    "explain_langchain": "llmcache.keys.explain",
    "explain_request": "llmcache.keys.explain",
    "first_difference": "llmcache.keys.difference",
}

__all__ = [
    "Difference",
    "Dropped",
    "Explanation",
    "embedding_keys",
    "explain_embedding",
    "explain_langchain",
    "explain_request",
    "first_difference",
    "langchain_key",
    "langchain_model",
    "request_key",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'llmcache.keys' has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
