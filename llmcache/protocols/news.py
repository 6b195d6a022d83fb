"""What a store that tells of changes does: for copies of entries that are kept elsewhere, as a near tier does.

The numbers (NEWS-1 ...) are clauses of the conformance suite.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from llmcache.errors import UnsupportedError
from llmcache.model.key import Key, Space
from llmcache.protocols.key_value import AsyncKeyValueStore, KeyValueStore


@dataclass(frozen=True, slots=True)
class Changed:
    """These keys, and whatever lies in these spaces, may not be as they were."""

    keys: Sequence[Key] = ()
    spaces: Sequence[Space] = ()


@dataclass(frozen=True, slots=True)
class Listening:
    """From now on changes are told. Everything may have changed before."""


@dataclass(frozen=True, slots=True)
class Deaf:
    """From now on nothing is told, until `Listening` is.

    Attributes:
        reason: A few words without content, such as the class of an error.
    """

    reason: str = ""


News: TypeAlias = Changed | Listening | Deaf
"""What a watcher is told."""

Watcher: TypeAlias = Callable[[News], None]
"""Is told; by any thread, so it is quick and never raises."""


class NewsStore(Protocol):
    """Tells of changes; declared by `capabilities.news`. The method is the same in both colours: it waits for nothing."""

    def watch(self, watcher: Watcher) -> None:
        """Begin to tell `watcher` of changes of entries, and return at once; it is told until the store is closed.

        `Listening` is told when it has begun (NEWS-1). From then on, whichever handle makes it, each change of a key by a put,
        a conditional put or a deletion is told, after reads can see it, within `limits.news_delay` (NEWS-2). Of a space
        that is cleared the space is told, or each of its keys (NEWS-3). More may be told than has changed. Where changes cannot be heard
        of, `Deaf` is told at once, and `Listening` when they can again. After `close` nothing is told (NEWS-4).

        A child process is not told what its parent watches.
        """
        ...


def news_store(store: KeyValueStore | AsyncKeyValueStore) -> NewsStore:
    """Return `store` as one that tells of changes; UnsupportedError where it does not declare that."""
    if not store.capabilities.news:
        raise UnsupportedError(f"the {store.name} store does not tell of changes")
    return cast(NewsStore, store)
