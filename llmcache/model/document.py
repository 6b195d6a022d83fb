"""Documents: texts that are found by meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmcache.errors import UsageError
from llmcache.model.units import Instant, Plain


@dataclass(frozen=True, slots=True)
class Document:
    """One text with what is known about it.

    Args:
        id: Names it in its collection; a non-empty text.
        text: What is embedded.
        metadata: JSON-like data with text as keys, by which searches can choose. Kept in the memory of every process that
            searches, so keep it short.
    """

    id: str
    text: str = field(repr=False)
    metadata: Mapping[str, Plain] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id:
            raise UsageError(f"Document.id is a non-empty text, found {type(self.id).__name__}")
        if not isinstance(self.text, str):
            raise UsageError(f"Document.text is a text, found {type(self.text).__name__}")
        if not isinstance(self.metadata, Mapping):
            raise UsageError(f"Document.metadata is a mapping, found {type(self.metadata).__name__}")


@dataclass(frozen=True, slots=True)
class Match:
    """A document that a search found.

    Attributes:
        similarity: The cosine of the angle between the question and the document, in [-1, 1].
        ends_at: When it ends; None means never.
        vector: Its vector at length 1, little-endian float32; empty where the search was not `with_vectors`.
    """

    document: Document
    similarity: float
    ends_at: Instant | None = None
    vector: bytes = field(default=b"", repr=False)
