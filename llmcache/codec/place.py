"""Places: where in a nested value something stands, to name it in an error without showing content.

A place is a chain of steps towards the root, so that walking down allocates one small tuple per container and
the text is made only when there is something to complain about.
"""

from typing import TypeAlias

Place: TypeAlias = "tuple[Place | None, Step]"
"""The place of the container, and the step from there."""

Step: TypeAlias = "str | int | tuple[int]"
"""A field that our own code names, an index of a list, or in a tuple of one the position of a member of a dict."""

_MOST_STEPS = 8


def root(name: str) -> Place:
    """Return the place where a walk begins; `name` begins the text."""
    return (None, name)


def spell(place: Place) -> str:
    """Return the place as text, such as `message.additional_kwargs{0}[2]`.

    `{0}` is the first member of a dict in its order, `list(found.values())[0]`: a key may be anything, also
    somebody's name, so none is shown. Below eight steps the text ends in `...`.
    """
    steps: list[Step] = []
    above: Place | None = place
    while above is not None:
        above, step = above
        steps.append(step)
    steps.reverse()
    shown = "".join(_spelled(step) for step in steps[1 : _MOST_STEPS + 1])
    return f"{steps[0]}{shown}{'...' if len(steps) > _MOST_STEPS + 1 else ''}"


def _spelled(step: Step) -> str:
    if isinstance(step, tuple):
        return f"{{{step[0]}}}"
    return f"[{step}]" if isinstance(step, int) else f".{step}"
