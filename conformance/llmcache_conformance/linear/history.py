"""What several clients did to one key or log, and when: the material of the checker."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Ticks: TypeAlias = int
"""Moments of one counter that all clients share; only their order means anything."""


@dataclass(frozen=True, slots=True)
class Done:
    """One call and its answer.

    Attributes:
        call: What was asked, such as ("put", b"1").
        answer: What came back; without meaning where the outcome is unknown.
        began: When it was called.
        ended: When it returned; None where nobody knows whether it was done, or when.
    """

    call: tuple[Hashable, ...]
    answer: Hashable
    began: Ticks
    ended: Ticks | None


History: TypeAlias = Sequence[Done]


def told(history: History) -> str:
    """Return a history as text, by the order in which the calls began."""
    ordered = sorted(history, key=lambda one: one.began)
    return "; ".join(f"{one.began}-{'?' if one.ended is None else one.ended} {_line(one)}" for one in ordered)


def _line(one: Done) -> str:
    name, *arguments = one.call
    return f"{name}({', '.join(map(repr, arguments))}) = {'?' if one.ended is None else repr(one.answer)}"
