"""How a case says that a clause does not hold.

Not by bare `assert`: `python -O` would remove them, and every store would conform.
"""

from typing import Any

from llmcache.errors import LLMCacheError
from llmcache.protocols.steps import Op, Steps

_LONGEST_SHOWN = 200


class Broken(AssertionError):
    """A store did what a clause forbids, or did not what it demands."""


def expect(is_so: bool, otherwise: str) -> None:
    """Raise `Broken` with the message `otherwise` unless `is_so`."""
    if not is_so:
        raise Broken(otherwise)


def expect_equal(expected: object, actual: object, about: str = "the answer") -> None:
    """Raise `Broken` unless both are equal and of one type, showing both, clipped."""
    if type(expected) is not type(actual) or expected != actual:
        raise Broken(f"{about}: expected {_clipped(expected)}, got {_clipped(actual)}")


def refused(op: Op[Any], error: type[LLMCacheError]) -> Steps[LLMCacheError]:
    """Do `op` and return the error it raised; `Broken` if it raised none of class `error`."""
    try:
        yield from op
    except error as raised:
        return raised
    except Exception as other:
        raise Broken(f"{type(op).__name__}: expected {error.__name__}, got {type(other).__name__}") from other
    raise Broken(f"{type(op).__name__}: expected {error.__name__}, but it was accepted")


def _clipped(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}... ({len(text):,} characters)"
