"""Whether a concurrent history is linearizable: whether there is an order of its calls, in which each takes effect at one
moment between its beginning and its end, that a single client could have seen.

The search is Wing and Gong's (Testing and Verifying Concurrent Objects, 1993) with the memory of Lowe (Testing for
Linearizability, 2017): a set of calls that are placed already, together with the state they lead to, is tried only once. A call
of unknown outcome may be placed at any moment after it began, or never. Each key is judged alone, because a history of
independent objects is linearizable exactly if each of theirs is (Herlihy and Wing, 1990).
"""

import math
from collections.abc import Sequence

from llmcache_conformance.linear.history import Done, History
from llmcache_conformance.linear.models import Model, State

MOST_TRIED = 200_000


class Undecided(Exception):
    """The search took more steps than it may; nothing is known about the history."""


def is_linearizable(history: History, model: Model, first: State, *, most_tried: int = MOST_TRIED) -> bool:
    """Return whether `history` fits `model`, beginning with the state `first`.

    Raises:
        Undecided: More than `most_tried` places were tried.
    """
    calls = sorted(history, key=lambda one: one.began)
    must = sum(1 << place for place, one in enumerate(calls) if one.ended is not None)
    stack: list[tuple[int, State]] = [(0, first)]
    tried = {(0, first)}
    while stack:
        placed, state = stack.pop()
        if placed & must == must:
            return True
        for place in _candidates(calls, placed):
            answer, after = model(state, calls[place].call)
            if calls[place].ended is not None and answer != calls[place].answer:
                continue
            step = (placed | 1 << place, after)
            if step not in tried:
                tried.add(step)
                stack.append(step)
        if len(tried) > most_tried:
            raise Undecided(f"more than {most_tried:,} orders of {len(calls)} calls were tried")
    return False


def _candidates(calls: Sequence[Done], placed: int) -> list[int]:
    """Return which calls may take effect next: those that began before any other unplaced one had ended."""
    waiting = [place for place in range(len(calls)) if not placed >> place & 1]
    first_end = min((_end(calls[place]) for place in waiting), default=math.inf)
    return [place for place in waiting if calls[place].began < first_end]


def _end(one: Done) -> float:
    return math.inf if one.ended is None else one.ended
