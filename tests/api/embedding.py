"""A model for tests of the embedding cache: it counts what it is asked, and every text has its own vector."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import numpy.typing as npt


def vector(text: str, dimensions: int = 4) -> npt.NDArray[np.float32]:
    """The vector of a text, the same in every run."""
    seed = int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dimensions).astype("f4")


def vectors(texts: Sequence[str], dimensions: int = 4) -> npt.NDArray[np.float32]:
    """The vectors of texts, shape (n, d)."""
    return np.stack([vector(text, dimensions) for text in texts])


@dataclass
class Model:
    """Embeds; `asked` has the texts of each call."""

    dimensions: int = 4
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, texts: list[str]) -> npt.NDArray[np.float32]:
        self.asked.append(texts)
        return vectors(texts, self.dimensions)

    async def awaited(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """As calling it, awaited."""
        return self(texts)

    @property
    def texts(self) -> list[str]:
        """Every text it was asked for, in order."""
        return [text for batch in self.asked for text in batch]
