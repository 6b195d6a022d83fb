"""Handles on one vector index, as several processes have them, and a hand that decides who goes on."""

import contextlib
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llmcache.codec.envelopes import READABLE
from llmcache.drivers.blocking import BlockingWorld, run
from llmcache.drivers.worlds import Surroundings, blocking_world
from llmcache.layers.indexed import Indexed
from llmcache.memory.indexes import Indexes
from llmcache.memory.key_value import MemoryStore
from llmcache.memory.matrix import Matrix
from llmcache.model.capabilities import Limits
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.model.vectors import Point
from llmcache.protocols.steps import Steps
from llmcache.protocols.vector_ops import DeletePoints, GetPoints, PutPoints

INDEX = Key(Space(Namespace.of("shop"), Kind.VECTORS), "docs")
AT = 1_800_000_000.0


def floats(*numbers: float) -> bytes:
    """Return a vector."""
    return struct.pack(f"<{len(numbers)}f", *numbers)


def point(name: str, *numbers: float, life: float | None = 100.0, **facts: Any) -> Point:
    """Return a point that ends `life` after AT."""
    ends = None if life is None else AT + life
    return Point(name, floats(*(numbers or (1.0, 0.0))), ends, ends, facts)


@dataclass(slots=True)
class Handle:
    """What one process has of the index."""

    world: BlockingWorld
    layer: Indexed

    def put(self, *points: Point) -> Steps[None]:
        """Steps that put points."""
        return self.layer(PutPoints(INDEX, points, AT))

    def delete(self, *ids: str) -> Steps[None]:
        """Steps that delete points."""
        return self.layer(DeletePoints(INDEX, ids, AT))

    def renew(self) -> Steps[bool]:
        """Steps that make the index anew."""
        return self.layer.renew(INDEX)

    def there(self, *ids: str) -> list[dict[str, Any] | None]:
        """Return the facts of points, None for one that is not there."""
        return self.there_at(AT, *ids)

    def there_at(self, at: float, *ids: str) -> list[dict[str, Any] | None]:
        """As `there`, at another time."""
        found = run(self.layer(GetPoints(INDEX, ids, at)), self.world)
        return [None if one is None else dict(one.facts) for one in found]

    def do(self, steps: Steps[Any]) -> Any:
        """Do steps without anybody between them."""
        return run(steps, self.world)


@dataclass(slots=True)
class Processes:
    """Several handles on one store in memory."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(clock=lambda: AT))
    told: list[Any] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)

    def handle(self) -> Handle:
        """Return a handle that knows nothing yet."""
        world = blocking_world(self.store, Surroundings(lambda: AT, lambda: AT, self.told.append))
        return Handle(world, Indexed(Indexes(Matrix, READABLE.unwrap, 2**30), READABLE, self.limits))


def interleave(running: Sequence[Steps[Any]], world: BlockingWorld, chance: random.Random) -> None:
    """Do the ops of several steps, one at a time, in an order that `chance` decides."""
    waiting = {number: next(steps) for number, steps in enumerate(running)}
    while waiting:
        number = chance.choice(sorted(waiting))
        try:
            waiting[number] = running[number].send(waiting[number].on(world))
        except StopIteration:
            del waiting[number]


def abandon(steps: Steps[Any]) -> None:
    """Leave steps where they are, as a process does that is killed: what they would do at last is not done."""
    with contextlib.suppress(RuntimeError):  # they wanted to go on
        steps.close()
