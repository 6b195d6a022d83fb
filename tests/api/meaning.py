"""Questions at angles that a test names, and a model of embeddings that knows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import llmcache
from llmcache.api.semantic import AsyncSemanticCache, SemanticCache
from tests.api.embedding import vector

CARD = "Where is my card?"
CARD_TOO = "Can you tell me where my card is?"
MONEY = "How do I send money abroad?"
FEES = "What fees are charged for an account?"
ANGLES = {CARD: 0.0, CARD_TOO: 15.0, MONEY: 90.0, FEES: 180.0}


@dataclass
class Angles:
    """Embeds questions at their angles in a plane, in degrees, and any other text across it; `asked` has every text.

    Attributes:
        error: Raised by every call, where there is one.
    """

    angles: Mapping[str, float] = field(default_factory=lambda: dict(ANGLES))
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    def __call__(self, texts: list[str]) -> npt.NDArray[np.float32]:
        self.asked += texts
        if self.error is not None:
            raise self.error
        return np.stack([self._row(text) for text in texts])

    async def awaited(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """As calling it, awaited."""
        return self(texts)

    def _row(self, text: str) -> npt.NDArray[np.float32]:
        if text not in self.angles:
            return np.concatenate([np.zeros(2), vector(text, 6)]).astype("f4")
        angle = np.radians(self.angles[text])
        return np.concatenate([[np.cos(angle), np.sin(angle)], np.zeros(6)]).astype("f4")


def request(text: str, system: str = "Be brief.", **parameters: Any) -> llmcache.Request:
    """Ask a model something."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    return llmcache.Request("m", messages, parameters)


def semantic(cache: llmcache.Cache, embed: Any, **given: Any) -> SemanticCache:
    """The answers of a cache, by meaning too."""
    return cache.semantic(embed, model="angles", **given)


def awaited(cache: llmcache.Cache, embed: Any, **given: Any) -> AsyncSemanticCache:
    """The same, awaited."""
    return cache.awaiting.semantic(embed, model="angles", **given)
