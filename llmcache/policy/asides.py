"""Asides: what a question says about something else, beside what it asks.

"It is for a school project" asks for nothing, and makes a question lie among those that are worded differently, where most rules of
the guard see no difference any more. So what passes is judged again without its asides.
"""

import re
from itertools import groupby
from typing import Final

from llmcache.policy.reading import read

_PART = re.compile(r".+?(?:(?<=[?!.:;,)…。？！؟।])\s+|\n+|\s+(?=\(|[-–—]\s)|$)", re.DOTALL)
"""A sentence, or what stands between commas, colons, dashes, brackets and ends of lines, with the space behind it."""

_FEWEST: Final = 2
"""Words that name something, in an aside: one alone is as often another word for the same."""


def without_asides(text: str, other: str) -> str:
    """Return `text` without the parts of it that share no word with `other`; as it is where nothing else is in it."""
    parts = _PART.findall(text)
    if len(parts) == 1:
        return text
    said = {*read(other).content}
    runs = [
        "".join(run).strip() for is_aside, run in groupby(parts, lambda part: _is_aside(part, said)) if not is_aside
    ]
    # What stood on both sides of an aside are two sentences, so that a capital in the second is no name.
    return ". ".join(runs) or text


def _is_aside(part: str, said: set[str]) -> bool:
    named = {*read(part).content}
    return len(named) >= _FEWEST and named.isdisjoint(said)
