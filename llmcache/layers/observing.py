"""The layer that times what the store does, for instruments.

It is put nearest to the driver, under every product, and only where somebody listens: it costs about a
microsecond an op.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from llmcache.model.event import OpDone
from llmcache.protocols import flight_ops, world_ops
from llmcache.protocols.steps import Op, Reply, Steps, through
from llmcache.protocols.world_ops import Behind, Emit, Monotonic

_NOT_THE_STORES = tuple(
    found
    for module in (flight_ops, world_ops)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Op) and found is not Op
)
"""Every op of flights and of the world: no list that the next one is missing from."""


def observing(op: Op[Reply]) -> Steps[Reply]:
    """Answer `op` from below and emit an `OpDone` with its duration and the class of its error, if it is a store's op.

    Steps that are done behind the caller's back are observed like any others.
    """
    if isinstance(op, Behind):
        started = yield from replace(op, steps=_observed(op.steps))
        return cast(Reply, started)
    if isinstance(op, _NOT_THE_STORES):
        untimed: Reply = yield from op
        return untimed
    began = yield from Monotonic()
    try:
        reply: Reply = yield from op
    except GeneratorExit:
        # The driver itself was given up: nobody does ops any more, so none may be yielded.
        raise
    except BaseException as raised:
        yield from _tell(op, began, type(raised).__name__)
        raise
    yield from _tell(op, began, "")
    return reply


def _observed(make: Callable[[], Steps[Any]]) -> Callable[[], Steps[Any]]:
    return lambda: through(observing, make())


def _tell(op: Op[Reply], began: float, error: str) -> Steps[None]:
    ended = yield from Monotonic()
    yield from Emit(OpDone(type(op).__name__, ended - began, error))
