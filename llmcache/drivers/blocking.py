"""The driver for plain calls: runs steps in the calling thread."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from llmcache.memory.flights import LocalFlights
from llmcache.model.event import Told
from llmcache.model.units import Instant, Seconds
from llmcache.protocols.background import Background, Nowhere
from llmcache.protocols.flights import Flights
from llmcache.protocols.key_value import KeyValueStore
from llmcache.protocols.log import LogStore
from llmcache.protocols.scan import ScanStore
from llmcache.protocols.steps import Carried, Steps
from llmcache.protocols.world import World

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class BlockingWorld:
    """A `World` made of its parts."""

    store: KeyValueStore
    log_store: LogStore
    scan_store: ScanStore
    now: Callable[[], Instant]
    monotonic: Callable[[], float]
    emit: Callable[[Told], None]
    flights: Flights = field(default_factory=LocalFlights)
    background: Background = field(default_factory=Nowhere)
    pause: Callable[[Seconds], None] = time.sleep


def run(steps: Steps[R], world: World) -> R:
    """Do every op of `steps` in the world and return their answer.

    Whatever an op raises, KeyboardInterrupt and SystemExit included, is thrown into the steps where they asked.
    A `StopIteration` of the user's own call comes out as it is, see `Carried`.
    """
    try:
        op = next(steps)
        while True:
            try:
                reply = op.on(world)
            except BaseException as error:  # noqa: BLE001 -- thrown into the steps, which decide
                op = steps.throw(error)
            else:
                op = steps.send(reply)
    except StopIteration as finished:
        answer: R = finished.value
        return answer
    except Carried as carried:
        own = carried.error
    except Exception:
        raise
    except BaseException:
        # Ctrl-C may come when a flight is boarded and its flow not yet in the `try` that would abandon it.
        world.flights.leave()
        raise
    finally:
        steps.close()
    # Outside of every handler, so that the user's exception gets no context that it did not have.
    raise own
