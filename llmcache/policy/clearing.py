"""Clearing by tag: whether an answer was asked for before a tag of it was cleared.

Each clearing has a stamp that no other has. An answer holds the stamps that its tags had when its call began, so that it
may be served exactly as long as the tags have the same: no clock is asked, and of two clearings at once neither brings
back what the other hid, whichever mark stays (docs/decisions/0007). Answers and marks of the first scheme have no stamps;
between two of those the times decide, as they did.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

from llmcache.model.entry import Entry
from llmcache.model.units import Instant


@dataclass(frozen=True, slots=True)
class Mark:
    """What a store holds about the last clearing of one tag.

    Attributes:
        stamp: Random text of that clearing alone; empty where the tag was never cleared, or by the first scheme; None where the
            mark cannot be read.
        cleared_at: By the clock of the machine that cleared; None where the tag was never cleared.
    """

    stamp: str | None = ""
    cleared_at: Instant | None = None

    def hides(self, entry: Entry, stamp: str) -> bool:
        """True where `entry`, made when the tag had `stamp`, must not be served any more."""
        if stamp != self.stamp:
            return True
        return not stamp and self.cleared_at is not None and is_cleared(entry, self.cleared_at)


NEVER_CLEARED: Final = Mark()
UNREADABLE: Final = Mark(stamp=None)
"""Hides everything: better to pay again than to serve what was cleared."""

Marks: TypeAlias = tuple[tuple[str, Mark], ...]
"""The marks that were read, each behind its tag."""

NOTHING_READ: Final[Marks] = ()


def stamps_for(tags: tuple[str, ...], marks: Marks) -> tuple[str, ...]:
    """Return what an answer holds that was asked for when `marks` were read: one stamp for each tag, or nothing where all are empty.

    A tag whose mark is not known counts as never cleared: the answer is hidden, should it have been.
    """
    known = dict(marks)
    found = tuple(known.get(tag, NEVER_CLEARED).stamp or "" for tag in tags)
    return found if any(found) else ()


def is_hidden(entry: Entry, marks: Marks) -> bool:
    """True where one of the tags of `entry` was cleared since it was asked for, as far as `marks` has them."""
    if not entry.tags:
        return False
    held = entry.stamps or ("",) * len(entry.tags)
    known = dict(marks)
    return any(known[tag].hides(entry, stamp) for tag, stamp in zip(entry.tags, held, strict=True) if tag in known)


def is_cleared(entry: Entry, cleared_at: Instant) -> bool:
    """True where `entry` was made at or before a time; a tie counts as cleared."""
    return entry.made_at <= cleared_at
