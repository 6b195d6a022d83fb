"""A model, a source of documents, and what tests of collections need beside them."""

import asyncio
import threading
import time
from collections.abc import Sequence

import llmcache
from llmcache import Document


class Model:
    """Embeds a text as how often each of five letters stands in it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.error: Exception | None = None

    def __call__(self, texts: list[str]) -> list[list[float]]:
        if self.error is not None:
            raise self.error
        self.asked.append(list(texts))
        return [[text.count(letter) + 0.01 for letter in "abcde"] for text in texts]

    async def awaited(self, texts: list[str]) -> list[list[float]]:
        """The same, to be awaited."""
        await asyncio.sleep(0)
        return self(texts)


class Source:
    """Where documents come from."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.error: Exception | None = None

    def __call__(self, document_id: str) -> Document | None:
        assert self.gate.wait(20)
        self.asked.append(document_id)
        if self.error is not None:
            raise self.error
        text = self.texts.get(document_id)
        return None if text is None else Document(document_id, text, {"length": len(text)})

    def all(self) -> list[Document]:
        """Everything that is there."""
        return [document for name in [*self.texts] if (document := self(name))]


def settle(cache: llmcache.Cache) -> None:
    """Wait for what is done behind the callers' backs."""
    while cache.setup.background._busy:
        time.sleep(0.002)


def ids(found: Sequence[llmcache.Match]) -> list[str]:
    """Return whose they are."""
    return [one.document.id for one in found]
