"""Places: where in a nested value something stands, to name it in an error without showing content.

A place is a chain of steps towards the root, so that walking down allocates one small tuple per container and
the text is made only when there is something to complain about.
"""

import re
from typing import TypeAlias

Place: TypeAlias = "tuple[Place | None, str | int]"
"""The place of the container, and the step from there: a key of a dict, or an index."""

# Keys that look like field names are shown; others may be somebody's data.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_MOST_STEPS = 8


def root(name: str) -> Place:
    """Return the place where a walk begins; `name` begins the text."""
    return (None, name)


def spell(place: Place) -> str:
    """Return the place as text, such as `message.content[2].text`.

    A key that does not look like a name is shown as `[?]`, and below eight steps the text ends in `...`.
    """
    steps: list[str | int] = []
    above: Place | None = place
    while above is not None:
        above, step = above
        steps.append(step)
    steps.reverse()
    shown = "".join(_step(step) for step in steps[1 : _MOST_STEPS + 1])
    return f"{steps[0]}{shown}{'...' if len(steps) > _MOST_STEPS + 1 else ''}"


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _NAME.fullmatch(step) else "[?]"
