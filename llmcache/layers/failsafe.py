"""The layer that keeps a broken store from breaking the application.

A store that fails a read answers a miss; one that fails a write drops it; both are told as an event. It is put
under answers and embeddings, never under conversations: a lost message is an error (DESIGN section 7).
"""

from typing import cast

from llmcache.errors import StoreError, StoreLimit
from llmcache.model.event import Event, Happening
from llmcache.protocols.steps import Op, Reply, Steps
from llmcache.protocols.store_ops import GetMany, PutMany
from llmcache.protocols.world_ops import Emit


def failing_open(op: Op[Reply]) -> Steps[Reply]:
    """Answer `op` from below, or as an empty store would where the store fails.

    Reads give misses, writes are dropped. Clearing and deleting are not covered: who clears must know that it failed.
    Only `StoreError` is caught; a wrong call (`UsageError`) and the user's own exceptions pass. A closed cache is
    a wrong call too: it raises.
    """
    try:
        return (yield from op)
    except StoreError as error:
        if not isinstance(op, GetMany | PutMany):
            raise
        yield from Emit(_failure(op, error))
        return cast(Reply, _empty_answer(op))


def _failure(op: GetMany | PutMany, error: StoreError) -> Event:
    keys = op.keys if isinstance(op, GetMany) else [put.key for put in op.puts]
    key = keys[0].digest if keys else ""
    if isinstance(op, PutMany) and isinstance(error, StoreLimit):
        return Event(Happening.TOO_LARGE, key, type(error).__name__)
    return Event(Happening.STORE_FAILED, key, type(error).__name__)


def _empty_answer(op: GetMany | PutMany) -> list[None] | None:
    return [None] * len(op.keys) if isinstance(op, GetMany) else None
