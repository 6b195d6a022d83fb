"""Scripts: which fault, when and for how long, by a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from llmcache.model.units import Seconds

LONGEST = 1.5
"""Of one fault."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault.

    Attributes:
        pause: Seconds of peace before it.
        fault: Its name.
        lasts: How many seconds.
    """

    pause: Seconds
    fault: str
    lasts: Seconds


def script(names: Sequence[str], chance: Random, seconds: Seconds) -> Iterator[Step]:
    """Give steps for so long a time; every fault comes once before any comes again, in an order of the seed's."""
    left = seconds
    # A short run strikes as often as a long one, so that it has room for some faults.
    longest, most_peace = min(LONGEST, seconds / 6), min(1.0, seconds / 8)
    while True:
        for name in chance.sample(sorted(names), len(names)):
            step = Step(chance.uniform(0.05, most_peace), name, chance.uniform(0.05, longest))
            left -= step.pause + step.lasts
            if left < 0:
                return
            yield step
