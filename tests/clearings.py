"""Every way to clear an answer, for tests of what is cleared with it and what it costs."""

from collections.abc import Callable

import llmcache
from llmcache.api.cache import Cache

TAG = "faq"


def question(number: int) -> llmcache.Request:
    """Return a question to a model of its own."""
    return llmcache.Request(f"model-{number}", [{"role": "user", "content": "hi"}])


def fill(cache: Cache, count: int = 1, answer: str = "x") -> None:
    """Keep the answers to so many questions; all carry `TAG`."""
    for number in range(count):
        cache.responses.put(question(number), answer, tags=(TAG,))


CLEARINGS: dict[str, Callable[[Cache], None]] = {
    "namespace": lambda cache: cache.responses.clear(),
    "everything": lambda cache: cache.clear(),
    "tag": lambda cache: cache.clear(tags=(TAG,)),
    "model": lambda cache: cache.clear(models=(question(0).model,)),
    "question": lambda cache: cache.responses.delete(question(0)),
}
"""Each clears the answer to question 0, of a cache that tags models."""
