"""What one key and one log do when nobody disturbs them: the sequential truth that concurrent histories must fit.

A model is a function from a state and a call to the answer it gives and the state it leaves. The models share no code with
any store.
"""

from collections.abc import Callable, Hashable
from typing import TypeAlias

State: TypeAlias = Hashable
Model: TypeAlias = Callable[[State, tuple[Hashable, ...]], tuple[Hashable, State]]


def register(state: State, call: tuple[Hashable, ...]) -> tuple[Hashable, State]:
    """One key; its state is its body, or None where it is missing."""
    match call:
        case ("get",):
            return state, state
        case ("put", body):
            return None, body
        case ("delete",):
            return None, None
        case ("put_if_absent", body):
            return (True, body) if state is None else (False, state)
        case ("delete_if_equal", body):
            return (True, None) if state == body else (False, state)
        case _:
            raise ValueError(f"a key is asked no {call[0]}")


def log(state: State, call: tuple[Hashable, ...]) -> tuple[Hashable, State]:
    """One log; its state is the tuple of its bodies."""
    if not isinstance(state, tuple):
        raise TypeError("the state of a log is a tuple")
    match call:
        case ("append", tuple() as bodies, None):
            longer = (*state, *bodies)
            return len(longer), longer
        case ("append", tuple() as bodies, int() as cap):
            capped = (*state, *bodies)[-cap:]
            return len(capped), capped
        case ("read",):
            return state, state
        case ("length",):
            return len(state), state
        case ("delete",):
            return None, ()
        case _:
            raise ValueError(f"a log is asked no {call[0]}")
