"""Another suite, and the pair of broken stores it is run on."""

from collections.abc import Callable
from dataclasses import dataclass

from llmcache.memory import AsyncMemoryStore, MemoryStore
from llmcache_conformance.saboteurs import Saboteur


@dataclass(frozen=True)
class Peer:
    """One suite of somebody else's.

    Attributes:
        name: A word for the head of its column.
        told: What it is, for the report.
        distribution: Which brings it.
        tests: How many tests it has.
        caught: Tells whether one of them fails on a saboteur; None stands for the store that is not broken.
    """

    name: str
    told: str
    distribution: str
    tests: int
    caught: Callable[[Saboteur | None], bool]


def stores_of(saboteur: Saboteur | None) -> tuple[MemoryStore, AsyncMemoryStore]:
    """Return a saboteur's store in both colours."""
    blocking = (saboteur.store if saboteur else MemoryStore)(max_bytes=1 << 24)
    return blocking, (saboteur.awaiting if saboteur else AsyncMemoryStore)(blocking)
