"""Steps that run beside each other, one op at a time in any order, over one store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from llmcache.memory.flights import LocalFlights
from llmcache.model.key import Key
from llmcache.protocols.flight_ops import Drop, Drops, Forget, Land, Token, WasDropped
from llmcache.protocols.steps import Op, Steps
from llmcache.protocols.store_ops import Clear, DeleteMany, GetMany, PutMany
from llmcache.protocols.world_ops import Call, Emit, Monotonic, Now


@dataclass
class Shared:
    """A store, and when what happened, in steps of all that run beside each other."""

    held: dict[Key, bytes] = field(default_factory=dict)
    stamps: "count[int]" = field(default_factory=count)
    step: int = 0
    cleared: list[tuple[int, int]] = field(default_factory=list)
    """When each clearing began and ended."""
    flights: LocalFlights = field(default_factory=LocalFlights)


class Running:
    """Steps of one process, whose clock is wrong by so much, done one at a time."""

    def __init__(self, steps: Steps[Any], shared: Shared, skew: float) -> None:
        self._steps, self._shared, self._skew = steps, shared, skew
        self.began = shared.step
        self.asked_at: int | None = None
        self.answer: Any = None
        self.is_over = False
        self._next(lambda: next(steps))

    def advance(self) -> None:
        """Do the op that is due."""
        reply = self._do(self._op)
        self._next(lambda: self._steps.send(reply))

    def _next(self, go_on: Callable[[], Op[Any]]) -> None:
        try:
            self._op = go_on()
        except StopIteration as finished:
            self.is_over, self.answer = True, finished.value

    def _do(self, op: Op[Any]) -> Any:
        shared = self._shared
        shared.step += 1
        match op:
            case GetMany(keys=keys):
                return [shared.held.get(key) for key in keys]
            case PutMany(puts=puts):
                shared.held.update((put.key, put.body) for put in puts)
            case Call():
                self.asked_at = shared.step
                return shared.step
            case Token():
                return b"%d" % next(shared.stamps)
            case Now() | Monotonic():
                return 1000.0 + shared.step + self._skew
            case DeleteMany(keys=keys):
                for key in keys:
                    shared.held.pop(key, None)
            case Clear(space=space):
                shared.held = {key: body for key, body in shared.held.items() if key.space != space}
            case Drops() | WasDropped() | Drop():
                return op.on(cast(Any, shared))  # of the world they need the flights alone
            case _:
                assert isinstance(op, Emit | Land | Forget)
        return None


def over(running: Running) -> Running:
    """Go on to the end."""
    while not running.is_over:
        running.advance()
    return running
