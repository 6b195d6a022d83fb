"""Vector indexes on a store that has none of its own."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from llmcache.codec.envelopes import READABLE, Envelopes
from llmcache.drivers.layered import layered
from llmcache.errors import PluginError
from llmcache.layers.indexed import Indexed
from llmcache.memory.indexes import Indexes
from llmcache.model.capabilities import Capabilities
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.whole import StorePair
from llmcache.protocols.world import Around

if TYPE_CHECKING:
    from llmcache.memory.matrix import Matrix

MAX_BYTES: Final = 512 * 1024 * 1024
"""Most memory that the indexes at hand take, unless the caller says otherwise; 250,000 points of 384 dimensions."""


CELLS_FROM: Final = 50_000
"""With fewer points an exact search is quick enough."""


def indexed(
    pair: StorePair,
    around: Around,
    *,
    envelopes: Envelopes = READABLE,
    max_bytes: int = MAX_BYTES,
    cells_from: float = math.inf,
) -> StorePair:
    """Return the store of `pair` as one that keeps vectors: as it is where it does, else with indexes in its logs.

    Args:
        pair: The store to wrap. Closing what is returned closes it, too.
        around: Time, and who listens.
        envelopes: How blocks of points stand in the store. A sealed cache cannot use an index of the store's own.
        max_bytes: Most memory that the indexes at hand take.
        cells_from: As in `memory.matrix.Matrix`; searches are exact where it says nothing.

    Raises:
        PluginError: numpy is not installed.
    """
    own = cast(KeyValueStore, pair.blocking or pair.awaiting).capabilities
    if own.vectors and envelopes is READABLE:
        return pair
    make: Callable[[int], Matrix] = partial(_matrix_class(), cells_from=cells_from)
    indexes = Indexes(make, envelopes.unwrap, max_bytes)

    def with_vectors(own: Capabilities) -> Capabilities:
        return replace(own, vectors=own.log, exact_vectors=own.log and cells_from == math.inf)

    return layered(pair, Indexed(indexes, envelopes, own.limits), around, capabilities=with_vectors)


def _matrix_class() -> "type[Matrix]":
    try:
        from llmcache.memory.matrix import Matrix  # noqa: PLC0415 -- knows numpy
    except ImportError as error:
        raise PluginError("vectors need numpy; install with: pip install 'llmcache-kit[vectors]'") from error
    return Matrix
