"""Steps: how all logic of llmcache is written, once for both colours.

A *flow* is a generator. Wherever it needs the world it yields an op, a frozen value that names one thing to
do, and is sent the reply:

    (body,) = yield from GetMany((key,))

A *driver* (`llmcache.drivers`) runs the steps: one over plain calls, one over asyncio. Only drivers know which.
Rules that the type checkers cannot see:

- The world is reached by `yield from Op(...)` only: no I/O, clock, sleep, lock or `async` inside steps.
- A driver throws every `BaseException` into the steps, so that cancellation runs their `finally` blocks.
- Never construct a generic op with a subscript, `Call[int](...)`: it fails on Python 3.11.
- Never hold a `with` across a yield.

The idea is psycopg 3's: generators in the core, a waiter per colour.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from llmcache.protocols.world import AsyncWorld, World

R = TypeVar("R")
Reply = TypeVar("Reply")


class Op(Generic[R]):
    """One thing the world must do, as a value; R is the type of its reply.

    A subclass is a frozen, slotted dataclass with both colours of doing: `on` and `on_async`.
    """

    __slots__ = ()

    def __iter__(self) -> Generator["Op[R]", Any, R]:
        reply: R = yield self
        return reply

    def on(self, world: "World", /) -> R:
        """Do it now, blocking."""
        raise NotImplementedError(f"{type(self).__name__} has no blocking colour")

    async def on_async(self, world: "AsyncWorld", /) -> R:
        """Do it, awaiting."""
        raise NotImplementedError(f"{type(self).__name__} has no async colour")


class Carried(Exception):
    """Carries a `StopIteration` of the user's own call through steps, which are generators and would make another error of it.

    The blocking driver takes it out again. A coroutine cannot raise one to whoever awaits it, so the async driver has
    none to carry: there the language itself makes a `RuntimeError` of it, with the user's own as its cause.
    """

    def __init__(self, error: StopIteration) -> None:
        super().__init__(error)
        self.error = error


Steps: TypeAlias = Generator[Op[Any], Any, R]
"""A computation that yields ops and returns an R."""


class Layer(Protocol):
    """Answers one op by steps; the ops of those steps go to the layer below, at last to the driver."""

    def __call__(self, op: Op[Reply], /) -> Steps[Reply]:
        """Return the steps that answer `op`; `return (yield from op)` passes it on unchanged."""
        ...


def through(layer: Layer, steps: Steps[R]) -> Steps[R]:
    """Return steps that do what `steps` do, with each of their ops answered by `layer`.

    An exception of the layer, of any class, is thrown into `steps` at the yield that asked.
    Nest calls for several layers: `through(outer, through(inner, steps))` has `inner` nearest to the flow.
    """
    try:
        op = next(steps)
        while True:
            try:
                reply = yield from layer(op)
            except BaseException as error:  # noqa: BLE001 -- thrown into the steps, which decide
                op = steps.throw(error)
            else:
                op = steps.send(reply)
    except StopIteration as finished:
        answer: R = finished.value
        return answer
    finally:
        steps.close()
