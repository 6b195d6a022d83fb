"""Keys: what was asked, as a digest inside a namespace."""

from llmcache.keys.difference import Difference, first_difference
from llmcache.keys.drops import Dropped
from llmcache.keys.explain import Explanation, explain_langchain, explain_request
from llmcache.keys.langchain import langchain_key
from llmcache.keys.request import request_key

__all__ = [
    "Difference",
    "Dropped",
    "Explanation",
    "explain_langchain",
    "explain_request",
    "first_difference",
    "langchain_key",
    "request_key",
]
