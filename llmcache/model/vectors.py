"""Points of a vector index, and what comes back of a search."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmcache.model.units import Instant, Plain


@dataclass(frozen=True, slots=True)
class Point:
    """One vector under a name, with what is known about it.

    Attributes:
        id: Any non-empty text; the index holds one point of a name.
        vector: Little-endian float32, as many as the index has dimensions. Its length does not matter: an index compares
            directions, and gives vectors back at length 1.
        ends_at: From when on no search finds it; None means never.
        kept_until: From when on the index may forget it; None means never. Not before `ends_at`.
        facts: JSON-like data about it, which searches can ask for and which come back with it.
        version: Tells this putting of the id from others, by the word of who puts it; who replaces it may say what it replaces.
    """

    id: str
    vector: bytes = field(repr=False)
    ends_at: Instant | None = None
    kept_until: Instant | None = None
    facts: Mapping[str, Plain] = field(default_factory=dict, repr=False)
    version: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A point that a search found.

    Attributes:
        similarity: The cosine of the angle to what was asked, in [-1, 1]; 1 means the same direction.
    """

    point: Point
    similarity: float
