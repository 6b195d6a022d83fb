"""Rules for refreshing early, simulated: what each costs in calls, in callers who wait, and in life that is thrown away.

Callers come at random to processes that do not see each other. In a process one call is under way at a time; who finds nothing
waits for it. No clock and no store: `python -m benchmarks freshness` says what decision 0017 is made of.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from llmcache.model.entry import Entry
from llmcache.policy.freshness import Aging, is_due, life


@dataclass(frozen=True, slots=True)
class Look:
    """One caller's look at an answer.

    Attributes:
        entry: What is kept.
        now: When.
        took: How long a call takes, in seconds.
        chance: A number from 0 to 1.
    """

    entry: Entry
    now: float
    took: float
    chance: float


Rule = Callable[[Look], bool]
"""Whether who looks refreshes."""


def _xfetch(look: Look) -> bool:
    ends = look.entry.expires_at
    return ends is not None and look.now - look.took * math.log(1.0 - look.chance) >= ends


def _linear(look: Look) -> bool:
    begins, ends = look.entry.stale_at, look.entry.expires_at
    return begins is not None and ends is not None and look.chance <= 2.0 * (look.now - begins) / (ends - begins)


RULES: dict[str, Rule] = {
    "no rule": lambda _: False,
    "whole window": lambda look: look.entry.is_stale(look.now),
    "XFetch, beta 1": _xfetch,
    "rising evenly": _linear,
    "ours": lambda look: is_due(look.entry, look.now, look.chance),
}


@dataclass(frozen=True, slots=True)
class Load:
    """What is simulated.

    Attributes:
        ttl: Of an answer, in seconds.
        took: Seconds that a call takes.
        rate: Callers a second, all processes together.
        processes: How many.
    """

    ttl: float
    took: float
    rate: float
    processes: int


@dataclass(slots=True)
class Came:
    """What came of one simulation.

    Attributes:
        calls: Of the model.
        waited: Callers who found nothing and waited for a call.
        asked: Callers.
        unused: Shares of lives that were left when the new answer came.
    """

    calls: int = 0
    waited: int = 0
    asked: int = 0
    unused: float = 0.0
    renewals: int = 0


LOADS = [
    *(Load(600.0, 2.0, rate, processes) for processes in (1, 8) for rate in (0.05, 1.0, 20.0)),
    Load(6_000.0, 2.0, 20.0, 8),
    *(Load(60.0, 10.0, rate, processes) for processes in (1, 8) for rate in (1.0, 20.0)),
]
_LIVES = 60
_AGING = Aging(early_refresh=0.1)


def simulate(rule: Rule, load: Load, chances: random.Random) -> Came:
    """Let callers come for a number of lives."""
    came, now = Came(), 0.0
    entry, landing = _made(0.0, load), list[float]()
    busy_until = [0.0] * load.processes
    while now < load.ttl * _LIVES:
        now += chances.expovariate(load.rate)
        while landing and landing[0] <= now:
            entry = _landed(heappop(landing), entry, load, came)
        came.asked += 1
        process, gone = chances.randrange(load.processes), entry.is_gone(now)
        came.waited += gone
        if (gone or rule(Look(entry, now, load.took, chances.random()))) and busy_until[process] <= now:
            came.calls += 1
            busy_until[process] = now + load.took
            heappush(landing, busy_until[process])
    return came


def _made(at: float, load: Load) -> Entry:
    times = life(at, load.ttl, _AGING, 0.0, load.took)
    return Entry(None, made_at=at, stale_at=times.stale_at, expires_at=times.expires_at)


def _landed(at: float, before: Entry, load: Load, came: Came) -> Entry:
    if before.expires_at is not None and at - before.made_at > load.took:  # the first of those that ran side by side
        came.renewals += 1
        came.unused += max(0.0, before.expires_at - at) / load.ttl
    return _made(at, load)


def run() -> Iterator[str]:
    """Give the table."""
    rows = [
        "Early refresh, simulated: calls of the model in a life, callers in a thousand who wait for one, share of a life unused",
        "",
        f"{'ttl':>5} {'call':>5} {'asked/s':>8} {'processes':>9} | " + " | ".join(f"{name:^20}" for name in RULES),
    ]
    for load in LOADS:
        cells = []
        for rule in RULES.values():
            came = simulate(rule, load, random.Random(17))
            lives, renewals = _LIVES, came.renewals or 1
            cells.append(
                f"{came.calls / lives:5.2f} {1000 * came.waited / came.asked:8.2f} {came.unused / renewals:5.3f}"
            )
        head = f"{load.ttl:5.0f} {load.took:5.0f} {load.rate:8.2f} {load.processes:9} | "
        rows.append(head + " | ".join(cells))
    yield "\n".join(rows)
