"""How quantities and foreign text look on a screen."""

from llmcache.model.key import Kind
from llmcache.model.units import Seconds

_SIZES = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_SPANS = (("d", 86_400.0, 3_600.0), ("h", 3_600.0, 60.0), ("min", 60.0, 1.0))
"""Each unit with its length, and that of the next smaller one."""


def size(count: int) -> str:
    """Return a number of bytes as "812 B" or "4.2 KiB"."""
    for unit, factor in _SIZES:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def span(seconds: Seconds) -> str:
    """Return a length of time in its largest unit: "40 s", "3 min", "12 d"."""
    for unit, factor, smaller in _SPANS:
        # What the smaller unit would round up to a whole one, 60 min, is 1 h.
        if seconds >= factor - smaller / 2:
            return f"{seconds / factor:.0f} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def duration(seconds: Seconds) -> str:
    """Return how long something took, with two digits where it was short: "340 ms", "1.2 s", "3 min"."""
    if seconds < 1.0:
        return f"{max(seconds, 0.0) * 1_000:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 10.0 else span(seconds)


def end(kind: Kind) -> str:
    """Return until when something of a kind is kept that has no time to live."""
    return "until room is needed" if kind.is_evictable else "for ever"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 entry" or "1,024 entries"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def visible(text: str) -> str:
    r"""Return `text` with everything that could steer a terminal shown as \x1b and the like.

    What a model answered or a user typed is foreign: an escape sequence in it must not move the cursor or colour the screen.
    Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else _escaped(one) for one in text)


def one_line(text: str) -> str:
    """Return `visible` text without line breaks and tabs, for a cell of a table."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
