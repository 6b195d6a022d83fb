"""Keys of embedded texts: everything that makes another vector, and nothing else.

The text is hashed as it is: not trimmed, not folded, not normalised as Unicode, because a tokeniser may see each
difference. How exactly a vector is kept is not in the key (docs/decisions/0022).
"""

from collections.abc import Iterable

from llmcache.keys.canonical import counted_text
from llmcache.keys.digest import keys_of, utf8
from llmcache.model.embedder import Embedder
from llmcache.model.key import Keys, Kind
from llmcache.model.namespace import Namespace

SORT = "embedding"


def embedding_keys(texts: Iterable[str], embedder: Embedder, namespace: Namespace) -> Keys:
    """Return the key of each text, in their order. The settings are hashed once for all."""
    return keys_of(namespace, Kind.EMBEDDING, SORT, settings_piece(embedder), map(utf8, texts))


def settings_piece(embedder: Embedder) -> bytes:
    """Return what is hashed of the settings."""
    return utf8(counted_text(settings_form(embedder)))


def settings_form(embedder: Embedder) -> dict[str, str | int | bool | None]:
    """Return the canonical form of the settings."""
    return {
        "model": embedder.model,
        "role": embedder.role,
        "dimensions": embedder.dimensions,
        "normalised": embedder.normalised,
    }
